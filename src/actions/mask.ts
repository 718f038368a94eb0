import type { Workspace } from "./workspace.ts";

/** Takes signing secrets out of what an app answers or prints, so that no report holds one. */
export interface Mask {
  (this: void, bytes: Buffer): Buffer;
  text(this: void, text: string): string;
}

/** Shorter ones stand in too much that is none. */
const shortest = 8;

/** Of every secret that there is for any provider, wherever it is. */
export function createMask(workspace: Workspace): Mask {
  let hidden: string[] | undefined;
  const find = (): string[] => {
    const secrets = workspace.registry.all.flatMap((provider) =>
      workspace.existingSecrets(provider).map(({ secret }) => secret),
    );
    return [...new Set(secrets)]
      .filter((secret) => secret.length >= shortest)
      .map((secret) => Buffer.from(secret).toString("latin1"));
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
