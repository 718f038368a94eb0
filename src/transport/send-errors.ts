/** Why no answer came, or not all of it. */
export type SendErrorCode =
  "refused" | "dns" | "unreachable" | "timeout" | "tls" | "reset" | "protocol" | "aborted" | "target-refused";

export interface SendFailure {
  error: SendErrorCode;
  message: string;
}

/** The code of the error with which a target guard ends a connection. */
export const refusalCode = "ERR_TARGET_REFUSED";

/** What an error of a connection means, and its words. */
export function explain(error: Error): SendFailure {
  // Several addresses tried in turn give one error for each; that one may not be tried says most.
  const errors: unknown[] = error instanceof AggregateError ? error.errors : [error];
  const first: unknown = errors.find(isRefusal) ?? errors[0] ?? error;
  const { code = "", message = String(first) } = first as NodeJS.ErrnoException;
  const cause = (error.cause as Error | undefined)?.message;
  switch (code) {
    case "ECONNREFUSED":
      return { error: "refused", message: "connection refused" };
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return { error: "dns", message: "the host name has no address" };
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EADDRNOTAVAIL":
      return { error: "unreachable", message: "the host cannot be reached" };
    case "ETIMEDOUT":
    case "UND_ERR_CONNECT_TIMEOUT":
      return { error: "timeout", message: "the connection was not made in time" };
    case "ECONNRESET":
    case "EPIPE":
    case "UND_ERR_SOCKET":
    case "UND_ERR_RES_CONTENT_LENGTH_MISMATCH":
      return { error: "reset", message: "the connection was closed before an answer came" };
    case refusalCode:
      return { error: "target-refused", message };
    case "EPROTO":
    case "ERR_SSL_WRONG_VERSION_NUMBER":
      return { error: "tls", message: "what answers there speaks no TLS that fits: is it http://?" };
    default:
      if (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_|SELF_SIGNED|UNABLE_TO)/.test(code)) {
        // Newer Nodes add advice about their own flags behind a semicolon.
        const [what] = message.split("; if the root CA");
        return { error: "tls", message: `${what}; trust it with --ca FILE, or any with --insecure` };
      }
      if (error.name === "HTTPParserError" || error.name === "AssertionError")
        return { error: "protocol", message: "its answer is not HTTP" };
      return { error: "protocol", message: cause === undefined ? message : `${message}: ${cause}` };
  }
}

/** The words for what went wrong once an answer had begun. */
export function brokenOff(error: SendErrorCode, message: string, status: number): SendFailure {
  switch (error) {
    case "reset":
      return { error, message: `answered ${status}, but its body broke off` };
    case "timeout":
      return { error, message: `answered ${status}, but its body did not end in time` };
    case "protocol":
      return { error, message: `answered ${status}, but its body is not HTTP` };
    default:
      return { error, message };
  }
}

function isRefusal(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === refusalCode;
}
