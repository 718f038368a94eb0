// undici's pool alone, in a file that is loaded when something is sent.
export { default as Pool } from "undici/lib/dispatcher/pool.js";
