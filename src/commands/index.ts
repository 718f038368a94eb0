import type { Command } from "commander";
import type { Context } from "./context.ts";

interface CommandModule {
  define(command: Command, context: Context): void;
}

interface CommandEntry {
  name: string;
  summary: string;
  load: () => Promise<CommandModule>;
}

/** Every command, in the order of the help page; one is loaded only when it is called. */
export const commands: readonly CommandEntry[] = [
  {
    name: "demo",
    summary: "watch every vendor's webhooks being signed, sent, received and verified",
    load: () => import("./demo.ts"),
  },
  {
    name: "listen",
    summary: "receive webhooks: verify, print and forward them",
    load: () => import("./listen.ts"),
  },
  {
    name: "replay",
    summary: "send payloads to a URL, correctly signed",
    load: () => import("./replay.ts"),
  },
  { name: "sign", summary: "print the signature of a payload", load: () => import("./sign.ts") },
  {
    name: "verify",
    summary: "tell whether a request is correctly signed",
    load: () => import("./verify.ts"),
  },
  { name: "fixtures", summary: "list, show and create payloads", load: () => import("./fixtures.ts") },
  {
    name: "providers",
    summary: "list and show the vendors hookline knows",
    load: () => import("./providers.ts"),
  },
  { name: "secrets", summary: "show or write the development secrets", load: () => import("./secrets.ts") },
  {
    name: "serve",
    summary: "run the control plane that others' integrators talk to",
    load: () => import("./serve.ts"),
  },
];
