import { type Document, LineCounter, parseDocument, visit } from "yaml";
import { ConfigError, type Place } from "../errors.ts";
import type { Locate } from "./check.ts";
import { oneOrAll } from "./check.ts";

/** A YAML file with the means to say where each value stands. */
export interface ConfigFile {
  readonly path: string;
  readonly value: unknown;
  readonly locate: Locate;
}

/** One slip makes an error of every line after it; nobody reads them all. */
const MOST_ERRORS = 20;

/**
 * Parses a YAML text.
 *
 * @throws ConfigError with line and column
 */
export function parseConfigFile(path: string, text: string): ConfigFile {
  const lineCounter = new LineCounter();
  // Merge keys (<<) are of YAML 1.1, but the ancestor's readers know them, and so do people.
  const document = parseDocument(text, { lineCounter, prettyErrors: false, merge: true });
  if (document.errors.length > 0) {
    throw oneOrAll(
      document.errors.slice(0, MOST_ERRORS).map((error) => {
        const at = lineCounter.linePos(error.pos[0]);
        const place: Place = { file: path, line: at.line, column: at.col };
        const message = error.code === "MULTIPLE_DOCS"
          ? "A second document (---) begins here: a configuration is one"
          : error.message.split("\n")[0]!;
        return new ConfigError(message, { place });
      }),
    );
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
  return { path, value: plainValue(document, path, lineCounter), locate };
}

/** Aliases are followed only here: one without an anchor, or too many of them, is an error of the file. */
function plainValue(document: Document, path: string, lineCounter: LineCounter): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    if (!(error instanceof ReferenceError)) {
      throw new ConfigError((error as Error).message, { place: { file: path }, cause: error });
    }
    const alias = /: (\S+)$/.exec(error.message)?.[1];
    let offset: number | undefined;
    visit(document, {
      Alias(_, node) {
        if (alias !== undefined && node.source !== alias) return;
        offset = node.range?.[0];
        return visit.BREAK;
      },
    });
    const at = offset === undefined ? undefined : lineCounter.linePos(offset);
    throw new ConfigError(error.message, {
      place: { file: path, ...(at ? { line: at.line, column: at.col } : {}) },
      hint:
        "An alias (*name) needs an anchor (&name) before it; put a text that begins with * in quotes.",
      cause: error,
    });
  }
}
