/** STIX patterns as text and tree. */
export type * from "./ast.ts";
export { PatternError } from "./error.ts";
export { parsePath, parsePattern, parseWithProblems, patternProblems } from "./parser.ts";
export type { ParseOptions, PatternProblem, PatternVersion } from "./parser.ts";
export {
  necessaryPoints,
  objectTypes,
  observations,
  patternPoints,
  prefilterPoints,
} from "./points.ts";
export type { CanFind, PointValue } from "./points.ts";
export {
  printComparison,
  printConstant,
  printPath,
  printPattern,
  printQualifier,
} from "./print.ts";
