import type { Ed25519Scheme, HmacScheme, TimestampSource } from "../signing/types.ts";
import { pyFormat, pyString } from "./literals.ts";
import {
  credentialOf,
  render,
  runsOf,
  signedOf,
  snake,
  type Code,
  type CredentialScheme,
  type Plan,
  type Signed,
  type SignedScheme,
  type Text,
  type WrittenVerifier,
} from "./plan.ts";

export function pythonSnippet(plan: Plan): WrittenVerifier | undefined {
  const { scheme } = plan;
  if (scheme.kind === "none") return undefined;
  const signed = scheme.kind === "hmac" || scheme.kind === "ed25519";
  const verifier = signed ? signedVerifier({ ...plan, scheme }) : credentialVerifier({ ...plan, scheme });
  return {
    function: snake(plan.name),
    verifier: render(verifier, "    "),
    example: render(example(plan, signed), "    "),
  };
}

function signedVerifier(plan: Plan<SignedScheme>): Code {
  const { scheme, sender } = plan;
  const { timestamp, separator } = scheme;
  const signed = signedOf(scheme);
  const isHmac = scheme.kind === "hmac";
  return [
    ...imports(scheme),
    "",
    "",
    `def ${snake(plan.name)}(`,
    [
      "body: bytes,",
      "headers: Mapping[str, str],",
      `${isHmac ? "secret" : "public_key"}: str,`,
      ...(timestamp === undefined
        ? []
        : [`tolerance_seconds: int = ${timestamp.toleranceSeconds},`, "now: float | None = None,"]),
    ],
    ") -> bool:",
    [
      `"""Whether ${sender} signed this request.`,
      "",
      "body is the raw body: JSON that was parsed and written again has other bytes (8.00 becomes 8).",
      "headers are a framework's own, which ignore case, or a dict by lower-case name.",
      isHmac
        ? `secret is the value of ${plan.secretEnv}; with an empty one nothing passes.`
        : `public_key is the value of ${plan.secretEnv}: the public key, as only the sender has the private one.`,
      timestamp !== undefined && "now is in Unix seconds.",
      '"""',
      `header = headers.get(${pyString(scheme.header)}, "")`,
      `if not header.isascii()${isHmac && scheme.secret.encoding === "raw" ? ' or secret == ""' : ""}:`,
      ["return False"],
      ...signed.headers.flatMap((one) => [
        `${snake(one.variable)} = headers.get(${pyString(one.header)}, "")`,
        `if ${snake(one.variable)} == "" or not ${snake(one.variable)}.isascii():`,
        ["return False"],
      ]),
      ...(timestamp === undefined ? [] : readTime(timestamp, scheme)),
      ...(timestamp === undefined ? [] : checkAge(timestamp)),
      "",
      ...(isHmac
        ? checkHmac(scheme, signed, itemsOf(timestamp, separator))
        : checkEd25519(scheme, signed, itemsOf(timestamp, separator))),
    ],
  ];
}

function imports({ kind, encoding, secret, timestamp }: SignedScheme): Code {
  const base64 = encoding === "base64" || kind === "ed25519" || secret.encoding === "base64";
  return [
    base64 && "import base64",
    ...(kind === "hmac" ? ["import hashlib", "import hmac"] : []),
    ...(timestamp === undefined ? [] : ["import re", "import time"]),
    "from collections.abc import Mapping",
    ...(kind === "ed25519"
      ? [
          "",
          "# pip install cryptography: the standard library has no Ed25519.",
          "from cryptography.exceptions import InvalidSignature",
          "from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey",
        ]
      : []),
  ];
}

/** The expression of the header's items, or undefined where there is but one. */
function itemsOf(timestamp: TimestampSource | undefined, separator: string | undefined): string | undefined {
  if (separator === undefined) return undefined;
  return timestamp?.item === undefined ? `header.split(${pyString(separator)})` : "items";
}

const wholeNumber = 're.fullmatch("[1-9][0-9]{0,14}", timestamp)';

function readTime({ header, item }: TimestampSource, scheme: SignedScheme): Code {
  if (item === undefined) {
    return [
      `timestamp = ${header === scheme.header ? "header" : `headers.get(${pyString(header)}, "")`}`,
      `if not ${wholeNumber}:`,
      ["return False"],
    ];
  }
  return [
    "",
    `items = header.split(${pyString(scheme.separator ?? "")})`,
    `times = [item for item in items if item.startswith(${pyString(item)})]`,
    "if len(times) != 1:",
    ["return False"],
    `timestamp = times[0].removeprefix(${pyString(item)})`,
    `if not ${wholeNumber}:`,
    ["return False"],
  ];
}

function checkAge({ unit, future }: TimestampSource): Code {
  return [
    "",
    "# An old request may be one that somebody recorded and sends again.",
    `age = int(time.time() if now is None else now) - int(timestamp)${unit === "s" ? "" : " // 1000"}`,
    future === "accept" ? "if age > tolerance_seconds:" : "if abs(age) > tolerance_seconds:",
    ["return False"],
  ];
}

function checkHmac(scheme: HmacScheme, signed: Signed, items: string | undefined): Code {
  const { algorithm, encoding, prefix = "", prefixOptional = false } = scheme;
  const key = scheme.secret.encoding === "raw" ? "secret.encode()" : "key";
  const message = messageOf(signed);
  const short = message === "body";
  const mac = `hmac.new(${key}, ${short ? "body" : "message"}, hashlib.${algorithm})`;
  const signature = encoding === "hex" ? `${mac}.hexdigest()` : `base64.b64encode(${mac}.digest()).decode()`;
  const either = prefix !== "" && prefixOptional;
  const expected = `${pyString(prefix)} + signature`;
  return [
    ...hmacKey(scheme),
    !short && `message = ${message}`,
    prefix === "" ? `expected = ${signature}` : `signature = ${signature}`,
    ...(either
      ? [
          "# The prefix may be missing.",
          `accepted = (signature, ${expected})`,
          items === undefined
            ? "return any(hmac.compare_digest(header, expected) for expected in accepted)"
            : `return any(hmac.compare_digest(item, expected) for item in ${items} for expected in accepted)`,
        ]
      : [
          prefix !== "" && `expected = ${expected}`,
          items !== undefined && "# One of them is enough: while a secret is rotated there are several.",
          items === undefined
            ? "return hmac.compare_digest(header, expected)"
            : `return any(hmac.compare_digest(item, expected) for item in ${items})`,
        ]),
  ];
}

function hmacKey({ secret: { encoding, prefix } }: HmacScheme): Code {
  if (encoding === "raw")
    return prefix === undefined ? [] : ["# The key is the whole secret, its prefix included."];
  return [
    prefix === undefined
      ? "# The key is what the secret's base64 stands for; it may lack its padding."
      : "# The key is what the base64 behind the secret's prefix stands for; it may lack its padding.",
    `encoded = secret${prefix === undefined ? "" : `.removeprefix(${pyString(prefix)})`}`,
    "try:",
    ['key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)'],
    "except ValueError:",
    ["return False"],
    'if key == b"":',
    ["return False"],
  ];
}

function checkEd25519(scheme: Ed25519Scheme, signed: Signed, items: string | undefined): Code {
  const { encoding, prefix = "", prefixOptional = false } = scheme;
  const { publicPrefix } = scheme.secret;
  const length = encoding === "hex" ? 128 : 88;
  const start = pyString(prefix);
  const stripped =
    prefix === ""
      ? "item"
      : prefixOptional
        ? `item.removeprefix(${start}) if len(item) > ${length} else item`
        : `item.removeprefix(${start})`;
  const decoded = encoding === "hex" ? "bytes.fromhex(text)" : "base64.b64decode(text, validate=True)";
  const again = encoding === "hex" ? "signature.hex()" : "base64.b64encode(signature).decode()";
  return [
    `if not public_key.startswith(${pyString(publicPrefix)}):`,
    ["return False"],
    "try:",
    [
      `encoded = public_key.removeprefix(${pyString(publicPrefix)})`,
      'point = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)',
      "key = Ed25519PublicKey.from_public_bytes(point)",
    ],
    "except ValueError:",
    ["return False"],
    `message = ${messageOf(signed)}`,
    `for item in ${items ?? "[header]"}:`,
    [
      ...(prefix !== "" && !prefixOptional ? [`if not item.startswith(${start}):`, ["continue"]] : []),
      prefixOptional && "# The prefix may be missing.",
      `text = ${stripped}`,
      "try:",
      [
        `signature = ${decoded}`,
        "key.verify(signature, message)",
        "# Of several spellings of a signature only the usual one passes.",
        `if ${again} == text:`,
        ["return True"],
      ],
      "except (ValueError, InvalidSignature):",
      ["continue"],
    ],
    "return False",
  ];
}

function messageOf(signed: Signed): string {
  return runsOf(signed.content)
    .map((run) => (run === "body" ? "body" : bytesOf(run)))
    .join(" + ");
}

function bytesOf(run: readonly Text[]): string {
  const [only] = run;
  if (run.length === 1 && only !== undefined)
    return "text" in only ? `${pyString(only.text)}.encode()` : `${snake(only.variable)}.encode()`;
  const inner = run.map((part) => ("text" in part ? pyFormat(part.text) : `{${snake(part.variable)}}`));
  return `f"${inner.join("")}".encode()`;
}

function credentialVerifier({ scheme, sender, name }: Plan<CredentialScheme>): Code {
  const { header, prefix } = credentialOf(scheme);
  const basic = scheme.kind === "basic";
  const given = prefix === "" ? "header" : `header[len(${pyString(prefix)}):]`;
  return [
    basic && "import base64",
    "import hmac",
    "from collections.abc import Mapping",
    "",
    "",
    `def ${snake(name)}(headers: Mapping[str, str], secret: str) -> bool:`,
    [
      `"""Whether ${sender} sent this request: it carries the secret${basic ? " (user:password)" : ""}. Nothing signs the body.`,
      "",
      "headers are a framework's own, which ignore case, or a dict by lower-case name.",
      '"""',
      `header = headers.get(${pyString(header)}, "")`,
      'if not header.isascii() or secret == "":',
      ["return False"],
      ...(prefix === ""
        ? []
        : [
            `if header[:len(${pyString(prefix)})].lower() != ${pyString(prefix.toLowerCase())}:`,
            ["return False"],
          ]),
      "",
      basic
        ? `return hmac.compare_digest(${given}.encode(), base64.b64encode(secret.encode()))`
        : `return hmac.compare_digest(${given}.encode(), secret.encode())`,
    ],
  ];
}

function example(plan: Plan, signed: boolean): Code {
  const { acknowledge, dedupe, sender, id, name, secretEnv, status } = plan;
  return [
    "# In use, with Flask:",
    "import os",
    "",
    "from flask import Flask, request",
    "",
    "app = Flask(__name__)",
    "",
    "",
    `@app.post(${pyString(`/webhooks/${id}`)})`,
    `def ${snake(["receive", ...name.slice(1)])}():`,
    [
      `secret = os.environ.get(${pyString(secretEnv)}, "")`,
      ...(signed
        ? [
            "# get_data() is the body as it came; request.json is not.",
            `if not ${snake(name)}(request.get_data(), request.headers, secret):`,
          ]
        : [`if not ${snake(name)}(request.headers, secret):`]),
      ['return "", 401'],
      `# It may come again, ${dedupe}: handle it once.`,
      `# ${sender} waits for ${acknowledge}: queue what takes longer.`,
      `return "", ${status}`,
    ],
    "",
    "",
    ...(signed
      ? [
          "# With Django: request.body and request.headers.",
          "# With FastAPI: await request.body() and request.headers.",
        ]
      : ["# Django and FastAPI have request.headers as well."]),
  ];
}
