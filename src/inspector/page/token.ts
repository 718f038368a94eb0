import { readNumber } from "./filter.ts";

const key = "hookline.token";

/** What the link of `hookline listen` carries behind its `#`. */
export interface Fragment {
  token: string | undefined;
  /** Number of the delivery to open. */
  number: number | undefined;
}

/** Reads `#token=…&n=17`; what is no token or no number is left out. */
function readFragment(hash: string): Fragment {
  const parameters = new URLSearchParams(hash.replace(/^#/, ""));
  const token = parameters.get("token");
  return {
    token: token !== null && /^[\x21-\x7e]{1,512}$/.test(token) ? token : undefined,
    number: readNumber(parameters.get("n")),
  };
}

/**
 * The token of this tab: taken out of the address, so that neither history nor a copied link has it, and kept for
 * reloads. Undefined where this tab was never given one.
 */
export function takeToken(): string | undefined {
  const { token, number } = readFragment(location.hash);
  if (location.hash !== "") {
    const query = new URLSearchParams(location.search);
    if (number !== undefined) query.set("n", String(number));
    const search = query.size === 0 ? "" : `?${query}`;
    history.replaceState(history.state, "", `${location.pathname}${search}`);
  }
  try {
    if (token !== undefined) sessionStorage.setItem(key, token);
    return token ?? sessionStorage.getItem(key) ?? undefined;
  } catch {
    // Storage is switched off: the token lasts until the page is left.
    return token;
  }
}

/** Forgets a token that the server refused. */
export function dropToken(): void {
  try {
    sessionStorage.removeItem(key);
  } catch {
    // Nothing was kept.
  }
}
