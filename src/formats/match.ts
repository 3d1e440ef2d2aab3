import type { Match } from "../engines/engine.ts";
import type { Format } from "./format.ts";

const encoder = new TextEncoder();
const CLOSE = encoder.encode("}");

/**
 * A JSON object a match: `ioc`, `kind` (`pattern` for compound ones), `indicator_id`,
 * `match_type`, `file`, `line`, `field` where known, and `event` as it stands in the log.
 */
export function create(): Format {
  return { name: "match", render };
}

function render(match: Match): Uint8Array {
  const { where } = match;
  const event = match.context ?? match.event.bytes;
  const about = JSON.stringify({
    ioc: iocOf(match),
    kind: match.observable?.kind ?? "pattern",
    indicator_id: match.indicator.id,
    match_type: match.type,
    file: where.source,
    line: where.line,
    field: where.field,
  });
  const head = encoder.encode(`${about.slice(0, -1)},"event":`);
  const line = new Uint8Array(head.length + event.length + 1);
  line.set(head);
  line.set(event, head.length);
  line.set(CLOSE, line.length - 1);
  return line;
}

/** What `%ioc` stands for: the value that was seen, or the pattern where several together matched. */
export function iocOf(match: Match): string {
  return match.observable?.value ?? match.indicator.pattern;
}
