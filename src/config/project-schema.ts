import * as z from "zod";

// Compiling a schema costs more than it saves on one small file.
z.config({ jitless: true });

/** Variables a project file may name: a cloned repository must not be able to read any other. */
const secretVariable = /^[A-Z0-9_]*_WEBHOOK_SECRET[A-Z0-9_]*$/;

const reference = z
  .string()
  .regex(/^(env|file):./, "a secret stands here by reference, as env:NAME or file:PATH, never as it is")
  .refine((text) => !text.startsWith("env:") || secretVariable.test(text.slice(4)), {
    error: "a project file may name only variables like ACME_WEBHOOK_SECRET",
  });

/** What stands under names of the file's own choosing; zod would pass over `__proto__` in silence. */
const named = <Value extends z.ZodType>(value: Value) =>
  z
    .unknown()
    .refine((input) => typeof input !== "object" || input === null || !Object.hasOwn(input, "__proto__"), {
      error: "__proto__ may not be used as a name",
    })
    .pipe(z.record(z.string(), value))
    .default({});

/** The form of `hookline.json`; what each provider may say is checked where providers are made. */
export const projectSchema = z.strictObject({
  $schema: z.string().optional(),
  providers: named(z.unknown()),
  secrets: named(z.union([reference, z.array(reference).min(1)])),
});
