import { pick, text, type Evidence } from "./finding-words.ts";

const expressRaw = '`express.raw({ type: "*/*" })` on the webhook route';

/** How each stack hands out the bytes of a request. */
const rawBytes: Readonly<Record<string, string>> = {
  node: `in Express ${expressRaw}, before \`express.json()\``,
  "node or php": `in Express ${expressRaw}, before \`express.json()\`; in PHP \`file_get_contents('php://input')\``,
  nextjs:
    "`await request.text()` in the App Router; in the Pages Router `export const config = { api: { bodyParser: false } }`, then the request's stream",
  aws: "from API Gateway `event.body`, decoded from base64 where `event.isBase64Encoded` is true",
  netlify:
    "`event.body`, decoded from base64 where `event.isBase64Encoded` is true; `await request.text()` in functions that get a Request",
  cloudflare: `\`await request.text()\` in a Worker; in Express behind Cloudflare ${expressRaw}`,
  azure: "in Azure Functions `await request.text()`, or `req.rawBody` in the older v3 model for Node.js",
  google: "`req.rawBody` in Cloud Functions for Node.js, `request.get_data()` in Python",
  python: "`request.get_data()` in Flask, `request.body` in Django, `await request.body()` in FastAPI",
  php: "`file_get_contents('php://input')`, in Laravel `$request->getContent()`",
  cgi: "`request.body` in Django, `request.raw_post` in Rails, `file_get_contents('php://input')` in PHP",
};

const anyRawBytes = `in Express ${expressRaw}, in Next.js \`await request.text()\`, in Flask \`request.get_data()\``;

/** What is verified by mistake in place of the bytes. */
const mistakes: Readonly<Record<string, string>> = {
  aws: ", not the JSON parsed and written again, by code or by a mapping template",
  google: ", not the JSON parsed and written again",
  python: ", not `json.dumps(request.json)`",
  php: ", not `json_encode` of what was decoded",
};

/** To verify the bytes as they came, in the reader's likely stack. */
export function verifyRaw(evidence: Evidence): string {
  return `verify the bytes as they came: ${pick(rawBytes, text(evidence, "stack")) ?? anyRawBytes}`;
}

/** The same where JSON was parsed and written again. */
export function verifyUnparsed(evidence: Evidence): string {
  const stack = text(evidence, "stack");
  // How JSON is written alone tells these stacks: it may as well be the sender who writes so.
  const isWriter = stack.startsWith("node") || stack === "python" || stack === "php";
  const sender = isWriter ? "; a sender signs the very bytes it sends" : "";
  return verifyRaw(evidence) + (pick(mistakes, stack) ?? "") + sender;
}

/** The same where decoding to text did the harm. */
export function verifyUndecoded(evidence: Evidence): string {
  return /^(?:nextjs|netlify|cloudflare|azure)$/.test(text(evidence, "stack"))
    ? "verify the bytes before they become text: `Buffer.from(await request.arrayBuffer())`"
    : verifyRaw(evidence);
}

/** The same where a form was parsed. */
export function verifyForm(evidence: Evidence): string {
  switch (evidence["stack"]) {
    case "node":
      return `verify the form as it came: in Express ${expressRaw}, before \`express.urlencoded()\``;
    case "python":
      return "verify the form as it came: `request.get_data()` in Flask, read before `request.form`";
    default:
      return verifyRaw(evidence);
  }
}

/** To decode a body that arrived in base64, and only then to verify it. */
export function decodeBase64(evidence: Evidence): string {
  return /^(?:aws|netlify)$/.test(text(evidence, "stack"))
    ? 'where `event.isBase64Encoded` is true, verify `Buffer.from(event.body, "base64")`, in Python `base64.b64decode(event["body"])`'
    : "decode the base64 and verify those bytes; API Gateway tells by `isBase64Encoded` that it encoded the body";
}

/** To find a header under the name that a platform gave it. */
export function readRenamed(header: string, found: string): string {
  if (found.startsWith("HTTP_")) {
    const variable = `HTTP_${header.toUpperCase().replaceAll("-", "_")}`;
    return `that is its name as a CGI variable: \`request.headers["${header}"]\` in most frameworks, \`$_SERVER['${variable}']\` in PHP`;
  }
  if (/^x-amzn-remapped-/i.test(found))
    return "read it under the new name, which API Gateway gives some headers, or have the sender use another header";
  if (/^(?:x-)?(?:forwarded|original|proxy)-/i.test(found))
    return "something in front of you renames it: have it pass the header on under its own name, or read the new one";
  return `have it sent as ${header}, or find what renames it; to check a captured request, add -H '${header}: …'`;
}
