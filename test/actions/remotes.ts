import { answerOf } from "../../src/remote/answer.ts";
import type { Input, Remote, RouteName } from "../../src/remote/contract.ts";
import type { Plane } from "../server/plane.ts";

export interface WatchedRemote extends Remote {
  /** Routes that were called, and whatever else a test writes down. */
  log: string[];
}

/**
 * The API of a control plane in this process.
 * @param options.key acts as this key; as the machine itself where left out
 * @param options.before is told of each call before it is made, and may throw in its place
 */
export function remoteOf(
  plane: Plane,
  { key, before = () => undefined }: { key?: string; before?: (name: RouteName) => void } = {},
): WatchedRemote {
  const log: string[] = [];
  return {
    log,
    async call<Name extends RouteName>(name: Name, input: Input<Name>) {
      log.push(name);
      before(name);
      const { status, body } = await plane.call(name, input as object, key);
      return answerOf(name, status, body);
    },
    close: () => Promise.resolve(),
  };
}
