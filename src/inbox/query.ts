import type { Bindable } from "../sqlite/contract.ts";
import type { InboxFilter } from "./types.ts";

export interface Query {
  /** Tables, and what must hold of their rows: `deliveries d … where …`. */
  from: string;
  parameters: Bindable[];
}

/** @param bounds numbers between which to look, both left out */
export function queryOf(filter: InboxFilter, bounds: { before?: number; after?: number } = {}): Query {
  const conditions: string[] = [];
  const parameters: Bindable[] = [];
  const and = (condition: string, ...values: Bindable[]): void => {
    conditions.push(condition);
    parameters.push(...values);
  };
  if (bounds.before !== undefined) and("d.number < ?", bounds.before);
  if (bounds.after !== undefined) and("d.number > ?", bounds.after);
  if (filter.failed !== undefined) and(`d.failed = ${filter.failed ? 1 : 0}`);
  if (filter.provider !== undefined) and("d.provider = ?", plain(filter.provider));
  if (filter.event !== undefined) {
    if (filter.event.includes("*"))
      and(String.raw`d.event like ? escape '\'`, literal(filter.event).replaceAll("*", "%"));
    else and("d.event = ?", plain(filter.event));
  }
  if (filter.verified !== undefined) and(filter.verified ? "d.verified = 1" : "d.verified is not 1");
  if (filter.since !== undefined) and("d.received_at >= ?", filter.since);
  if (filter.until !== undefined) and("d.received_at < ?", filter.until);
  let tables = "deliveries d";
  if (filter.text !== undefined) {
    const inside = `%${literal(filter.text)}%`;
    const places = ["d.event", "d.delivery_id", "d.id", "d.target", "c.headers", "cast(c.body as text)"];
    tables += " join contents c on c.number = d.number";
    and(
      `(${places.map((place) => String.raw`${place} like ? escape '\'`).join(" or ")})`,
      ...places.map(() => inside),
    );
  }
  return {
    from: conditions.length === 0 ? tables : `${tables} where ${conditions.join(" and ")}`,
    parameters,
  };
}

/** Text in a pattern of `like` that stands for itself. */
function literal(text: string): string {
  return plain(text).replace(/[\\%_]/g, String.raw`\$&`);
}

/** What no recorded text can contain fits nothing. */
function plain(text: string): string {
  return text.replace(/\0|\p{Surrogate}/gu, "\ufffd");
}
