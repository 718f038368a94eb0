import { EXIT, HooklineError } from "../errors.ts";
import { isLoopback } from "../transport/target.ts";
import type { EndpointDisabled } from "./server-events.ts";
import { shownUrl } from "./shown-url.ts";

export interface Mail {
  subject: string;
  /** Plain text. */
  text: string;
}

/** Where mail is handed in, and from whom to whom it goes. */
export interface MailRoute {
  /** `smtp:` or `smtps:`, a host, and perhaps a port, a user name and a password, percent-encoded. */
  url: string;
  /** Bare addresses. */
  from: string;
  to: readonly string[];
}

export interface Mailer {
  /**
   * Resolves when the mail server has taken the mail for everyone it is for.
   * @throws HooklineError `mail-failed`
   */
  send(mail: Mail): Promise<void>;
  /** Gives up what is under way, and sends nothing any more. */
  close(): void;
}

/**
 * Sends mail over SMTP, each on a connection of its own. TLS is used from the start with `smtps:`, and with `smtp:`
 * where the server offers it; its certificate then has to be trusted. Without it no password leaves this machine.
 * @param options.timeoutMs for a whole mail, from the look-up of the host's name to the server's last word
 */
export function createMailer({ url, from, to }: MailRoute, { timeoutMs }: { timeoutMs: number }): Mailer {
  const server = new URL(url);
  const secure = server.protocol === "smtps:";
  const port = Number(server.port) || (secure ? 465 : 587);
  const user = decodeURIComponent(server.username);
  const password = decodeURIComponent(server.password);
  const quote = createQuote(user, password);
  const connection = {
    host: server.hostname.replace(/^\[|\]$/g, ""),
    port,
    secure,
    requireTLS: !secure && user !== "" && !isLoopback(server),
    ...(user === "" ? {} : { auth: { user, pass: password } }),
    tls: { rejectUnauthorized: true },
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
  const underWay = new Set<AbortController>();
  let isClosed = false;

  const failed = (why: string, nextStep = "check HOOKLINE_SMTP_URL, and what the mail server logs") =>
    // Without its cause, which may quote what was sent to log in.
    new HooklineError("mail-failed", `the mail server ${server.hostname}:${port} ${why}`, {
      exitCode: EXIT.failed,
      nextSteps: [nextStep],
    });

  const hand = async ({ subject, text }: Mail, signal: AbortSignal): Promise<void> => {
    const { createTransport } = await import("nodemailer");
    const { rejected, rejectedErrors } = await createTransport(connection)
      .sendMail({
        from: { name: "hookline", address: from },
        to: to.map((address) => ({ name: "", address })),
        subject: oneLine(subject),
        text,
        textEncoding: "quoted-printable",
        // Answering machines leave it alone.
        headers: { "Auto-Submitted": "auto-generated" },
        signal,
      })
      .catch((error: SmtpError) => {
        throw signal.aborted ? failed(String(signal.reason)) : failed(...reasonOf(error, quote));
      });
    if (rejected.length > 0) {
      throw failed(
        `took the mail, but not for ${rejected.join(", ")}: ${quote(rejectedErrors?.[0]?.response ?? "")}`,
        "check the addresses in HOOKLINE_MAIL_TO",
      );
    }
  };

  return {
    async send(mail) {
      if (isClosed) throw failed("is not asked any more");
      const sending = new AbortController();
      underWay.add(sending);
      // A server that says a word now and then never runs into the limits of single steps.
      const timer = setTimeout(
        () => sending.abort(`did not take the mail within ${timeoutMs / 1000} s`),
        timeoutMs,
      );
      try {
        await hand(mail, sending.signal);
      } finally {
        clearTimeout(timer);
        underWay.delete(sending);
      }
    },
    close() {
      isClosed = true;
      for (const sending of underWay) sending.abort("had not taken the mail when hookline ended");
    },
  };
}

/** What nodemailer rejects with. */
interface SmtpError extends Error {
  /** Its own word, and the one of Node where it stands for an error of a connection. */
  code?: string;
  originalCode?: string;
  /** What the server was asked for, and its answer. */
  command?: string;
  response?: string;
}

/** Why a mail was not sent, behind the server's name, and what to do about it where that is known. */
function reasonOf(error: SmtpError, quote: (text: string) => string): [why: string, nextStep?: string] {
  const { code = "", originalCode = code, command, response } = error;
  if (code === "EDNS") return [`cannot be found: its name has no address (${originalCode})`];
  if (originalCode === "ECONNREFUSED") return ["refuses connections", "check that it runs, and on that port"];
  if (/^(CERT_|DEPTH_|SELF_SIGNED|UNABLE_TO|ERR_TLS_CERT)/.test(originalCode)) {
    // Newer Nodes add advice about their own flags behind a semicolon.
    const [what = ""] = error.message.split("; if the root CA");
    return [
      `has a certificate that is not trusted: ${quote(what)}`,
      "have NODE_EXTRA_CA_CERTS name a file with the certificate of whoever issued it",
    ];
  }
  if (originalCode === "EPROTO" || /^ERR_(SSL|TLS)/.test(originalCode))
    return ["speaks no TLS that fits", "check HOOKLINE_SMTP_URL: is it smtp:// in place of smtps://?"];
  if (response === undefined) {
    if (code === "ECONNECTION" || code === "ETLS") return ["closed the connection before it took the mail"];
    return [`cannot be spoken to: ${quote(error.message)}`];
  }
  if (code === "EAUTH") return [`refused the login: ${quote(response)}`];
  if (command === "STARTTLS") return [`began no TLS, without which nothing is sent: ${quote(response)}`];
  if (code === "EENVELOPE" || code === "EMESSAGE") {
    return [
      `refused the mail: ${quote(response)}`,
      "check HOOKLINE_MAIL_FROM, HOOKLINE_MAIL_TO, and whether it wants a login",
    ];
  }
  return [`answered ${quote(response)}`];
}

/** Quotes a mail server in one line, without the password: some repeat what they do not understand. */
function createQuote(user: string, password: string): (text: string) => string {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const secrets = [
    base64(`\0${user}\0${password}`),
    base64(password),
    encodeURIComponent(password),
    password,
  ];
  return (text) =>
    oneLine(
      secrets.reduce((rest, secret) => (secret === "" ? rest : rest.replaceAll(secret, "…")), text),
      300,
    );
}

/** Text from outside on one line, without anything hidden in it, and shortened. */
function oneLine(text: string, max = 200): string {
  const points = Array.from(text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{DI}\p{Zl}\p{Zp}\s]+/gu, " ").trim());
  return points.length > max ? `${points.slice(0, max - 1).join("")}…` : points.join("");
}

/** Tells whom an endpoint belongs to that the server disabled it, and how to go on. */
export function disabledEndpointMail(event: EndpointDisabled): Mail {
  const url = oneLine(shownUrl(event.url), 2048);
  const id = oneLine(event.endpointId);
  const isGone = event.reason === "gone";
  const givenUp =
    event.failures === 1 ? "1 delivery was given up" : `${event.failures} deliveries in a row were given up`;
  return {
    subject: oneLine(`hookline disabled the endpoint ${url}`, 120),
    text: `hookline disabled an endpoint: ${isGone ? "it answered 410 Gone" : givenUp}.

  Endpoint  ${url}
  ID        ${id}
  Provider  ${oneLine(event.provider)}
  Account   ${oneLine(event.account)}

What this means

  Events that are published from now on are not delivered to it.
  Deliveries that are still pending wait until it is enabled again.

What to do

  1. See what failed, and why:

     hookline deliveries list --endpoint ${id} --status failed

  2. ${
    isGone
      ? `Make the receiver answer again. If it has moved, tell where to:

     hookline endpoints update ${id} --url URL`
      : "Fix the receiver."
  }

  3. Enable the endpoint. What waits is then delivered:

     hookline endpoints enable ${id}

  4. Send again what was given up:

     hookline deliveries retry --endpoint ${id} --status failed
`,
  };
}
