import type { Command } from "commander";
import type { Context } from "./context.ts";

interface CommandModule {
  define(command: Command, context: Context): void;
}

interface CommandEntry {
  name: string;
  summary: string;
  /** No help page lists it. */
  hidden?: boolean;
  load: () => Promise<CommandModule>;
}

/** Every command, in the order of the help page; one is loaded only when it is called. */
export const commands: readonly CommandEntry[] = [
  {
    name: "demo",
    summary: "watch every vendor's webhooks being published, delivered and verified",
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
  {
    name: "test",
    summary: "run suites: send, expect, and check what your app does in turn",
    load: () => import("./test.ts"),
  },
  {
    name: "check",
    summary: "check that a handler takes and refuses what it must",
    load: () => import("./check.ts"),
  },
  {
    name: "inbox",
    summary: "list, show, replay, export and compare what listeners received",
    load: () => import("./inbox.ts"),
  },
  { name: "sign", summary: "print the signature of a payload", load: () => import("./sign.ts") },
  {
    name: "verify",
    summary: "tell whether a request is correctly signed",
    load: () => import("./verify.ts"),
  },
  {
    name: "snippet",
    summary: "print a verifier for your own app",
    load: () => import("./snippet.ts"),
  },
  { name: "fixtures", summary: "list, show and create payloads", load: () => import("./fixtures.ts") },
  {
    name: "providers",
    summary: "list and show the vendors hookline knows",
    load: () => import("./providers.ts"),
  },
  { name: "secrets", summary: "show or write the development secrets", load: () => import("./secrets.ts") },
  {
    name: "keys",
    summary: "list, create, rotate, revoke and audit API keys",
    load: () => import("./keys.ts"),
  },
  {
    name: "endpoints",
    summary: "manage the URLs that events are delivered to",
    load: () => import("./endpoints.ts"),
  },
  {
    name: "events",
    summary: "publish events, list them and their types",
    load: () => import("./events.ts"),
  },
  {
    name: "deliveries",
    summary: "list, show, retry and watch how events reach their endpoints",
    load: () => import("./deliveries.ts"),
  },
  { name: "activity", summary: "list who did what with which key", load: () => import("./activity.ts") },
  {
    name: "login",
    summary: "save a key to an API as a profile",
    load: () => import("./login.ts"),
  },
  { name: "logout", summary: "forget a profile and its key", load: () => import("./logout.ts") },
  {
    name: "whoami",
    summary: "show which API is used, and whose key",
    load: () => import("./whoami.ts"),
  },
  {
    name: "profiles",
    summary: "list, choose and delete the APIs that you log in to",
    load: () => import("./profiles.ts"),
  },
  {
    name: "serve",
    summary: "run the control plane on a port, and deliver what is published",
    load: () => import("./serve.ts"),
  },
  {
    name: "completion",
    summary: "print the completion script of your shell",
    load: () => import("./completion.ts"),
  },
  {
    name: "complete",
    summary: "tell what a word may become, for the completion scripts",
    hidden: true,
    load: () => import("./complete.ts"),
  },
];
