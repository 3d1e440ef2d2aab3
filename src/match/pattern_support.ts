/** Whether a STIX pattern can be found in logs, without making it ready to. */
import { BridgeError } from "../errors.ts";
import {
  type Comparison,
  observations,
  parseWithProblems,
  PatternError,
} from "../stix/pattern/mod.ts";

/** The table of fields, which a hunt for plain values has no need of. */
let coverage: typeof import("./fields/coverage.ts") | undefined;

/** The engine of regular expressions takes 10 ms to load, and few patterns need it. */
let regexes: typeof import("../stix/eval/regex.ts") | undefined;

/** Makes `patternObstacle` ready for a pattern; wait for this before. */
export async function prepareObstacle(text: string): Promise<void> {
  coverage ??= await import("./fields/coverage.ts");
  if (text.includes("MATCHES")) regexes ??= await import("../stix/eval/regex.ts");
}

/** Throws `InputError` if a regular expression is none, or beyond the engine that runs it. */
function checkRegexes(comparison: Comparison): void {
  if ("operands" in comparison) comparison.operands.forEach(checkRegexes);
  else if (comparison.type === "test" && comparison.operator === "MATCHES") {
    const [constant] = comparison.constants;
    if (constant?.type === "string") regexes?.compileRegex(constant.value.normalize("NFC"));
  }
}

/** Why a pattern can't be found: in words, and in one of few. */
export interface PatternObstacle {
  readonly label: "pattern" | "unseen-field";
  readonly reason: string;
}

/** Why a pattern can't be found in logs; undefined if it can. `prepareObstacle` comes before. */
export function patternObstacle(text: string): PatternObstacle | undefined {
  if (coverage === undefined) throw new Error("prepareObstacle comes before patternObstacle");
  try {
    const { expression, problems } = parseWithProblems(text);
    const problem = problems.find(({ harmless }) => !harmless);
    if (problem !== undefined) throw new PatternError(problem.message, text, problem.column - 1);
    observations(expression).forEach(checkRegexes);
    const unseen = coverage.unseenPaths(expression);
    return unseen.length === 0
      ? undefined
      : { label: "unseen-field", reason: `no log tells ${unseen.join(", ")}` };
  } catch (error) {
    if (error instanceof BridgeError) return { label: "pattern", reason: error.message };
    throw error;
  }
}
