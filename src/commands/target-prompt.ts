import { HooklineError } from "../errors.ts";
import type { Session } from "./context.ts";

/** Where the user wants it sent. @throws HooklineError `usage` where nobody can be asked */
export async function askTarget({ output, prompts }: Session): Promise<string> {
  if (output.interactive)
    return prompts.input("Send it where? (3000/path or a URL)", {
      validate: (answer) => answer.trim() !== "" || "type a port, 3000/path or a URL",
    });
  throw new HooklineError("usage", "--to is missing: there is nowhere to send it", {
    nextSteps: ["add --to 3000/webhooks, or a URL"],
  });
}
