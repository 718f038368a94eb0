export type Style = (text: string) => string;
export type ColourLevel = 0 | 1 | 2 | 3;

/** How text is coloured. A style goes around safe text, never the other way round. */
export interface Theme {
  bold: Style;
  dim: Style;
  red: Style;
  green: Style;
  yellow: Style;
  cyan: Style;
  /** Parts of JSON. */
  key: Style;
  string: Style;
  number: Style;
  /** `true`, `false` and `null`. */
  literal: Style;
  punctuation: Style;
}

const same: Style = (text) => text;
const plain: Theme = {
  bold: same,
  dim: same,
  red: same,
  green: same,
  yellow: same,
  cyan: same,
  key: same,
  string: same,
  number: same,
  literal: same,
  punctuation: same,
};

/** The styles for a colour level of {@link colourLevel}; with 0 text stays as it is and chalk is not loaded. */
export async function createTheme(level: ColourLevel): Promise<Theme> {
  if (level === 0) return plain;
  const { Chalk } = await import("chalk");
  const chalk = new Chalk({ level });
  // Chalk's own functions join all their arguments, so one given to `map` would print the index.
  const one =
    (style: Style): Style =>
    (text) =>
      style(text);
  return {
    bold: one(chalk.bold),
    dim: one(chalk.dim),
    red: one(chalk.red),
    green: one(chalk.green),
    yellow: one(chalk.yellow),
    cyan: one(chalk.cyan),
    key: one(chalk.cyan),
    string: one(chalk.green),
    number: one(chalk.yellow),
    literal: one(chalk.magenta),
    punctuation: one(chalk.dim),
  };
}

export interface ColourOptions {
  /** Of the stream that is coloured: standard output and standard error each have a level. */
  isTTY: boolean;
  /** `NO_COLOR` is set and not empty (no-color.org). */
  noColor: boolean;
  /** Value of `FORCE_COLOR`, read as Node reads it: `0` to `3`, `true` or empty. */
  forceColor?: string | undefined;
  /** `--color` is true, `--no-color` false. */
  flag?: boolean | undefined;
  ci: boolean;
  term?: string | undefined;
  colorterm?: string | undefined;
}

/**
 * How many colours to use: 0 none, 1 sixteen, 2 two hundred and fifty-six, 3 all.
 * The first that says something decides: `--color` or `--no-color`, `FORCE_COLOR`, `NO_COLOR`, then whether the
 * stream is a terminal whose `TERM` is not `dumb`. A CI system's terminal is trusted with sixteen colours only.
 */
export function colourLevel(options: ColourOptions): ColourLevel {
  const able = !options.ci && /^(truecolor|24bit)$/i.test(options.colorterm ?? "") ? 3 : 1;
  if (options.flag !== undefined) return options.flag ? able : 0;
  switch (options.forceColor) {
    case undefined:
      break;
    case "0":
    case "false":
      return 0;
    case "2":
      return 2;
    case "3":
      return 3;
    default:
      return 1;
  }
  if (options.noColor || !options.isTTY || options.term === "dumb") return 0;
  return able;
}
