import type { Bindable } from "./contract.ts";
import type { Bound } from "./driver.ts";

// Not one over an empty buffer: node:sqlite 22 binds that as NULL.
const noBytes = new Uint8Array(1).subarray(0, 0);
// Both would be stored; a NUL ends the text when libsql and node:sqlite 22 read it, a lone surrogate becomes U+FFFD.
const unreadable = /\0|\p{Surrogate}/u;

/**
 * What both drivers bind alike.
 * @throws TypeError for anything else, as libsql ends the process where it meets a type it does not know
 */
export function bound(parameters: readonly Bindable[]): Bound[] {
  return parameters.map(boundValue);
}

function boundValue(value: Bindable, index: number): Bound {
  const refuse = (what: string): never => {
    throw new TypeError(`parameter ${index + 1} cannot be bound: ${what}`);
  };
  switch (typeof value) {
    case "string":
      return unreadable.test(value) ? refuse("text with a NUL or half of a surrogate pair") : value;
    case "number":
      // Either driver would bind 1 as 1.0.
      if (Number.isSafeInteger(value)) return BigInt(value);
      return Number.isFinite(value) && !Number.isInteger(value) ? value : refuse(`the number ${value}`);
    case "bigint":
      return BigInt.asIntN(64, value) === value ? value : refuse("an integer of more than 64 bits");
    case "boolean":
      return value ? 1n : 0n;
    default:
      if (value === null) return null;
      if (value instanceof Uint8Array) return value.length === 0 ? noBytes : value;
      return refuse(`a value of type ${typeof value}`);
  }
}
