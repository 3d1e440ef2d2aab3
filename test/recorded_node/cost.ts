/**
 * What a call costs on the recorded machine (2 cores, 20,000 events), fitted to
 * `vast-cli.md` and the recorded cases. Seconds.
 */

import type { Database } from "./database.ts";
import type { Expression } from "./query.ts";

/** Start and end of a client: a fixed sleep, and processor time for its log queue. */
export const CLIENT = {
  /** An export's least time with the default log queue and the small one. */
  whole: { default: 1.05, small: 0.775 },
  /** Processor time, of which the machine has two seconds a second. */
  processor: { default: 0.48, small: 0.08 },
  /** With more clients than this at once the default log queues thrash the memory. */
  thrashing: 16,
  status: 0.31,
  version: 0.29,
  /** What stands around the exporter's work. */
  around: 0.75,
  refused: 0.28,
  /** A client gives up on a node that does not take its request for so long. */
  patience: 10,
  shutdown: 1.1,
} as const;

/** The exporter's work, one query at a time. */
export function exporterSeconds(expression: Expression, rows: number, database: Database): number {
  const { lookups, leaves } = weigh(expression, database);
  return 0.004 + rows * 9e-5 + lookups + 1.3e-5 * leaves * leaves;
}

/** Of one member of a list in one column. */
const ADDRESS = 5.2e-6;
const TEXT = 4.6e-5;
const PATH = 1.1e-4;

/** Members of lists cost by field; joined predicates cost by their number squared. */
function weigh(expression: Expression, database: Database): { lookups: number; leaves: number } {
  if (expression.type === "nothing") return { lookups: 0, leaves: 0 };
  if (expression.type === "predicate") {
    const { extractor, value } = expression;
    const breadth = database.breadth(extractor);
    if (value.type !== "list") {
      return { lookups: 0, leaves: extractor.type === "type" ? 1 : breadth };
    }
    const addresses = value.items[0]?.type === "address";
    const each = addresses ? ADDRESS : extractor.name === "net.uri" ? PATH : TEXT;
    return { lookups: value.items.length * breadth * each, leaves: 0 };
  }
  const parts = expression.parts.map((part) => weigh(part, database));
  return {
    lookups: parts.reduce((sum, part) => sum + part.lookups, 0),
    leaves: parts.reduce((sum, part) => sum + part.leaves, 0),
  };
}
