/** Flags that say which indicators are used, by what their STIX objects say. */
import type { Flag } from "./flags.ts";

/** The flags as they are read. */
export interface FilterFlags {
  readonly minConfidence?: string;
  readonly tlp: readonly string[];
}

export const MIN_CONFIDENCE: Flag = {
  flags: "--min-confidence <number>",
  doc: "only STIX indicators of this confidence, 0 to 100",
};

export const TLP: Flag = {
  flags: "--tlp <level>",
  doc: "only STIX indicators marked so, or not at all; repeatable",
  choices: ["white", "clear", "green", "amber", "red"],
  repeatable: "any",
};
