// The small form of zod, as for profiles.
import * as z from "zod/mini";
import { HooklineError } from "../errors.ts";
import type { RegistrationNote } from "./registrations.ts";

// Compiling a schema costs more than it saves on one small file.
z.config({ jitless: true });

// Loose: what a later hookline writes beside is kept by an earlier one.
const note = z.looseObject({
  mark: z.string(),
  profile: z.string(),
  api: z.nullable(z.string()),
  provider: z.string(),
  id: z.nullable(z.string()),
  pid: z.int(),
  started: z.optional(z.string()),
  host: z.string(),
  created_at: z.iso.datetime(),
});
const schema = z.looseObject({ registrations: z.array(note) });

/**
 * Reads the text of the file.
 * @param file its path, for messages
 * @throws HooklineError `registrations-damaged`
 */
export function parseRegistrations(text: string, file: string): RegistrationNote[] {
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch {
    input = undefined;
  }
  const parsed = schema.safeParse(input);
  if (parsed.success) {
    return parsed.data.registrations.map(({ created_at, ...same }) => ({
      ...same,
      createdAt: Date.parse(created_at),
    }));
  }
  throw new HooklineError("registrations-damaged", `${file} cannot be understood, so it is left alone`, {
    nextSteps: [
      "see which endpoints are left over with `hookline endpoints list`, delete them, and remove the file",
    ],
  });
}

export function formatRegistrations(notes: readonly RegistrationNote[]): string {
  const registrations = notes.map(({ createdAt, ...same }) => ({
    ...same,
    created_at: new Date(createdAt).toISOString(),
  }));
  return `${JSON.stringify({ registrations }, null, 2)}\n`;
}
