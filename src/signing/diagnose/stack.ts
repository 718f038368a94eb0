import type { RawHeaders } from "../types.ts";

/** Where a request was changed, as far as its headers and its form tell; the reader's fix depends on it. */
type Stack =
  | "aws"
  | "nextjs"
  | "netlify"
  | "cloudflare"
  | "azure"
  | "google"
  | "python"
  | "php"
  | "node"
  | "node or php"
  | "cgi";

const marks: readonly (readonly [Stack, RegExp])[] = [
  ["nextjs", /^x-(?:vercel|middleware|nextjs|invoke)-/],
  ["netlify", /^x-nf-/],
  ["aws", /^x-(?:amzn|amz|apigw)-/],
  ["azure", /^x-(?:arr|azure|site-deployment)-/],
  ["google", /^(?:x-cloud-trace-context|x-appengine-|function-execution-id)/],
  ["cloudflare", /^cf-(?:ray|worker|connecting-ip)/],
];

/** Form of JSON that JavaScript and PHP write alike: without a slash and of ASCII alone. */
export const eitherWriter = "JSON.stringify or json_encode";

/** @param arrived name of the form in which JSON arrived */
export function stackOf(headers: RawHeaders, arrived?: string): Stack | undefined {
  if (arrived?.startsWith("json.dumps") === true) return "python";
  if (arrived?.startsWith("json_encode") === true) return "php";
  const names = headers.filter((_, index) => index % 2 === 0).map((name) => name.slice(0, 100));
  if (names.some((name) => name.startsWith("HTTP_"))) return "cgi";
  const lower = names.map((name) => name.toLowerCase());
  const platform = marks.find(([, mark]) => lower.some((name) => mark.test(name)))?.[0];
  if (platform !== undefined || arrived?.startsWith("JSON.stringify") !== true) return platform;
  return arrived === eitherWriter ? "node or php" : "node";
}
