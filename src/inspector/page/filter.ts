/** Which deliveries the list shows; nothing set shows all. */
export interface Filter {
  provider?: string;
  /** `order.created`, or with wildcards: `order.*`. */
  event?: string;
  verified?: boolean;
  failed?: true;
  text?: string;
}

/** Where in the page one is: all that a link, a reload or the back button restores. */
export interface Place {
  filter: Filter;
  /** Number of the delivery that is open. */
  selected: number | undefined;
}

export const everything: Filter = {};

/** Reads an address's query; what it does not know is left out. */
export function readPlace(search: string): Place {
  const query = new URLSearchParams(search);
  const filter: Filter = {};
  for (const name of ["provider", "event", "text"] as const) {
    const value = query.get(name);
    if (value !== null && value !== "") filter[name] = value;
  }
  const verified = query.get("verified");
  if (verified === "true" || verified === "false") filter.verified = verified === "true";
  if (query.get("failed") === "true") filter.failed = true;
  return { filter, selected: readNumber(query.get("n")) };
}

/** A delivery's number as it stands in an address; undefined where it is none. */
export function readNumber(text: string | null): number | undefined {
  return text !== null && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}

/** The query of a request for these deliveries, and the beginning of an address's. */
export function filterQuery(filter: Filter): URLSearchParams {
  const query = new URLSearchParams();
  for (const name of ["provider", "event", "verified", "failed", "text"] as const) {
    const value = filter[name];
    if (value !== undefined) query.set(name, String(value));
  }
  return query;
}

/** The query that {@link readPlace} reads: `?provider=fareplay&n=17`, or nothing. */
export function writePlace({ filter, selected }: Place): string {
  const query = filterQuery(filter);
  if (selected !== undefined) query.set("n", String(selected));
  return query.size === 0 ? "" : `?${query.toString()}`;
}

/** The filter with some of it changed; `undefined` takes a part out. */
export function changeFilter(
  filter: Filter,
  change: { [Name in keyof Filter]?: Filter[Name] | undefined },
): Filter {
  const merged = Object.entries({ ...filter, ...change });
  return Object.fromEntries(merged.filter(([, value]) => value !== undefined && value !== ""));
}

export const isFiltered = (filter: Filter): boolean => Object.keys(filter).length > 0;
