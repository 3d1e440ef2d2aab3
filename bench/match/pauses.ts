/**
 * The longest pieces of work while a set grows to a million values, loses most of them and is filled
 * again, with the kernel's filter kept up in between: what an event of a live log waits for.
 *
 *     deno run -A bench/match/pauses.ts [values, default 1,000,000] [rounds, default 3]
 *
 * A piece is some changes in a row, as they come from the bus, or one update of the filter. Each is
 * the least of several rounds that do the same, in CPU time of the thread: what comes of the garbage
 * collector, of compiling or of others on the machine is not at the same place each time.
 */
import { createKernelFinders } from "../../src/engines/logs/scan/kernel_finder.ts";
import { createIocSet } from "../../src/match/ioc_set.ts";
import type { Observable } from "../../src/match/observable.ts";
import { createRandom } from "./corpus.ts";

const [values = "1000000", rounds = "3"] = Deno.args;
const most = Number(values);
/** Changes in a piece. */
const PIECE = 256;
/** Pieces between two updates of the filter. */
const PIECES = 4;
/** CLOCK_THREAD_CPUTIME_ID of clock_gettime(2). */
const THREAD_CPU = 3;

const libc = Deno.dlopen("libc.so.6", {
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
});
const clock = new BigInt64Array(2);

/** CPU time of this thread, ms. */
function cpu(): number {
  libc.symbols.clock_gettime(THREAD_CPU, clock);
  return Number(clock[0]) * 1e3 + Number(clock[1]) / 1e6;
}

function valueOf(number: number): Observable {
  const hex = (Math.imul(number + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, "0");
  switch (number % 5) {
    case 0:
      return {
        kind: "ipv4",
        value: `198.${number >>> 16 & 255}.${number >>> 8 & 255}.${number & 255}`,
      };
    case 1:
      return { kind: "sha256", value: hex.repeat(8) };
    case 2:
      return { kind: "url", value: `http://host-${hex}.example.com/${hex}/index.php` };
    default:
      return { kind: "domain", value: `host-${hex}.example.com` };
  }
}

type Pieces = Record<"add" | "remove" | "filter", number[]>;

/** Does everything once; gives how long each piece took, ms. */
function round(): Pieces {
  const pieces: Pieces = { add: [], remove: [], filter: [] };
  const iocs = createIocSet();
  const finder = createKernelFinders()({ iocs }, { type: "json" });
  const nothing = new Uint8Array(0);
  const timed = (name: keyof Pieces, work: () => void) => {
    const start = cpu();
    work();
    pieces[name].push(cpu() - start);
  };
  const change = (name: "add" | "remove", numbers: readonly number[]) => {
    for (let at = 0; at < numbers.length; at += PIECE) {
      const some = numbers.slice(at, at + PIECE).map((number) =>
        [valueOf(number), number] as const
      );
      timed(name, () => {
        for (const [value, number] of some) iocs[name](value, number);
      });
      if (at / PIECE % PIECES === 0) timed("filter", () => void finder.find(nothing, 0, 0));
    }
  };
  const all = Array.from({ length: most }, (_, number) => number);
  change("add", all);
  const random = createRandom(3);
  const order = all.map((number) => [random(2 ** 30), number] as const)
    .sort(([a], [b]) => a - b).map(([, number]) => number);
  const gone = order.slice(0, most * 0.9);
  change("remove", gone);
  change("add", gone);
  return pieces;
}

const done = Array.from({ length: Number(rounds) }, round);
console.log(`${most} values; of ${rounds} rounds the least, ms of CPU time`);
for (const name of ["add", "remove", "filter"] as const) {
  const least = done[0]![name].map((_, i) => Math.min(...done.map((pieces) => pieces[name][i]!)));
  const sum = least.reduce((sum, took) => sum + took, 0);
  least.sort((a, b) => b - a);
  const longest = least.slice(0, 5).map((took) => took.toFixed(2)).join(" ");
  const beyond = [1, 5, 10].map((ms) => `${least.filter((took) => took > ms).length} > ${ms}`);
  console.log(
    `${name.padEnd(7)} ${least.length} pieces, ${sum.toFixed(0)} in all; ${
      beyond.join(", ")
    }; longest ${longest}`,
  );
}
