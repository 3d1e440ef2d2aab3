import type { QueueItem } from "../../src/delivery/queue.ts";

/** A queue item whose id and body follow from a number. */
export function item(number: number, ...sinks: string[]): QueueItem {
  return {
    id: `00000000-0000-5000-8000-${String(number).padStart(12, "0")}`,
    ioc: "example.com",
    matchType: "RETRO",
    indicatorId: "indicator--1",
    bodies: sinks.map((sink) => ({ sink, body: new TextEncoder().encode(`${sink} ${number}`) })),
  };
}

/** A folder that is removed when the test is over. */
export async function withFolder(use: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempDir();
  try {
    await use(path);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

export const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
