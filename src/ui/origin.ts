import type { SecretOrigin } from "../actions/workspace.ts";
import { safeLine } from "./safe.ts";

/** Which secret it was, in words; never its value. */
export function originText({ source, name }: SecretOrigin): string {
  const named = safeLine(name ?? "", 200);
  switch (source) {
    case "flag":
      return named === "" ? "the secret from --secret" : `the secret from --secret (${named})`;
    case "environment":
      return `the secret in ${named}`;
    case "env-file":
      return `the secret in ${named} of the env file`;
    case "project":
      return `the secret hookline.json names (${named})`;
    case "registered":
      return `the secret of the endpoint ${named}`;
    case "development":
      return "the development secret";
  }
}
