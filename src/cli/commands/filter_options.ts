/** Flags that say which indicators are used, by what their STIX objects say. */
import { InvalidArgumentError, Option } from "commander";

/** The flags as commander hands them over. */
export interface FilterFlags {
  readonly minConfidence?: string;
  readonly tlp: readonly string[];
}

const LEVELS = ["white", "clear", "green", "amber", "red"];

function addLevel(level: string, before: readonly string[]): readonly string[] {
  if (LEVELS.includes(level)) return [...before, level];
  throw new InvalidArgumentError(`Allowed choices are ${LEVELS.join(", ")}.`);
}

export function filterOptions(): [confidence: Option, tlp: Option] {
  return [
    new Option("--min-confidence <number>", "only STIX indicators of this confidence, 0 to 100"),
    new Option("--tlp <level>", "only STIX indicators marked so, or not at all; repeatable")
      .argParser(addLevel).default([], "any"),
  ];
}
