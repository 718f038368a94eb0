import * as z from "zod";
import type { JsonPointer } from "./contract.ts";
import type { JsonSchema } from "./json-schema.ts";

/** A project file comes with a cloned repository: it must not be able to name any other variable. */
const secretEnvPattern = /^[A-Z0-9_]*_WEBHOOK_SECRET[A-Z0-9_]*$/;
const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}$/;
const pointerPattern = /^(\/([^~/]|~[01])*)+$/;
const printablePattern = /^[\x20-\x7e]*$/;
/** Words, with `/` between folders of the fixtures: `order.created`, `orders/create`, `Push Hook`. */
const eventPattern = /^(?=.{1,100}$)[A-Za-z0-9][\w.:-]*([ /][A-Za-z0-9][\w.:-]*)*$/;
/** Of no use to tell one provider from another. */
export const commonHeaders = new Set([
  "accept",
  "accept-encoding",
  "authorization",
  "connection",
  "content-length",
  "content-type",
  "host",
  "user-agent",
]);

/** Problems of a signed-content template, in words; `{body}`, `{timestamp}` and `{header:NAME}` may stand in it. */
function contentProblems(content: string, hasTimestamp: boolean): string[] {
  const placeholders = [...content.matchAll(/\{[^{}]*\}/g)].map(([text]) => text);
  const problems = placeholders
    .filter((text) => !["{body}", "{timestamp}"].includes(text))
    .filter((text) => !text.startsWith("{header:") || !tokenPattern.test(text.slice("{header:".length, -1)))
    .map((text) => `has the unknown placeholder ${text}: there are {body}, {timestamp} and {header:NAME}`);
  if (/[{}]/.test(content.replace(/\{[^{}]*\}/g, ""))) problems.push("has a brace without its partner");
  if (!placeholders.includes("{body}"))
    problems.push("must contain {body}: otherwise the signature says nothing about the body");
  if (placeholders.includes("{timestamp}") && !hasTimestamp)
    problems.push('uses {timestamp}, so the signature needs a "timestamp" that says where it stands');
  return problems;
}

/** The schemas of the parts; each refuses unknown fields. */
function parts() {
  const printable = z.string().max(200).regex(printablePattern, "must be printable ASCII");
  const mark = printable.min(1);
  const header = z
    .string()
    .regex(tokenPattern, "must be a header name (letters, digits and hyphens)")
    .transform((name) => name.toLowerCase());
  const pointer = z.custom<JsonPointer>(
    (value) => typeof value === "string" && pointerPattern.test(value),
    "must be a JSON Pointer such as /event/type",
  );

  const signed = {
    header,
    prefix: mark.exactOptional(),
    prefixOptional: z.boolean().exactOptional(),
    separator: mark.exactOptional(),
    content: z
      .string()
      .max(500)
      .transform((content) => content.replace(/\{header:[^{}]*\}/g, (name) => name.toLowerCase()))
      .default("{body}"),
    timestamp: z
      .strictObject({
        header,
        item: mark.exactOptional(),
        unit: z.enum(["s", "ms"]),
        toleranceSeconds: z.int().min(0),
        future: z.enum(["reject", "accept"]).exactOptional(),
      })
      .exactOptional(),
    encoding: z.enum(["hex", "base64"]),
  };
  type Signed = z.infer<ReturnType<typeof z.strictObject<typeof signed>>>;
  const signedRules = (scheme: Signed, context: z.RefinementCtx) => {
    for (const message of contentProblems(scheme.content, scheme.timestamp !== undefined))
      context.addIssue({ code: "custom", path: ["content"], message });
    if (scheme.timestamp?.item !== undefined && scheme.separator === undefined)
      context.addIssue({
        code: "custom",
        path: ["timestamp", "item"],
        message: 'is one of several in a header, so the signature needs the "separator" between them',
      });
    if (scheme.prefixOptional === true && scheme.prefix === undefined)
      context.addIssue({
        code: "custom",
        path: ["prefixOptional"],
        message: 'says that a prefix may be missing, but there is no "prefix"',
      });
  };

  const scheme = z.discriminatedUnion("kind", [
    z
      .strictObject({
        kind: z.literal("hmac"),
        algorithm: z.enum(["sha1", "sha256", "sha384", "sha512"]),
        ...signed,
        secret: z
          .strictObject({
            encoding: z.enum(["raw", "base64"]),
            prefix: mark.exactOptional(),
            minBytes: z.int().min(1).exactOptional(),
          })
          .default({ encoding: "raw" }),
      })
      .superRefine(signedRules),
    z
      .strictObject({
        kind: z.literal("ed25519"),
        ...signed,
        secret: z
          .strictObject({ privatePrefix: mark, publicPrefix: mark })
          .default({ privatePrefix: "whsk_", publicPrefix: "whpk_" }),
      })
      .superRefine(signedRules),
    z.strictObject({
      kind: z.literal("bearer"),
      header: header.exactOptional(),
      // May be empty: some send the bare secret in a header of their own.
      prefix: printable.exactOptional(),
    }),
    z.strictObject({ kind: z.literal("basic") }),
    z.strictObject({ kind: z.literal("none") }),
  ]);

  const eventSource = z.discriminatedUnion("from", [
    z.strictObject({ from: z.literal("header"), header }),
    z.strictObject({ from: z.literal("pointer"), pointer }),
    z.strictObject({ from: z.literal("path") }),
    z.strictObject({
      from: z.literal("shape"),
      shapes: z
        .array(
          z.strictObject({
            event: z.string().regex(eventPattern, "must be an event name"),
            has: z.array(pointer).min(1),
          }),
        )
        .min(1),
    }),
  ]);

  return { printable, mark, header, pointer, scheme, eventSource };
}

let built: ReturnType<typeof buildSchema> | undefined;

/** The schema of a provider's plain data, built once (it takes 10 ms); header names come out in lower case. */
export function providerSchema(): ReturnType<typeof buildSchema> {
  return (built ??= buildSchema());
}

function buildSchema() {
  const { printable, mark, header, pointer, scheme, eventSource } = parts();
  return z.strictObject({
    title: z.string().min(1).max(100).exactOptional(),
    docs: z.url({ protocol: /^https?$/, error: "must be an http or https URL" }).exactOptional(),
    assumptions: z.array(z.string().min(1)).exactOptional(),
    pitfalls: z.array(z.string().min(1)).exactOptional(),
    base: z.string().exactOptional(),
    signatures: z.array(scheme).min(1).max(20).exactOptional(),
    headers: z
      .strictObject({
        event: header.exactOptional(),
        delivery: header.exactOptional(),
        userAgent: printable.exactOptional(),
      })
      .exactOptional(),
    identify: z
      .array(header.refine((name) => !commonHeaders.has(name), "names a header that any request may carry"))
      .exactOptional(),
    eventFrom: z.array(eventSource).min(1).exactOptional(),
    envelope: z
      .strictObject({
        id: pointer.exactOptional(),
        type: pointer.exactOptional(),
        createdAt: pointer.exactOptional(),
        idPrefix: printable.exactOptional(),
        time: z.enum(["iso", "iso-ms", "unix"]).exactOptional(),
      })
      .exactOptional(),
    dedupe: z
      .union([z.literal("body"), z.strictObject({ header }), z.strictObject({ pointer })], {
        error: 'must be "body", {"header": NAME} or {"pointer": JSON Pointer}',
      })
      .exactOptional(),
    ack: z
      .strictObject({
        timeoutMs: z.int().min(1).max(600_000).default(10_000),
        success: z
          .union([z.literal("2xx"), z.array(z.int().min(200).max(599)).min(1)], {
            error: 'must be "2xx" or a list of status codes',
          })
          .default("2xx"),
      })
      .exactOptional(),
    retry: z
      .strictObject({
        delaysMs: z
          .array(
            z
              .int()
              .min(0)
              .max(30 * 24 * 3_600_000),
          )
          .max(100),
        jitter: z.number().min(0).max(1).exactOptional(),
      })
      .exactOptional(),
    events: z
      .record(
        z.string().regex(eventPattern, "is no event name: words joined by . _ - : / or a space"),
        z.strictObject({
          description: z.string().min(1).max(500).exactOptional(),
          schema: z
            .custom<JsonSchema>(
              (value) => typeof value === "object" && value !== null && !Array.isArray(value),
              "must be a JSON Schema object",
            )
            .exactOptional(),
        }),
      )
      .exactOptional(),
    otherEvents: z.boolean().exactOptional(),
    secretEnv: z
      .string()
      .max(100)
      .regex(secretEnvPattern, "must contain _WEBHOOK_SECRET, in upper case: no other variable may be read")
      .exactOptional(),
    apiKey: z.strictObject({ prefix: mark, header }).exactOptional(),
  });
}
