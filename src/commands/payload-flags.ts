import type { Command } from "commander";
import type { Edit } from "../actions/prepare.ts";
import { addEditFlags } from "./edit-flags.ts";

/** Flags of every command that signs a payload. */
export interface PayloadFlags {
  provider?: string;
  profile?: string;
  secret: string[];
  header: string[];
  fresh?: boolean;
}

/**
 * Adds them to a command.
 * @returns the edits asked for, in the order of the command line, filled while it is parsed
 */
export function addPayloadFlags(command: Command): readonly Edit[] {
  command
    .option("--provider <id>", "whose webhook it is, where the payload's name does not say")
    .option("--profile <name>", "the API that remote:ID is read from, as `hookline profiles list` names it")
    .option(
      "--secret <ref>",
      "env:NAME, file:PATH or - for standard input; repeat for a rotation",
      collect,
      [],
    )
    .option(
      "-H, --header <header>",
      "add or replace a header, as 'Name: value' ('Name:' leaves it out)",
      collect,
      [],
    );
  return addEditFlags(command);
}

export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}
