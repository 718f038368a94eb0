import type { Findings } from "./difference.ts";

/** Characters and parameters of a form that is taken apart. */
const longest = 2_000_000;
const mostParameters = 10_000;

/** What `application/x-www-form-urlencoded` is written with, and what some leave unescaped in it. */
const parameter = /^[\w.~!$'()*,;:@/?%[\]+-]+=[\w.~!$'()*,;:@/?%[\]+=-]*$/;

/** Whether text is a form as browsers and Slack send it: `name=value&name=value`. */
export function isForm(text: string): boolean {
  if (text.length > longest || !text.includes("=")) return false;
  const parts = text.split("&");
  return parts.length <= mostParameters && parts.every((part) => parameter.test(part));
}

interface Parameter {
  name: string;
  /** How often the name came before: the same parameter may come several times. */
  nth: number;
  value: string;
  /** The whole as it is written. */
  raw: string;
}

/** Compares forms parameter by parameter, by their names. */
export function diffForms(before: string, after: string, findings: Findings): void {
  const [olds, news] = [parametersOf(before), parametersOf(after)];
  const common: string[] = [];
  for (const [key, old] of olds) {
    const now = news.get(key);
    const path = (): string => old.name;
    if (now === undefined) findings.add("removed", path, old.raw);
    else {
      common.push(key);
      if (old.raw !== now.raw)
        findings.add(old.value === now.value ? "written" : "changed", path, old.raw, now.raw);
    }
  }
  for (const [key, now] of news)
    if (!olds.has(key)) findings.add("added", () => now.name, undefined, now.raw);
  const order = [...news.keys()].filter((key) => olds.has(key));
  if (order.some((key, index) => key !== common[index])) {
    const names = (keys: readonly string[]): string =>
      keys.map((key) => olds.get(key)?.name ?? "").join(", ");
    findings.add("order", () => "", names(common), names(order));
  }
}

function parametersOf(text: string): Map<string, Parameter> {
  const seen = new Map<string, number>();
  const found = new Map<string, Parameter>();
  for (const raw of text.split("&")) {
    const equals = raw.indexOf("=");
    const name = decoded(raw.slice(0, equals));
    const nth = seen.get(name) ?? 0;
    seen.set(name, nth + 1);
    found.set(`${nth} ${name}`, { name, nth, value: decoded(raw.slice(equals + 1)), raw });
  }
  return found;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}
