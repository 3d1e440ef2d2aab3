import { LineCounter, parseDocument } from "yaml";
import { ConfigError, type Place } from "../errors.ts";
import type { Locate } from "./check.ts";
import { oneOrAll } from "./check.ts";

/** A YAML file with the means to say where each value stands. */
export interface ConfigFile {
  readonly path: string;
  readonly value: unknown;
  readonly locate: Locate;
}

/**
 * Parses a YAML text.
 *
 * @throws ConfigError with line and column
 */
export function parseConfigFile(path: string, text: string): ConfigFile {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter });
  if (document.errors.length > 0) {
    throw oneOrAll(document.errors.map((error) => {
      const at = error.linePos?.[0];
      const place: Place = { file: path, ...(at ? { line: at.line, column: at.col } : {}) };
      return new ConfigError(error.message.split("\n")[0]!.replace(/ at line.*$/, ""), { place });
    }));
  }
  const locate: Locate = (keys) => {
    for (let depth = keys.length; depth > 0; depth--) {
      const node = document.getIn(keys.slice(0, depth), true);
      const range = (node as { range?: readonly number[] } | undefined)?.range;
      if (range) {
        const { line, col } = lineCounter.linePos(range[0]!);
        return { file: path, line, column: col };
      }
    }
    return { file: path };
  };
  return { path, value: document.toJS({ maxAliasCount: 100 }), locate };
}
