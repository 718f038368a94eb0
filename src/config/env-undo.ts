import { parseEnv } from "node:util";
import { replaceEnvFile, withVariables, type EnvText } from "./env-file.ts";

/**
 * Sets variables in a dotenv file as `writeEnvFile` does.
 * @returns puts the file back: byte for byte, with its mode, or away where it was not there. Where it was changed since,
 *   only the variables that still are as they were set here. It throws `env-file-unwritable`
 * @throws HooklineError `env-file-unwritable`
 */
export async function changeEnvFile(
  file: string,
  variables: Readonly<Record<string, string | null>>,
): Promise<() => Promise<void>> {
  const { before, after } = await replaceEnvFile(file, (found) => withVariables(found, variables));
  return async () => {
    await replaceEnvFile(file, (now) => {
      if (now !== undefined && now.text === after?.text) return before;
      const former = formerValues(now, before, variables);
      return Object.keys(former).length === 0 ? now : withVariables(now, former);
    });
  };
}

/** Of the variables that still are as they were set, what they were before. */
function formerValues(
  now: EnvText | undefined,
  before: EnvText | undefined,
  variables: Readonly<Record<string, string | null>>,
): Record<string, string | null> {
  const [current, former] = [valuesOf(now), valuesOf(before)];
  return Object.fromEntries(
    Object.entries(variables)
      .filter(([name, value]) => (current.get(name) ?? null) === value)
      .map(([name]) => [name, former.get(name) ?? null]),
  );
}

function valuesOf(found: EnvText | undefined): Map<string, string | undefined> {
  return new Map(Object.entries(parseEnv(Buffer.from(found?.text ?? "", "latin1").toString("utf8"))));
}
