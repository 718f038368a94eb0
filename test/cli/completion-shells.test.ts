import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { has, hookline, pathWith } from "../ci/on-path.ts";
import { createPlace, run, startCommand, type Place } from "./spawn.ts";

/** A place with files of all sorts, and a provider of its own. */
function createProject(): Place {
  const place = createPlace();
  place.write("out/a.xml", "");
  place.write("out/$(touch pwned).xml", "");
  place.write(
    "hookline.json",
    JSON.stringify({
      providers: {
        acme: {
          title: "$(touch pwned)`touch pwned`;touch pwned",
          signatures: [{ kind: "none" }],
          events: { "a:b": { description: "one: $(touch pwned)" }, "a b": { description: "x" } },
        },
      },
    }),
  );
  return place;
}

/** A hookline that answers whatever it is asked with this. */
const answering = (answer: string): string => `cat <<'ANSWER'\n${answer}\nANSWER`;

/** What nobody should ever be asked to complete to: hookline leaves it out, and the scripts are to stand it all the same. */
const hostile = [
  "$(touch pwned)",
  "`touch pwned`",
  "a;touch pwned;b",
  "'$(touch pwned)",
  '"$(touch pwned)',
  "x[$(touch pwned)]",
];

interface Shell {
  name: string;
  /** The lines with the word behind their cursor completed: the only candidate, or as far as all agree. */
  complete(this: void, lines: readonly string[], place: Place, program?: string): Promise<string[]>;
}

/** Runs a script in the shell, which knows hookline's completion as `$1`, and each line behind it. */
async function drive(
  name: string,
  script: readonly string[],
  args: readonly string[],
  place: Place,
  program: string,
) {
  const { stdout: completion } = await run(["completion", name]);
  const file = place.write(`../hookline.${name}`, completion);
  const { stdout, stderr } = await startCommand(name, [...script, file, ...args], {
    place,
    env: { PATH: pathWith({ hookline: program }), TERM: "dumb", LC_ALL: "C.UTF-8" },
  }).finished;
  expect(stderr).toBe("");
  return stdout.split(end).slice(0, -1);
}

/** Stands behind each answer. */
const end = "<end>\n";

/** Readline's part: words are broken where it breaks them, and what stands behind the last break is replaced. */
const bash: Shell = {
  name: "bash",
  async complete(lines, place, program = hookline) {
    const split = lines.map((line) => {
      const words: string[] = line.match(/[:=]+|"[^"]*"?|'[^']*'?|[^\s:="']+/g) ?? [];
      return line.endsWith(" ") ? [...words, ""] : words;
    });
    // Twice, as a start-up file may be read twice.
    const script = `source "$1"; source "$1"; shift
while (($# > 0)); do
  COMP_LINE=$2 COMP_POINT=\${#2} COMP_CWORD=$(($1 - 1)) COMP_WORDS=("\${@:3:$1}")
  shift $(($1 + 2))
  __hookline_complete
  ((\${#COMPREPLY[@]} == 0)) || printf '%s\\n' "\${COMPREPLY[@]}"
  echo '<end>'
done`;
    const args = lines.flatMap((line, index) => {
      const words = split[index] ?? [];
      return [String(words.length), line, ...words];
    });
    const answers = await drive("bash", ["--norc", "-c", script, "bash"], args, place, program);
    return lines.map((line, index) => {
      const last = split[index]?.at(-1) ?? "";
      const replaced = /^[:=]+$/.test(last) ? 0 : last.replace(/^["']/, "").length;
      return completed(line, replaced, answers[index]);
    });
  },
};

const fish: Shell = {
  name: "fish",
  async complete(lines, place, program = hookline) {
    const script = "source $argv[1]; for line in $argv[2..]; complete -C $line; echo '<end>'; end";
    const answers = await drive("fish", ["--no-config", "-c", script, "--"], lines, place, program);
    return lines.map((line, index) =>
      completed(line, line.length - line.lastIndexOf(" ") - 1, answers[index]?.replace(/\t.*/g, "")),
    );
  },
};

/** A whole zsh on a terminal of its own, whose Tab tells the line that it leads to. */
const zsh: Shell = {
  name: "zsh",
  async complete(lines, place, program = hookline) {
    const driver = place.write(
      "../drive.zsh",
      `zmodload zsh/zpty
export SCRIPT=$1; shift
zpty z zsh -f -i
zpty -w z 'PS1= RPS1= LISTMAX=9999; unsetopt beep; stty -echo; autoload -U compinit; compinit -u -D; source "$SCRIPT"
tell() { zle complete-word; print -r -- "<<$BUFFER>>"; BUFFER=; }; zle -N tell; bindkey "^I" tell; print READ"Y"'
zpty -r z seen '*READY*'
for line; do
  zpty -w -n z "$line"$'\\t'
  zpty -r z seen '*<<*>>*'
  print -r -- "$seen<end>"
done
zpty -d z`,
    );
    const answers = await drive("zsh", ["-f", driver], lines, place, program);
    return answers.map((seen) => /<<([^]*)>>/.exec(seen)?.[1]?.trimEnd() ?? seen);
  },
};

/** A line, whose last characters become what all answers begin with. */
function completed(line: string, replaced: number, answers = ""): string {
  const kept = line.slice(0, line.length - replaced);
  return (kept + common(answers.split("\n").slice(0, -1), line.slice(kept.length))).trimEnd();
}

/** What all replies begin with; the word itself where there is none. */
function common(replies: readonly string[], word: string): string {
  return replies.length === 0
    ? word
    : replies.reduce((one, other) => {
        let end = 0;
        while (end < one.length && one[end] === other[end]) end++;
        return one.slice(0, end);
      });
}

describe.each([bash, zsh, fish])("in $name", ({ name, complete }) => {
  const there = has(name);

  test.skipIf(!there)("words become what they can (needs the shell)", async () => {
    const cases: [line: string, becomes: string][] = [
      ["hookline comp", "hookline completion"],
      ["hookline keys rot", "hookline keys rotate"],
      ["hookline replay --prov", "hookline replay --provider"],
      ["hookline replay --provider=fare", "hookline replay --provider=fareplay"],
      ["hookline replay fareplay/order.cr", "hookline replay fareplay/order.created"],
      ["hookline replay inbo", "hookline replay inbox:last"],
      ["hookline replay inbox:", "hookline replay inbox:last"],
      ["hookline replay inbox:l", "hookline replay inbox:last"],
      ["hookline replay --report junit:o", "hookline replay --report junit:out/"],
      ["hookline replay --report=junit:out/", "hookline replay --report=junit:out/a.xml"],
      ["hookline listen --expect acme/a:", "hookline listen --expect acme/a:b"],
      ["hookline replay 'a b' --rep", "hookline replay 'a b' --report"],
      ["hookline keys list --status xx", "hookline keys list --status xx"],
    ];
    const found = await complete(
      cases.map(([line]) => line),
      createProject(),
    );
    expect(found).toEqual(cases.map(([, becomes]) => becomes));
  });

  test.skipIf(!there)("nothing that is typed is evaluated (needs the shell)", async () => {
    const place = createProject();
    await complete(
      [
        "hookline replay $(touch pwned) --prov",
        "hookline replay --provider=$(touch>pwned)=f",
        "hookline replay --set='$(touch pwned)=1' --set='`touch pwned`=",
        "hookline replay x > pwned --prov",
        "hookline snippet ac",
        "hookline replay --report junit:out/",
      ],
      place,
    );
    expect(readdirSync(place.cwd).sort()).toEqual(["hookline.json", "out"]);
  });

  test.skipIf(!there)("nothing that is answered is evaluated (needs the shell)", async () => {
    const place = createProject();
    const lines = ["hookline replay ", "hookline replay --to="];
    const names = hostile.map((text) => `${text}\t${text}`).join("\n");
    await complete(lines, place, answering(`${names}\n:4`));
    // And each alone, as the only answer is put into the line: the word before says which.
    const file = place.write("../hostile", `${hostile.join("\n")}\n`);
    const alone = hostile.map((_, index) => `hookline ${index + 1} `);
    await complete(alone, place, `sed -n "$3p" "${file}"; echo :2`);
    expect(readdirSync(place.cwd).sort()).toEqual(["hookline.json", "out"]);
  });

  test.skipIf(!there)("a program that answers nothing completes nothing (needs the shell)", async () => {
    expect(await complete(["hookline replay fare"], createPlace(), "exit 2")).toEqual([
      "hookline replay fare",
    ]);
  });
});

test.each([bash, zsh])("$name quotes what it is answered (needs the shell)", async ({ name, complete }) => {
  if (!has(name)) return;
  const [line] = await complete(["hookline replay "], createPlace(), answering("$(touch pwned);\n:4"));
  expect(line).toBe(String.raw`hookline replay \$\(touch\ pwned\)\;`);
});
