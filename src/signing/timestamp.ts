import { readHeader } from "./headers.ts";
import type { Evidence, RawHeaders, TimestampSource, VerdictCode } from "./types.ts";

type Failure = { ok: false; code: VerdictCode; evidence: Evidence };

/**
 * The time of signing as the text that is signed; undefined where the scheme has none.
 * @param items of the signature's header, where the time is one of them
 */
export function readTimestamp(
  source: TimestampSource | undefined,
  headers: RawHeaders,
  items: readonly string[],
): { ok: true; text: string | undefined } | Failure {
  if (source === undefined) return { ok: true, text: undefined };
  let text: string | undefined;
  if (source.item === undefined) {
    const header = readHeader(headers, source.header);
    if (!header.ok) {
      const missing = header.code === "header-missing" || header.code === "header-empty";
      return { ok: false, code: missing ? "timestamp-missing" : header.code, evidence: header.evidence };
    }
    text = header.value;
  } else {
    const { item } = source;
    const found = items.filter((candidate) => candidate.startsWith(item));
    if (found.length > 1)
      return {
        ok: false,
        code: "timestamp-malformed",
        evidence: { header: source.header, times: found.length },
      };
    text = found[0]?.slice(item.length);
  }
  const evidence = { header: source.header };
  if (text === undefined) return { ok: false, code: "timestamp-missing", evidence };
  if (!/^(0|-?[1-9]\d{0,14})$/.test(text)) return { ok: false, code: "timestamp-malformed", evidence };
  return { ok: true, text };
}

/** Unix seconds of a timestamp. */
export function seconds(source: TimestampSource | undefined, text: string | undefined): number | undefined {
  if (source === undefined || text === undefined) return undefined;
  return source.unit === "s" ? Number(text) : Math.floor(Number(text) / 1000);
}

/** How a timestamp lies outside the tolerance; undefined where it does not, or where the scheme has none. */
export function outsideTolerance(
  source: TimestampSource | undefined,
  text: string | undefined,
  now: number,
  tolerance: number | "off" | undefined,
): { code: "timestamp-expired" | "timestamp-future"; evidence: Evidence } | undefined {
  const at = seconds(source, text);
  if (source === undefined || at === undefined || tolerance === "off") return undefined;
  const allowed = tolerance ?? source.toleranceSeconds;
  const age = Math.floor(now / 1000) - at;
  const evidence = {
    header: source.header,
    timestamp: at,
    now: Math.floor(now / 1000),
    skew_seconds: Math.abs(age),
    tolerance_seconds: allowed,
  };
  // Said this way round, a clock or tolerance that is no number lets nothing pass.
  if (!(age <= allowed)) return { code: "timestamp-expired", evidence };
  if (-age > allowed && source.future !== "accept") return { code: "timestamp-future", evidence };
  return undefined;
}
