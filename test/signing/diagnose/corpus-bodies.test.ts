import { singles, type Single } from "./corpus.ts";
import { testSingles } from "./corpus-singles.ts";

// In a file of their own, so that both are tested at once: the other causes are in corpus.test.ts.
const causes = (Object.keys(singles) as Single[]).filter((cause) => cause.startsWith("body-"));
testSingles(causes, "confusion-bodies.txt");
