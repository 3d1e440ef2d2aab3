import { BridgeError, formatPlace } from "../errors.ts";
import { reasonOf } from "../system_error.ts";
import { stripControls } from "../controls.ts";

/**
 * An error as a person reads it: what, where, and what to do. An error that is
 * not ours keeps its message; its stack shows only with `BRIDGE_DEBUG`.
 */
export function describeError(error: unknown, debug = false): string {
  const errors: unknown[] = error instanceof AggregateError ? error.errors : [error];
  const lines = errors.flatMap((one) => {
    const hint = one instanceof BridgeError ? one.hint : undefined;
    return [`bridge: ${headline(one)}`, ...(hint === undefined ? [] : [`  ${hint}`])];
  });
  if (debug && error instanceof Error && error.stack !== undefined) lines.push(error.stack);
  return lines.map(stripControls).join("\n");
}

function headline(error: unknown): string {
  if (error instanceof BridgeError) {
    const place = error.place === undefined ? "" : formatPlace(error.place);
    return place === "" ? error.message : `${place}: ${error.message}`;
  }
  if (error instanceof Deno.errors.NotCapable) return `Not allowed: ${reasonOf(error)}`;
  return error instanceof Error ? error.message : String(error);
}
