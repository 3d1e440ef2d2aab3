import { domainToUnicode } from "node:url";

/** Labels in other scripts that count, as only so many stand in the last characters. */
const MOST_SCRIPTS = 4;

/**
 * How a canonical domain may be written label by label in its own script, and so end otherwise;
 * nothing for a domain without A-labels.
 */
export function spellingsInScript(domain: string): string[] {
  if (!domain.includes("xn--")) return [];
  let ends = [""];
  let scripts = 0;
  for (const label of domain.split(".").reverse()) {
    const script = domainToUnicode(label);
    const spellings = script === label || scripts++ >= MOST_SCRIPTS ? [script] : [script, label];
    ends = spellings.flatMap((spelling) => ends.map((end) => `${spelling}.${end}`));
  }
  return ends.map((end) => end.slice(0, -1));
}
