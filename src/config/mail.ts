import { HooklineError } from "../errors.ts";
import type { Environment } from "./environment.ts";

/** Where mail is handed in, and from whom to whom it goes. */
export interface MailSettings {
  /** `smtp:` or `smtps:`, a host, and perhaps a port, a user name and a password: a secret. */
  url: string;
  /** Bare addresses. */
  from: string;
  to: string[];
}

const variables = ["HOOKLINE_SMTP_URL", "HOOKLINE_MAIL_FROM", "HOOKLINE_MAIL_TO"] as const;

/**
 * Reads how mail is sent.
 * @returns undefined where nothing of it is set
 * @throws HooklineError `mail-settings-invalid`, never with a value in it: passwords end up in the wrong variable
 */
export function readMail(environment: Pick<Environment, "variable">): MailSettings | undefined {
  const [url, from, to] = variables.map((name) => environment.variable(name)?.value);
  if (url === undefined && from === undefined && to === undefined) return undefined;
  if (url === undefined || from === undefined || to === undefined) {
    const unset = variables.filter((name) => environment.variable(name) === undefined);
    const set = variables.filter((name) => !unset.includes(name));
    throw new HooklineError(
      "mail-settings-invalid",
      `mail cannot be sent: ${together(set)} set, ${together(unset)} not`,
      { nextSteps: [`set ${unset.join(" and ")}`, `or, to have no mail sent, unset ${set.join(" and ")}`] },
    );
  }
  const list = to.split(",");
  return {
    url: readServer(url),
    from: readAddress(from, "HOOKLINE_MAIL_FROM"),
    to: list.map((one, index) =>
      readAddress(one, list.length === 1 ? "HOOKLINE_MAIL_TO" : `address ${index + 1} of HOOKLINE_MAIL_TO`),
    ),
  };
}

/** @throws HooklineError `mail-settings-invalid` */
function readAddress(text: string, from: string): string {
  const given = text.trim();
  if (given.length <= 254 && /^[^\s\p{C}@<>()[\]\\,;:"]+@[^\s\p{C}@<>()[\]\\,;:"]+$/u.test(given))
    return given;
  throw new HooklineError("mail-settings-invalid", `${from} is not a mail address`, {
    nextSteps: [
      "give bare addresses such as ops@example.com, without names",
      "HOOKLINE_MAIL_FROM takes one; in HOOKLINE_MAIL_TO commas stand between them",
    ],
  });
}

/** One `is`, several `are`. */
function together(names: readonly string[]): string {
  return `${names.join(" and ")} ${names.length === 1 ? "is" : "are"}`;
}

/** @throws HooklineError `mail-settings-invalid` */
function readServer(text: string): string {
  const given = text.trim();
  const wrong = (why: string): HooklineError =>
    new HooklineError("mail-settings-invalid", `HOOKLINE_SMTP_URL is not valid: ${why}`, {
      nextSteps: [
        "give it as smtp://HOST:PORT (STARTTLS) or smtps://HOST:PORT (TLS)",
        "with a login: smtps://USER:PASSWORD@HOST:PORT, special characters in them percent-encoded (@ is %40)",
      ],
    });
  if (!/^smtps?:\/\//i.test(given)) throw wrong("it begins with neither smtp:// nor smtps://");
  // The parser would drop or turn these in silence.
  if (/[\s\\\p{Cc}]/u.test(given)) throw wrong("it holds a space, a control character or a backslash");
  if (!URL.canParse(given)) throw wrong("it is no URL (is the port above 65535, or the host misspelt?)");
  const url = new URL(given);
  if (/[?#]/.test(given) || !["", "/"].includes(url.pathname))
    throw wrong("it may have a host, a port and a login, but no path, no query and no fragment");
  if (!/^(\[[\da-f:.]+\]|[\w-]+(\.[\w-]+)*\.?)$/i.test(url.hostname))
    throw wrong("its host is neither a name in ASCII nor an address");
  if (url.port === "0") throw wrong("nothing can listen on port 0");
  if ((url.username === "") !== (url.password === ""))
    throw wrong("it has a user name without a password, or a password without a user name");
  if (!isDecodable(url.username) || !isDecodable(url.password))
    throw wrong("its user name or password is not percent-encoded as it should be (% is %25)");
  return url.href.replace(/\/$/, "");
}

/** Whether it stands for text in which nothing is hidden. */
function isDecodable(text: string): boolean {
  try {
    return !/\p{Cc}/u.test(decodeURIComponent(text));
  } catch {
    return false;
  }
}
