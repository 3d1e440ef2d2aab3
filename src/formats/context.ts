import type { Format } from "./format.ts";

/** The event alone; for JSON logs byte for byte as it stands there. */
export function create(): Format {
  return {
    name: "context",
    render: (match) => match.context ?? match.event.bytes,
  };
}
