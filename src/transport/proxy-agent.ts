// undici's proxy agent alone, in a file that is loaded when a proxy is in force.
import openTunnel from "undici/lib/api/api-connect.js";
import Dispatcher from "undici/lib/dispatcher/dispatcher.js";

// The agent opens tunnels by a method that undici's index, which is not loaded, puts in its place.
Dispatcher.prototype.connect = openTunnel;

export { default as EnvHttpProxyAgent } from "undici/lib/dispatcher/env-http-proxy-agent.js";
