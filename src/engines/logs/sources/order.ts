import { compareParts, type Part, rotationOf } from "./rotation.ts";

/** What ordering needs to know of a file. */
export interface Ordered {
  readonly path: string;
  /** Time of the first event, ms since the epoch, if known. */
  readonly firstTime: number | undefined;
}

/**
 * Puts files in the order of time: the parts of a rotated log as their names
 * say, different logs merged by the time of their first event. Logs of unknown
 * time come last.
 */
export function orderByTime<File extends Ordered>(files: readonly File[]): File[] {
  const logs = new Map<string, Queued<File>[]>();
  for (const file of files) {
    const { log, part } = rotationOf(file.path);
    const parts = logs.get(log) ?? [];
    logs.set(log, parts);
    parts.push({ file, part });
  }
  const queues = [...logs.values()];
  // Taken from the end, which costs nothing.
  for (const queue of queues) queue.sort((a, b) => compareParts(b.part, a.part));
  const ordered: File[] = [];
  while (queues.length > 0) {
    const next = queues.reduce((best, queue) => firstTime(queue) < firstTime(best) ? queue : best);
    ordered.push(next.pop()!.file);
    if (next.length === 0) queues.splice(queues.indexOf(next), 1);
  }
  return ordered;
}

interface Queued<File> {
  readonly file: File;
  readonly part: Part;
}

function firstTime(queue: readonly Queued<Ordered>[]): number {
  return queue.at(-1)!.file.firstTime ?? Infinity;
}
