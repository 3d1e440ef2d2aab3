import type { Progress } from "../engines/engine.ts";
import { counted } from "./terminal.ts";

const EVERY_MS = 200;
/** A hunt that is over before this never shows a progress line. */
const QUIET_MS = 1000;

/** A line on the terminal that tells how far a hunt has got. */
export interface ProgressLine {
  readonly update: (progress: Progress, hits: number) => void;
  /** Takes the line away, so that something else can be written. */
  readonly clear: () => void;
}

/** Draws on standard error; on anything but a terminal nothing shows. */
export function createProgressLine(now: () => number = Date.now): ProgressLine {
  const begun = now();
  let drawn = false;
  let last = begun + QUIET_MS - EVERY_MS;
  const write = (text: string) => Deno.stderr.writeSync(new TextEncoder().encode(text));
  return {
    update(progress, hits) {
      const at = now();
      if (at - last < EVERY_MS) return;
      last = at;
      drawn = true;
      write(`\r\x1b[K${describeProgress(progress, hits, at - begun)}`);
    },
    clear() {
      if (drawn) write("\r\x1b[K");
      drawn = false;
    },
  };
}

/** `1.2 GB of 4.0 GB (30 %), 810 MB/s, 12 hits, 4 s left`. */
function describeProgress(progress: Progress, hits: number, elapsedMs: number): string {
  const { bytesRead, bytesTotal } = progress;
  const rate = bytesRead / Math.max(elapsedMs / 1000, 0.001);
  const parts = [`${formatBytes(rate)}/s`, counted(hits, "hit")];
  if (bytesTotal === undefined || bytesTotal <= 0) {
    return [formatBytes(bytesRead), ...parts].join(", ");
  }
  const share = Math.min(100, Math.floor((bytesRead / bytesTotal) * 100));
  const left = Math.max(0, Math.ceil((bytesTotal - bytesRead) / Math.max(rate, 1)));
  const read = `${formatBytes(bytesRead)} of ${formatBytes(bytesTotal)} (${share} %)`;
  return [read, ...parts, `${formatSeconds(left)} left`].join(", ");
}

/** A size for people, in decimal units. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes, unit = 0;
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
