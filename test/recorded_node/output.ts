/** What the recorded node writes. */

import type { Row } from "./database.ts";

const encoder = new TextEncoder();
const NEWLINE = encoder.encode("\n");

/** The lines of a matcher for one event, as the ancestor expects them. */
export function matcherLines(row: Row, values: ReadonlyMap<string, string>): string[] {
  const found = new Set(row.values.flat().filter((value) => values.has(value as string)));
  const event = new TextDecoder().decode(row.bytes);
  return Array.from(found, (value) => {
    const context = JSON.stringify(JSON.stringify(values.get(value as string)));
    const indicator = `{"value": ${JSON.stringify(value)}, "context": ${context}}`;
    return `{"indicator": ${indicator}, "type": "${row.shape.layout}", "event": ${event}}`;
  });
}

/** Numbers as `vast status` writes them. */
export function counted(layouts: Record<string, number>): Record<string, { count: number }> {
  return Object.fromEntries(Object.entries(layouts).map(([name, count]) => [name, { count }]));
}

/** Rows as standard output has them. */
export function joinRows(rows: readonly Row[]): Uint8Array {
  const size = rows.reduce((sum, { bytes }) => sum + bytes.length + 1, 0);
  const joined = new Uint8Array(size);
  let at = 0;
  for (const { bytes } of rows) {
    joined.set(bytes, at);
    joined.set(NEWLINE, at + bytes.length);
    at += bytes.length + 1;
  }
  return joined;
}

/** A text as bytes. */
export function toBytes(text: string | Uint8Array): Uint8Array {
  return typeof text === "string" ? encoder.encode(text) : text;
}

/** A time as VAST's log writes it. */
export function ms(seconds: number): string {
  return `${(seconds * 1000 + 0.5).toFixed(2)}ms`;
}
