/** The endpoint that a subcommand is about. */
export const idArgument = [
  "[id]",
  "an endpoint, as `endpoints list` names it; asked for on a terminal",
] as const;
