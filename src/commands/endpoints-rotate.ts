import type { Command } from "commander";
import { HooklineError } from "../errors.ts";
import type { Context, Session } from "./context.ts";
import { idArgument } from "./endpoint-flags.ts";
import { pickEndpoint, requireEndpointId } from "./endpoint-prompts.ts";
import { addExecFlags, readExec, runWithExec, type ExecFlags } from "./exec-flags.ts";
import { readWriteEnv, useRemote, type RemoteFlags } from "./remote-flags.ts";

interface RotateFlags extends RemoteFlags, ExecFlags {
  grace: string;
  writeEnv?: string;
  undo?: boolean;
  finish?: boolean;
}

/** @param sub makes a subcommand of `endpoints` */
export function defineRotate(sub: (words: string, description: string) => Command, context: Context): void {
  const rotate = sub("rotate-secret", "Give an endpoint a new signing secret, and print it.")
    .argument(...idArgument)
    .option("--grace <duration>", "how long the old one stays in use: 24h, 7d, or 0 to end it at once", "24h")
    .option(
      "--write-env <file:name>",
      "write it to a variable of a dotenv file, and the old one, while it is in use, to NAME_PREVIOUS",
    );
  addExecFlags(rotate, "secret")
    .option("--undo", "take back a rotation that is not over: the old secret alone is in use again")
    .option("--finish", "begin the grace of a rotation that was broken off")
    .addHelpText(
      "after",
      `
During the grace a provider whose requests carry several signatures signs with both secrets; any other goes on signing
with the old one. Give your app both: hookline's own commands read NAME and NAME_PREVIOUS. There is no second rotation
within a grace, but for --grace 0: it ends all former secrets at once, and takes NAME_PREVIOUS out of the file.

With --exec both secrets are in use until the command has succeeded, and only then the grace begins; with --grace 0 the
old one ends then. Where the command fails the file is put back and the old secret alone is in use, as before (exit code
1). The command gets HOOKLINE_NEW_SECRET, HOOKLINE_PREVIOUS_SECRET, HOOKLINE_ENDPOINT_ID and, as NAME and NAME_PREVIOUS
of --write-env or --exec-env, both secrets. Its output goes to standard error, with secrets masked. Recipes:
docs/rotation.md.

Examples:
  hookline endpoints rotate-secret ep_01jd… --grace 24h --write-env .env:FYNN_WEBHOOK_SECRET
  hookline endpoints rotate-secret ep_01jd… --write-env .env:FYNN_WEBHOOK_SECRET --exec ./deploy.sh`,
    )
    .action(
      runWithExec(context, async (session, given: string | undefined, flags: RotateFlags) => {
        requireEndpointId(session, given);
        const [{ rotateEndpointSecret }, { grace, object, parseFlags }, { showRotated }] = await Promise.all([
          import("../actions/rotate-secret.ts"),
          import("./flags.ts"),
          import("../ui/endpoint-secrets.ts"),
        ]);
        const { grace: graceMs } = parseFlags(object({ grace }), flags);
        if (flags.undo === true || flags.finish === true) return settle(session, given, flags, graceMs);
        const place = readWriteEnv(session, flags.writeEnv);
        const exec = await readExec(session, flags, place);
        const rotated = await useRemote(session, flags, async (remote) => {
          const id = await pickEndpoint(session, remote, given, "Rotate the secret of which endpoint?");
          return rotateEndpointSecret(remote, id, { graceMs, place, exec });
        });
        showRotated(session.output, rotated, session.host.now());
        if (rotated.failure !== undefined) throw rotated.failure;
        return 0;
      }),
    );
}

/** Undoes or finishes a rotation that was made before. */
async function settle(
  session: Session,
  given: string | undefined,
  { undo, finish, writeEnv, exec, ...flags }: RotateFlags,
  graceMs: number,
): Promise<number> {
  const asked = Object.entries({
    "--undo": undo,
    "--finish": finish,
    "--write-env": writeEnv,
    "--exec": exec,
  })
    .filter(([, value]) => value !== undefined)
    .map(([flag]) => flag);
  if (asked.length > 1) {
    throw new HooklineError("usage", `${asked.join(" and ")} do not go together`, {
      nextSteps: ["--undo and --finish are about a rotation that was made before: they make no secret"],
    });
  }
  const [{ finishRotation, restoreSecret }, { showFinished, showRestored }] = await Promise.all([
    import("../actions/rotate-secret.ts"),
    import("../ui/endpoint-secrets.ts"),
  ]);
  await useRemote(session, flags, async (remote) => {
    const question = `${undo ? "Undo" : "Finish"} the rotation of which endpoint's secret?`;
    const id = await pickEndpoint(session, remote, given, question);
    if (undo) return showRestored(session.output, await restoreSecret(remote, id));
    showFinished(session.output, await finishRotation(remote, id, graceMs), session.host.now());
  });
  return 0;
}
