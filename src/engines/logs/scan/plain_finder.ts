/** The kernel's twin in plain TypeScript, for machines whose WebAssembly has no SIMD, and for tests. */
import type { IocSet } from "../../../match/set.ts";
import { OBSERVABLE_KINDS } from "../../../match/observable.ts";
import { unescapeCell } from "../events/tsv_row.ts";
import { createEveryLineFinder } from "./every_line.ts";
import type { CreateFinder, LineFormat } from "./finder.ts";

const HASH = 0x23;
const URL_KIND = OBSERVABLE_KINDS.indexOf("url");

/** Makes a finder that asks the set about every text in a line, without parsing the line. */
export const createPlainFinder: CreateFinder = (needles, format) => {
  const everyLine = createEveryLineFinder(needles, format);
  if (format.type === "lines") return everyLine;
  const { iocs } = needles;
  const decoder = new TextDecoder();
  const candidates: number[] = [];
  return {
    find(block, start, end) {
      const all = everyLine.find(block, start, end);
      const urls = hasUrls(iocs);
      candidates.length = 0;
      for (let i = 0; i < all.length; i += 3) {
        const from = all.candidates[i]!, to = all.candidates[i + 1]!;
        const header = format.type === "tsv" && block[from] === HASH;
        const texts = () => textsIn(decoder.decode(block.subarray(from, to)), format);
        // Two fields may make up a URL; that takes the whole event.
        if (header || urls || texts().some((text) => iocs.has(text))) {
          candidates.push(from, to, all.candidates[i + 2]!);
        }
      }
      return { ...all, candidates, length: candidates.length };
    },
  };
};

function hasUrls(iocs: IocSet): boolean {
  const { kinds, count } = iocs.view();
  return kinds.subarray(0, count).includes(URL_KIND);
}

/** All texts that may be values in a line; keys too. */
function textsIn(line: string, format: LineFormat): string[] {
  if (format.type !== "tsv") {
    return (line.match(/"(?:[^"\\]|\\.)*"/g) ?? []).map(stringOf);
  }
  const setSeparator = String.fromCharCode(format.setSeparator);
  const cells = line.replace(/\r$/, "").split(String.fromCharCode(format.separator));
  return cells.flatMap((cell) => [cell, ...cell.split(setSeparator)]).map(unescapeCell);
}

function stringOf(literal: string): string {
  if (!literal.includes("\\")) return literal.slice(1, -1);
  try {
    return JSON.parse(literal);
  } catch {
    return literal;
  }
}
