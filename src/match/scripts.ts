import { domainToUnicode } from "node:url";

/** Labels in other scripts that count, as only so many stand in the last characters. */
const MOST_SCRIPTS = 4;

/**
 * How a canonical domain may be written label by label in its own script, and so end otherwise;
 * nothing for a domain without A-labels. A user may stand before it, as in URLs.
 */
export function spellingsInScript(name: string): string[] {
  if (!name.includes("xn--")) return [];
  const at = name.lastIndexOf("@") + 1;
  const user = name.slice(0, at), domain = name.slice(at);
  let ends = [""];
  let scripts = 0;
  for (const label of domain.split(".").reverse()) {
    const script = domainToUnicode(label);
    const spellings = script === label || scripts++ >= MOST_SCRIPTS ? [script] : [script, label];
    ends = spellings.flatMap((spelling) => ends.map((end) => `${spelling}.${end}`));
  }
  return ends.map((end) => user + end.slice(0, -1));
}
