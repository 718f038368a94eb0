import { formsOf } from "../text/secret-forms.ts";
import type { Workspace } from "./workspace.ts";

/** Takes secrets out of what an app answers or prints, so that no report holds one. */
export interface Mask {
  (this: void, bytes: Buffer): Buffer;
  text(this: void, text: string): string;
}

/** Shorter ones stand in too much that is none. */
const shortest = 8;

/**
 * Of every signing secret that there is for any provider, wherever it is, in whatever form it is written.
 * @param also other values that are secret
 */
export function createMask(workspace: Workspace, also: readonly string[] = []): Mask {
  let hidden: string[] | undefined;
  const find = (): string[] => {
    const secrets = workspace.registry.all.flatMap((provider) =>
      workspace.existingSecrets(provider).map(({ secret }) => secret),
    );
    const forms = [...secrets, ...also]
      .filter((secret) => secret.length >= shortest)
      .flatMap((secret) => [...formsOf(secret), JSON.stringify(secret).slice(1, -1)]);
    return [...new Set(forms)]
      .map((form) => Buffer.from(form).toString("latin1"))
      .sort((one, other) => other.length - one.length);
  };
  const mask = (bytes: Buffer): Buffer => {
    // Looked for only where there is something to hide them in.
    hidden ??= find();
    const text = bytes.toString("latin1");
    const clean = hidden.reduce((rest, secret) => rest.replaceAll(secret, "[secret]"), text);
    return clean === text ? bytes : Buffer.from(clean, "latin1");
  };
  return Object.assign(mask, { text: (text: string) => mask(Buffer.from(text)).toString("utf8") });
}

/** Fields that hold words of hookline's own. */
const ownWords: ReadonlySet<string> = new Set([
  "kind",
  "reason",
  "code",
  "error",
  "op",
  "title",
  "tampering",
]);

/** The same data, its texts without secrets. */
export function maskDeep<Data>(data: Data, mask: Mask): Data {
  return masked(data, mask) as Data;
}

function masked(value: unknown, mask: Mask): unknown {
  if (typeof value === "string") return mask.text(value);
  if (Array.isArray(value)) return value.map((item) => masked(item, mask));
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, ownWords.has(name) ? item : masked(item, mask)]),
  );
}
