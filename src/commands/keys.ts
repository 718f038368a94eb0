import type { Command } from "commander";
import { EXIT } from "../errors.ts";
import type { Context } from "./context.ts";
import { addExecFlags, readExec, runWithExec, type ExecFlags } from "./exec-flags.ts";
import { completeKey, pickKey, readLifetime, requireKeyFlags, requireKeyId } from "./key-prompts.ts";
import { addListFlags, readListFlags, type ListFlags } from "./list-flags.ts";
import { collect } from "./payload-flags.ts";
import {
  addRemoteFlags,
  readWriteEnv,
  requireConfirmation,
  useRemote,
  type RemoteFlags,
} from "./remote-flags.ts";

interface FilterFlags extends RemoteFlags, ListFlags {
  status?: string;
}

interface CreateFlags extends RemoteFlags {
  name?: string;
  scope: string[];
  expires?: string;
  provider?: string;
  writeEnv?: string;
}

interface RotateFlags extends RemoteFlags, ExecFlags {
  grace: string;
  expires?: string;
  writeEnv?: string;
}

interface RevokeFlags extends RemoteFlags {
  yes?: boolean;
}

interface AuditFlags extends RemoteFlags {
  within: string;
  idle: string;
  fail?: boolean;
}

const subcommands = [defineList, defineCreate, defineShow, defineRotate, defineRevoke, defineAudit];

export function define(command: Command, context: Context): void {
  for (const defineSubcommand of subcommands) defineSubcommand(command, context);
}

function defineList(command: Command, context: Context): void {
  const list = command.command("list").description("List the keys, newest first.");
  addListFlags(list.option("--status <status>", "only live or only dead ones"));
  addRemoteFlags(list).action(
    context.run(async (session, flags: FilterFlags) => {
      const [{ listKeys }, { object, oneOf, optional, parseFlags }, { showKeys }] = await Promise.all([
        import("../actions/keys.ts"),
        import("./flags.ts"),
        import("../ui/keys.ts"),
      ]);
      const statuses = oneOf(["live", "dead"], { error: () => "takes live or dead" });
      const { status } = parseFlags(object({ status: optional(statuses) }), flags);
      const page = await readListFlags(flags);
      await useRemote(session, flags, async (remote) =>
        showKeys(session.output, await listKeys(remote, status, page), status, session.host.now()),
      );
      return 0;
    }),
  );
}

function defineCreate(command: Command, context: Context): void {
  const create = command
    .command("create")
    .description("Make a key.")
    .option("--name <name>", "what people call it")
    .option("--scope <scope>", "what it may do (keys:read, keys:*, '*'); repeatable", collect, [])
    .option("--expires <duration>", "how long it lives, such as 90d, or never")
    .option("--provider <id>", "make it look like a key of this provider")
    .option("--write-env <file:name>", "write it to a variable of a dotenv file and do not print it")
    .addHelpText(
      "after",
      `
The key is printed once, alone on standard output. It may do no more, and lives no longer, than the key that makes it;
--scope '*' is all that one may do. Without --expires it lives as long as that one. If the key cannot be printed or
written, it is revoked (exit code 1).

Examples:
  hookline keys create --name ci --scope events:write --expires 90d
  hookline keys create --name deploy --scope 'keys:*,endpoints:*' --write-env .env:API_KEY`,
    );
  addRemoteFlags(create).action(
    context.run(async (session, flags: CreateFlags) => {
      const [{ createKey, envPlace, printedPlace, readScopes }, view] = await Promise.all([
        import("../actions/keys.ts"),
        import("../ui/keys.ts"),
      ]);
      const written = readWriteEnv(session, flags.writeEnv);
      const given = {
        name: flags.name,
        scopes: flags.scope.length === 0 ? undefined : readScopes(flags.scope),
        expiresIn: await readLifetime(flags.expires),
      };
      requireKeyFlags(session, given);
      return useRemote(session, flags, async (remote) => {
        const { name, scopes, expiresIn } = await completeKey(session, remote, given);
        const made = await createKey(remote, {
          name,
          scopes,
          ...(expiresIn === undefined ? {} : { expiresIn }),
          ...(flags.provider === undefined ? {} : { provider: flags.provider }),
          places: [
            written === undefined
              ? printedPlace((key) => view.printNewKey(session.output, key))
              : envPlace(written),
          ],
        });
        view.showCreated(session.output, made, written, session.host.now());
        return 0;
      });
    }),
  );
}

function defineShow(command: Command, context: Context): void {
  const show = command.command("show").argument("[id]", "of the key").description("Show one key.");
  addRemoteFlags(show).action(
    context.run(async (session, given: string | undefined, flags: RemoteFlags) => {
      requireKeyId(session, given);
      const [{ showKey }, view] = await Promise.all([import("../actions/keys.ts"), import("../ui/keys.ts")]);
      return useRemote(session, flags, async (remote) => {
        const id = await pickKey(session, remote, given, "Which key?");
        view.showKey(session.output, await showKey(remote, id), session.host.now());
        return 0;
      });
    }),
  );
}

function defineRotate(command: Command, context: Context): void {
  const rotate = command
    .command("rotate")
    .argument("[id]", "of the key")
    .description("Replace a key by a new one of the same name and scopes.")
    .option("--grace <duration>", "how long the old one goes on working (0 ends it at once)", "24h")
    .option(
      "--expires <duration>",
      "how long the new one lives, or never; as long as the old one was to without it",
    )
    .option(
      "--write-env <file:name>",
      "write the new one to a variable of a dotenv file and do not print it",
    );
  addExecFlags(rotate, "key").addHelpText(
    "after",
    `
The old key's grace begins only when the new key is where it belongs: in the profile where that holds the old one, in
the file or, without --write-env, on standard output, and when the command of --exec has succeeded. If anything of that
fails, the new key is revoked, profile and file are put back, and the old key stays as it was (exit code 1).

The command gets HOOKLINE_NEW_KEY, HOOKLINE_NEW_KEY_ID, HOOKLINE_OLD_KEY_ID and, under the name of --write-env or
--exec-env, the new key. Its output goes to standard error, with keys masked. Recipes: docs/rotation.md.

Examples:
  hookline keys rotate key_01jd… --grace 7d
  hookline keys rotate key_01jd… --write-env .env:API_KEY --json
  hookline keys rotate key_01jd… --write-env .env:API_KEY --exec ./deploy.sh`,
  );
  addRemoteFlags(rotate).action(
    runWithExec(context, async (session, given: string | undefined, flags: RotateFlags) => {
      requireKeyId(session, given);
      const [{ rotateKeyHere }, { grace, object, parseFlags }, view] = await Promise.all([
        import("../actions/rotate-key.ts"),
        import("./flags.ts"),
        import("../ui/keys.ts"),
      ]);
      const graceSeconds = Math.ceil(parseFlags(object({ grace }), flags).grace / 1000);
      const expiresIn = await readLifetime(flags.expires);
      const written = readWriteEnv(session, flags.writeEnv);
      const exec = await readExec(session, flags, written);
      return useRemote(session, flags, async (remote, workspace, connection) => {
        const id = await pickKey(session, remote, given, "Replace which key?");
        const replaced = { id, graceSeconds };
        const rotation = await rotateKeyHere(workspace, remote, connection, id, {
          graceSeconds,
          ...(expiresIn === undefined ? {} : { expiresIn }),
          ...(written === undefined ? {} : { writeEnv: written }),
          ...(exec === undefined ? {} : { exec }),
          show: (made, updatedProfile) =>
            view.printNewKey(session.output, made, view.rotationJson(replaced, undefined, updatedProfile)),
        });
        view.showRotated(session.output, rotation, replaced, written, session.host.now());
        if (rotation.old === undefined) throw rotation.failure;
        return 0;
      });
    }),
  );
}

function defineRevoke(command: Command, context: Context): void {
  const revoke = command
    .command("revoke")
    .argument("[id]", "of the key")
    .description("Make a key useless at once.")
    .option("--yes", "do not ask")
    .addHelpText(
      "after",
      `
Revoking a key's successor undoes the rotation as long as the old key's grace has not begun; once it has, the old key
ends when it was to. Keys that the revoked one made go on working: they are listed, and revoked one by one.`,
    );
  addRemoteFlags(revoke).action(
    context.run(async (session, given: string | undefined, flags: RevokeFlags) => {
      requireKeyId(session, given);
      const [{ findHolders, prepareRevocation, revokeKey }, view] = await Promise.all([
        import("../actions/revoke-key.ts"),
        import("../ui/keys.ts"),
      ]);
      return useRemote(session, flags, async (remote, workspace, connection) => {
        const id = await pickKey(session, remote, given, "Revoke which key?");
        const revocation = await prepareRevocation(remote, id);
        const { key, isOwn } = revocation;
        if (key?.status === "revoked") {
          view.showRevokedBefore(session.output, key, session.host.now());
          return 0;
        }
        const holders = await findHolders(workspace, connection, { id, isOwn });
        view.showConsequences(session.output, revocation, holders);
        await requireConfirmation(session, flags.yes, view.revokeQuestion(id, revocation));
        view.showRevoked(session.output, await revokeKey(remote, id), revocation);
        return 0;
      });
    }),
  );
}

function defineAudit(command: Command, context: Context): void {
  const audit = command
    .command("audit")
    .description("Look for keys that want attention.")
    .option("--within <duration>", "keys that end, and dead ones that were used, within this", "14d")
    .option("--idle <duration>", "keys that were not used for this long", "90d")
    .option("--fail", "end with exit code 1 where anything is found")
    .addHelpText(
      "after",
      `
Findings: dead-key-used, rotation-open (a successor is made, but the old key has no end), expiring, idle, never-used,
never-expires. Uses of dead keys are in the activity log, which takes a key with activity:read.`,
    );
  addRemoteFlags(audit).action(
    context.run(async (session, flags: AuditFlags) => {
      const [{ auditKeys }, { longDuration, object, parseFlags }, { showAudit }] = await Promise.all([
        import("../actions/audit-keys.ts"),
        import("./flags.ts"),
        import("../ui/keys.ts"),
      ]);
      const { within, idle } = parseFlags(object({ within: longDuration, idle: longDuration }), flags);
      const now = session.host.now();
      return useRemote(session, flags, async (remote) => {
        const found = await auditKeys(remote, { withinMs: within, idleMs: idle, now });
        await showAudit(session.output, found, now);
        return flags.fail === true && found.findings.length > 0 ? EXIT.failed : 0;
      });
    }),
  );
}
