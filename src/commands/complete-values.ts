import type { Candidate, Names } from "../actions/complete.ts";
import type { Place } from "./complete-words.ts";

/** What a word may become. */
export interface Completion {
  candidates: readonly Candidate[];
  /** The shell completes files where none of the candidates fits. */
  files: boolean;
}

export const shells = ["bash", "zsh", "fish", "powershell"] as const;

type Values = (names: Names, place: Place) => Completion | Promise<Completion>;

const only = (candidates: readonly Candidate[]): Completion => ({ candidates, files: false });
const oneOf =
  (...values: readonly string[]): Values =>
  () =>
    only(values.map((value) => ({ value })));

const files: Values = () => ({ candidates: [], files: true });
const providers: Values = async (names) => only(await names.providers());
const profiles: Values = async (names) => only(await names.profiles());
const events: Values = async (names, { given }) => only(await names.events(given.get("--provider")));
const providerEvents: Values = async (names, { word }) => only(await names.providerEvents(word));
const payloads: Values = async (names, { word }) => ({
  candidates: [
    ...(await names.payloads(word)),
    { value: "inbox:last", description: "what came last to a listener" },
  ],
  files: true,
});

/** Types with commas between: the last one is completed. */
const eventList: Values = async (names, place) => {
  const before = place.word.slice(0, place.word.lastIndexOf(",") + 1);
  const { candidates } = await events(names, place);
  return only(candidates.map((one) => ({ ...one, value: before + one.value })));
};

/** Areas and ids of checks with commas between; those of events once the provider is told. */
const checkList: Values = async (names, { word, given }) => {
  const { checkNames } = await import("../actions/check-names.ts");
  const provider = given.get("--provider");
  const events = provider === undefined ? [] : await names.events(provider);
  const before = word.slice(0, word.lastIndexOf(",") + 1);
  return only(checkNames(events.map(({ value }) => value)).map((name) => ({ value: before + name })));
};

/** A format and, behind it, a file. */
const reports: Values = (names, { word }) => {
  const formats = ["junit:", "json:", "markdown:", "html:", "github"];
  const format = formats.find((one) => one.endsWith(":") && word.startsWith(one));
  if (format === undefined) return only(formats.map((value) => ({ value })));
  return only(names.files(word.slice(format.length)).map(({ value }) => ({ value: format + value })));
};

/** By the flag, behind the first name of its command where the flag means another thing elsewhere. */
const valuesOfFlags = new Map<string, Values>([
  ["--provider", providers],
  ["--profile", profiles],
  ["--tamper", (names) => only(names.tamperings())],
  ["--report", reports],
  ["--lang", (names) => only(names.snippetLanguages())],
  ["--scope", (names) => only(names.scopes())],
  ["--print", oneOf("line", "body", "full", "none")],
  ["--expect", providerEvents],
  ["--type", events],
  ["--event", events],
  ["--events", eventList],
  ["check --only", checkList],
  ["check --skip", checkList],
  ["keys --status", oneOf("live", "dead")],
  ["endpoints --status", oneOf("enabled", "disabled")],
  ["deliveries --status", oneOf("pending", "sending", "succeeded", "failed", "cancelled")],
]);

/** By the command, and the place of the argument among its own. */
const valuesOfArguments = new Map<string, readonly Values[]>([
  ["replay", [payloads]],
  ["sign", [payloads]],
  ["events publish", [payloads]],
  ["fixtures show", [payloads]],
  ["fixtures list", [providers]],
  ["fixtures new", [providerEvents, files]],
  ["snippet", [providers]],
  ["secrets", [providers]],
  ["providers show", [providers]],
  ["profiles use", [profiles]],
  ["profiles show", [profiles]],
  ["profiles delete", [profiles]],
  ["logout", [profiles]],
  ["inbox show", [oneOf("last")]],
  ["inbox replay", [oneOf("last")]],
  ["test", [files]],
  ["completion", [oneOf(...shells)]],
]);

/** What the word at that place may become, whatever it begins with now. */
export function valuesAt(names: Names, place: Place): Completion | Promise<Completion> {
  const { command, path, operands, option } = place;
  if (option !== undefined) {
    const long = option.long ?? "";
    const values = valuesOfFlags.get(`${path[0]} ${long}`) ?? valuesOfFlags.get(long);
    if (values !== undefined) return values(names, place);
    return { candidates: [], files: /<(?:file|folder)\b/.test(option.flags) };
  }
  const { registeredArguments } = command;
  const index = Math.min(operands, registeredArguments.length - 1);
  const argument = registeredArguments[index];
  if (argument === undefined || (operands > index && !argument.variadic)) return only([]);
  return valuesOfArguments.get(path.join(" "))?.[index]?.(names, place) ?? only([]);
}
