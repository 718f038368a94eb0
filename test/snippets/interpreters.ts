/** Runs verifiers in their own languages: one process for all the requests a test has. */
import { spawn, spawnSync } from "node:child_process";
import { transform } from "esbuild";
import type { Snippet, SnippetLanguage } from "../../src/snippets/index.ts";

/** One call of a verifier; header values are latin1, as on the wire. */
export interface Call {
  /** Index into the snippets. */
  snippet: number;
  /** Undefined where the verifier looks at headers alone. */
  body: Uint8Array | undefined;
  headers: readonly string[];
  secret: string;
  /** Unix milliseconds; undefined where the verifier looks at no clock. */
  now: number | undefined;
}

/** What a call returned, or the error it threw, as text. */
export type Answer = boolean | string;

const node = `
const { snippets, calls } = JSON.parse(await new Response(process.stdin).text());
const verifiers = await Promise.all(
  snippets.map(async ({ name, code }) => (await import("data:text/javascript," + encodeURIComponent(code)))[name]),
);
const answers = calls.map(({ snippet, body, headers, secret, now }) => {
  const record = {};
  for (const [name, encoded] of headers) {
    const value = Buffer.from(encoded, "base64").toString("latin1");
    record[name] = record[name] === undefined ? value : [record[name], value].flat();
  }
  const bytes = body === null ? [] : [new Uint8Array(Buffer.from(body, "base64"))];
  const time = now === null ? [] : [undefined, now];
  try {
    return verifiers[snippet](...bytes, record, secret, ...time);
  } catch (error) {
    return String(error);
  }
});
process.stdout.write(JSON.stringify({ answers, touched: globalThis.touched === true }));`;

const python = `
import base64, builtins, json, sys
given = json.load(sys.stdin)
verifiers = []
for snippet in given["snippets"]:
    compile(snippet["file"], "file.py", "exec")
    scope = {}
    exec(compile(snippet["code"], "verifier.py", "exec"), scope)
    verifiers.append(scope[snippet["name"]])
answers = []
for call in given["calls"]:
    headers = {}
    for name, encoded in call["headers"]:
        value = base64.b64decode(encoded).decode("latin-1")
        headers[name] = headers[name] + "," + value if name in headers else value
    body = [] if call["body"] is None else [base64.b64decode(call["body"])]
    time = {} if call["now"] is None else {"now": call["now"] / 1000}
    try:
        answers.append(verifiers[call["snippet"]](*body, headers, call["secret"], **time))
    except Exception as error:
        answers.append(repr(error))
print(json.dumps({"answers": answers, "touched": hasattr(builtins, "touched")}))`;

const php = `
error_reporting(E_ALL);
set_error_handler(function ($level, $message) { throw new ErrorException($message); });
$given = json_decode(stream_get_contents(STDIN), true);
foreach ($given['snippets'] as $snippet) {
    token_get_all($snippet['file'], TOKEN_PARSE);
    $file = tempnam(sys_get_temp_dir(), 'hookline-test-');
    file_put_contents($file, $snippet['code']);
    require $file;
    unlink($file);
}
$answers = [];
foreach ($given['calls'] as $call) {
    $server = ['REQUEST_METHOD' => 'POST', 'REQUEST_TIME' => 0];
    foreach ($call['headers'] as [$name, $encoded]) {
        $key = strtr(strtoupper($name), '-.', '__');
        $key = $key === 'CONTENT_TYPE' || $key === 'CONTENT_LENGTH' ? $key : 'HTTP_' . $key;
        $value = base64_decode($encoded);
        $server[$key] = isset($server[$key]) ? $server[$key] . ', ' . $value : $value;
    }
    $body = $call['body'] === null ? [] : [base64_decode($call['body'])];
    $time = $call['now'] === null ? [] : ['now' => intdiv($call['now'], 1000)];
    try {
        $answers[] = $given['snippets'][$call['snippet']]['name'](...$body, ...[$server, $call['secret']], ...$time);
    } catch (Throwable $error) {
        $answers[] = (string) $error;
    }
}
echo json_encode(['answers' => $answers, 'touched' => isset($GLOBALS['touched'])]);`;

const commands: Record<SnippetLanguage, readonly [string, ...string[]]> = {
  ts: [process.execPath, "--input-type=module", "-e", node],
  python: ["python3", "-c", python],
  php: ["php", "-d", "display_errors=stderr", "-r", php],
};

/** What this machine can run, and whether its Ed25519 is there: it is no part of every Python and PHP. */
export const interpreters = {
  ts: { runs: true, ed25519: true },
  python: probe(
    "python3",
    "-c",
    "import sys, importlib.util as u; sys.version_info >= (3, 10) or sys.exit(1); print(u.find_spec('cryptography') is not None)",
  ),
  php: probe(
    "php",
    "-r",
    "PHP_VERSION_ID >= 80000 || exit(1); echo extension_loaded('sodium') ? 'True' : '';",
  ),
} satisfies Record<SnippetLanguage, { runs: boolean; ed25519: boolean }>;

function probe(command: string, ...args: string[]): { runs: boolean; ed25519: boolean } {
  const { status, stdout } = spawnSync(command, args, { encoding: "utf8" });
  return { runs: status === 0, ed25519: status === 0 && stdout.includes("True") };
}

/**
 * Loads the verifiers and makes the calls; the whole files have to be without syntax errors too.
 * @returns an answer for each call; `touched` where a global of that name was set, which no verifier does
 */
export async function runSnippets(
  language: SnippetLanguage,
  snippets: readonly Snippet[],
  calls: readonly Call[],
): Promise<{ answers: Answer[]; touched: boolean }> {
  const codes = await Promise.all(
    snippets.map(async ({ verifier, file }) => {
      if (language !== "ts") return verifier;
      await transform(file, { loader: "ts" });
      return (await transform(verifier, { loader: "ts" })).code;
    }),
  );
  const input = JSON.stringify({
    snippets: snippets.map(({ function: name, file }, index) => ({ name, file, code: codes[index] })),
    calls: calls.map(({ snippet, body, headers, secret, now }) => ({
      snippet,
      body: body === undefined ? null : Buffer.from(body).toString("base64"),
      headers: Array.from({ length: headers.length / 2 }, (_, index) => [
        (headers[index * 2] ?? "").toLowerCase(),
        Buffer.from(headers[index * 2 + 1] ?? "", "latin1").toString("base64"),
      ]),
      secret,
      now: now ?? null,
    })),
  });
  return JSON.parse(await outputOf(commands[language], input)) as { answers: Answer[]; touched: boolean };
}

function outputOf([command, ...args]: readonly [string, ...string[]], input: string): Promise<string> {
  const child = spawn(command, args, { stdio: "pipe" });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) =>
      code === 0 && stderr === ""
        ? resolve(stdout)
        : reject(new Error(`${command} ended with ${code}: ${stderr}${stdout}`)),
    );
  });
}
