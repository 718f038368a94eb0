// By name: a default export does not survive being loaded from a file of its own.
export { default as Conf } from "conf";
