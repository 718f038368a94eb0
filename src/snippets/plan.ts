import type { Provider } from "../providers/contract.ts";
import { builtInProviders } from "../providers/index.ts";
import { parseContent } from "../signing/content.ts";
import type {
  BasicScheme,
  BearerScheme,
  Ed25519Scheme,
  HmacScheme,
  SignatureScheme,
} from "../signing/types.ts";
import { commentText } from "./literals.ts";

/** Code that verifies a provider's requests in a user's own application. */
export interface WrittenVerifier {
  /** Name of the function that `verifier` defines. */
  function: string;
  /** A function over raw body, headers and secret, and what it imports: the standard library. */
  verifier: string;
  /** The function in use, in the language's commonest framework. */
  example: string;
}

/** What a verifier is written from, in terms of no language yet. */
export interface Plan<Scheme extends SignatureScheme = SignatureScheme> {
  id: string;
  scheme: Scheme;
  /** Of the verifying function. */
  name: Words;
  /** Of whoever sends the requests, for comments. */
  sender: string;
  secretEnv: string;
  /** What to answer a request that is verified. */
  status: number;
  /** The same with its time limit, for a comment. */
  acknowledge: string;
  /** How a delivery that comes again is known, for a comment. */
  dedupe: string;
}

/** The words of a name, in lower case, for each language to join its own way. */
export type Words = readonly string[];

export type SignedScheme = HmacScheme | Ed25519Scheme;
export type CredentialScheme = BearerScheme | BasicScheme;

export interface SignedHeader {
  /** Lower case. */
  header: string;
  variable: Words;
}

/** One part of what is signed; texts are characters, whose UTF-8 bytes count. */
export type ContentPart = { text: string } | { variable: Words } | "body";

export interface Signed {
  /** Headers to read besides the signature's own and the timestamp's. */
  headers: readonly SignedHeader[];
  content: readonly ContentPart[];
}

/** Lines of code, those of a nested list a step further in; what is `false` is left out. */
export type Code = readonly (string | false | Code)[];

export function planOf<Scheme extends SignatureScheme>(provider: Provider, scheme: Scheme): Plan<Scheme> {
  const sender = builtInProviders.find(({ id }) => id === provider.base) ?? provider;
  const { success, timeoutMs } = provider.ack;
  return {
    id: provider.id,
    scheme,
    name: ["verify", ...provider.id.split("-").filter((word) => word !== "")],
    sender: commentText(sender.title) || sender.id,
    secretEnv: provider.secretEnv,
    status: success === "2xx" ? 200 : (success[0] ?? 200),
    acknowledge: `${success === "2xx" ? "any 2xx" : `exactly ${success.join(" or ")}`} within ${timeoutMs / 1000} s`,
    dedupe: dedupeText(provider.dedupe),
  };
}

function dedupeText(dedupe: Provider["dedupe"]): string {
  if (dedupe === "body") return "with the same body";
  if ("header" in dedupe) return commentText(`with the same ${dedupe.header}`);
  return commentText(`with the same ${dedupe.pointer.slice(1).replaceAll("/", ".")} in the body`);
}

/** Names that the verifiers use themselves. */
const taken = ["toleranceseconds", "publickey"];

export function signedOf({ header, content, timestamp }: SignedScheme): Signed {
  const variables = new Map<string, Words>([[header, ["header"]]]);
  if (timestamp !== undefined && timestamp.item === undefined) variables.set(timestamp.header, ["timestamp"]);
  const headers: SignedHeader[] = [];
  const names = new Set(taken);

  const variableOf = (name: string): Words => {
    const known = variables.get(name);
    if (known !== undefined) return known;
    const variable = unique(wordsOf(name), names);
    names.add(variable.join(""));
    variables.set(name, variable);
    headers.push({ header: name, variable });
    return variable;
  };
  const parts = parseContent(content).map((part): ContentPart => {
    if (part.kind === "body") return "body";
    if (part.kind === "timestamp") return { variable: ["timestamp"] };
    if (part.kind === "header") return { variable: variableOf(part.name) };
    return { text: Buffer.from(part.text, "latin1").toString("utf8") };
  });
  return { headers, content: parts };
}

/** `x-acme-id` → acme id. One word alone could be a keyword. */
function wordsOf(header: string): Words {
  const words = header.split(/[^a-z0-9]+/).filter((word) => word !== "");
  if (words[0] === "x") words.shift();
  if (!/^[a-z]/.test(words[0] ?? "")) words.unshift("signed");
  return words.length > 1 ? words : [...words, "header"];
}

function unique(words: Words, names: ReadonlySet<string>): Words {
  let variable = words;
  for (let number = 2; names.has(variable.join("")); number++) variable = [...words, String(number)];
  return variable;
}

export type Text = Exclude<ContentPart, "body">;

/** A body stands apart, as bytes; what is text is gathered around it. */
export function runsOf(content: readonly ContentPart[]): ("body" | Text[])[] {
  const runs: ("body" | Text[])[] = [];
  for (const part of content) {
    const last = runs.at(-1);
    if (part === "body") runs.push("body");
    else if (Array.isArray(last)) last.push(part);
    else runs.push([part]);
  }
  return runs;
}

export interface Credential {
  header: string;
  /** May be empty; its case does not count. */
  prefix: string;
}

export function credentialOf(scheme: CredentialScheme): Credential {
  if (scheme.kind === "basic") return { header: "authorization", prefix: "Basic " };
  return { header: scheme.header ?? "authorization", prefix: scheme.prefix ?? "Bearer " };
}

export const camel = ([first = "", ...words]: Words): string =>
  first + words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join("");
export const snake = (words: Words): string => words.join("_");

/** @param step what a level is indented by */
export function render(code: Code, step: string, indent = ""): string {
  return code
    .filter((line) => line !== false)
    .map((line) => (typeof line === "string" ? line && indent + line : render(line, step, indent + step)))
    .join("\n");
}
