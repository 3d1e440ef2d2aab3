import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import type { LiveMark, Match, Trouble } from "../../../src/engines/engine.ts";
import { open } from "../../../src/engines/logs/mod.ts";
import { createNotice } from "../../../src/wait.ts";
import { ioc, iocs, withFolder } from "./hunting.ts";

/** Where in a scenario something happens, in order. */
const POINTS = [
  "before live",
  "read by live",
  "before the indicator",
  "after the indicator",
  "before the hunt",
  "during the hunt",
  "after the hunt",
] as const;
type Point = typeof POINTS[number];

const ROTATIONS: Readonly<Record<string, (log: string) => void>> = {
  none: () => {},
  rename(log) {
    Deno.renameSync(log, `${log}.1`);
    Deno.writeTextFileSync(log, "");
  },
  copytruncate(log) {
    Deno.copyFileSync(log, `${log}.1`);
    Deno.truncateSync(log);
  },
  pack(log) {
    Deno.writeFileSync(`${log}.1.gz`, gzipSync(Deno.readFileSync(log)));
    Deno.removeSync(log);
    Deno.writeTextFileSync(log, "");
  },
};

const eve = (number: number, domain: string) =>
  JSON.stringify({
    timestamp: "2024-05-14T10:00:00.000000+0200",
    flow_id: number,
    event_type: "dns",
    src_ip: "10.0.0.1",
    dns: { type: "query", rrname: domain, note: "x".repeat(300) },
  }) + "\n";

/** What each match told, by the number of its event. */
interface Told {
  readonly types: Map<number, string[]>;
  /** Waits until an event was told; without a number, any. */
  until(number?: number): Promise<void>;
  take(batch: readonly Match[]): void;
}

function createTold(): Told {
  const types = new Map<number, string[]>();
  const news = createNotice();
  return {
    types,
    async until(number) {
      while (number === undefined ? types.size === 0 : !types.has(number)) await news.next();
    },
    take(batch) {
      for (const { type, event } of batch) {
        const number = event.value["flow_id"] as number;
        types.set(number, [...types.get(number) ?? [], type]);
      }
      news.raise();
    },
  };
}

const PACE = { poll: 5, lookAgain: 20, save: 1, idle: 600_000 };
/** More than a batch of matches, so that the hunt hands over in between. */
const OLD = 2500;

/**
 * Events of an indicator that comes while logs are followed, one at each point; the log
 * is rotated at one of them. Gives what was told of each: numbers below 0 are primers.
 */
async function play(
  folder: string,
  paths: readonly string[],
  rotation: string,
  at: Point,
) {
  const log = `${folder}/eve.json`;
  Deno.mkdirSync(folder, { recursive: true });
  const append = (text: string) => Deno.writeTextFileSync(log, text, { append: true });
  const told = createTold();
  let number = OLD, primer = 0;
  const numbers = new Map<Point, number>();
  const reach = (point: Point) => {
    if (point === at) ROTATIONS[rotation]!(log);
    numbers.set(point, ++number);
    append(eve(number, "example.com"));
  };
  /** Waits until live matching has read all that is there. */
  const caughtUp = async () => {
    append(eve(--primer, "primer.example"));
    await told.until(primer);
  };
  let text = "";
  for (let n = 1; n <= OLD; n++) text += eve(n, "example.com");
  append(text);
  reach("before live");
  const set = iocs(["domain:primer.example"]);
  const engine = await open({ paths, live: true, pace: PACE });
  const stop = new AbortController();
  const mark = (): LiveMark => engine.mark!();
  const following = (async () => {
    for await (const batch of engine.live(set, stop.signal)) told.take(batch);
  })();
  // The stream begins somewhere: only from the first event on that is seen it is certain.
  const priming = setInterval(() => append(eve(--primer, "primer.example")), 20);
  await told.until();
  clearInterval(priming);
  reach("read by live");
  await caughtUp();
  reach("before the indicator");
  const question = iocs(["domain:example.com"]);
  set.put(ioc("domain:example.com"));
  const ends = new Map([[0, mark()]]);
  reach("after the indicator");
  await caughtUp();
  reach("before the hunt");
  let batches = 0;
  const query = { indicators: question, maxEvents: 0, ends };
  const hooks = { trouble: ({ what, unread }: Trouble) => assert(!unread, what) };
  for await (const batch of engine.retro(query, hooks, stop.signal)) {
    told.take(batch);
    if (batches++ === 0) reach("during the hunt");
  }
  assert(batches > 1);
  reach("after the hunt");
  await caughtUp();
  stop.abort();
  await following;
  await engine.close();
  return { told: told.types, numbers };
}

/**
 * Each event was told once: before the indicator came as past, after it as stream. What a
 * hunt is `again` cut off from may be told once more, under the same id.
 */
function check({ told, numbers }: Awaited<ReturnType<typeof play>>, again: boolean): void {
  const past = (types: readonly string[] | undefined) => again ? [...new Set(types)] : types;
  for (let number = 1; number <= OLD; number++) assert.deepEqual(past(told.get(number)), ["RETRO"]);
  for (const point of POINTS) {
    const types = past(told.get(numbers.get(point)!));
    const index = POINTS.indexOf(point);
    const expected = index < 2 ? ["RETRO"] : index > 2 ? ["LIVE"] : types?.slice(0, 1);
    assert.deepEqual(types, expected, point);
  }
}

Deno.test("an event is told once, as past or as stream, whatever is rotated when", async (test) => {
  for (const rotation of Object.keys(ROTATIONS)) {
    for (const at of rotation === "none" ? POINTS.slice(0, 1) : POINTS) {
      await test.step(`${rotation} ${at}`, () =>
        withFolder(async (folder) => {
          const again = rotation === "copytruncate" && at === "during the hunt";
          check(await play(folder, [folder], rotation, at), again);
          // What was rotated away before a file was named is not asked for.
          if (at === "before live" && rotation !== "none") return;
          check(await play(`${folder}/one`, [`${folder}/one/eve.json`], rotation, at), again);
        }));
    }
  }
});
