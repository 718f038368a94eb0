import type { Evidence, SignatureScheme } from "../types.ts";
import type { VerifyInput } from "../verify.ts";
import type { Limits } from "./budget.ts";

/** A secret of the user beside those that were tried. */
export interface KnownSecret {
  secret: string;
  /** Id of the provider it is for. */
  provider: string;
  /** What tells the user which one it is, for evidence: `source`, `name`, `endpoint`, `previous`. */
  label: Evidence;
}

/** A provider whose request it may be instead. */
export interface OtherProvider {
  id: string;
  title: string;
  signatures: readonly SignatureScheme[];
  /** Headers that name it, lower case. */
  identify: readonly string[];
}

/** A delivery that verified before, which this one has the very signature of, or the id. */
export interface Intact {
  by: "signature" | "delivery";
  /** Its body, where it was kept. */
  body?: Uint8Array | undefined;
}

export interface DiagnoseInput extends VerifyInput {
  schemes: readonly SignatureScheme[];
  secrets: readonly string[];
  known?: readonly KnownSecret[];
  others?: readonly OtherProvider[];
  intact?: Intact | undefined;
  limits?: Limits;
  /** Milliseconds that only go forward. */
  clock: () => number;
}
