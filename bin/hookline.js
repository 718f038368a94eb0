#!/usr/bin/env node
"use strict";
// Written for any Node, however old, so that the guard below can speak before newer syntax fails to parse.
var version = process.versions.node.split(".").map(Number);
if (version[0] < 20 || (version[0] === 20 && version[1] < 19)) {
  process.stderr.write(
    "error: hookline needs Node 20.19 or newer; this is Node " +
      process.versions.node +
      ".\n  next: install a current Node from https://nodejs.org and run the same command again\n",
  );
  process.exitCode = 2;
} else if (process.argv.length === 3 && (process.argv[2] === "--version" || process.argv[2] === "-V")) {
  process.stdout.write(require("../package.json").version + "\n");
} else {
  require("../dist/main.cjs");
}
