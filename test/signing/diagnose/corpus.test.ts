import { singles, type Single } from "./corpus.ts";
import { testSingles } from "./corpus-singles.ts";

const causes = (Object.keys(singles) as Single[]).filter((cause) => !cause.startsWith("body-"));
testSingles(causes, "confusion.txt");
