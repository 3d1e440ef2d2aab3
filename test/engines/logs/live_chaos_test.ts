import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import type { Position } from "../../../src/engines/logs/live/positions.ts";
import { open } from "../../../src/engines/logs/mod.ts";
import { iocs, withFolder } from "./hunting.ts";

/**
 * What a log goes through, in any order: lines come, it is rotated in the ways of
 * logrotate and packed, the follower stops or dies and starts again. In the end
 * every line must have been matched at least once.
 */
type Step =
  | { readonly type: "write"; readonly lines: number }
  | { readonly type: "writeHalf" | "rename" | "copyTruncate" | "pack" | "settle" | "stop" | "die" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.integer({ min: 1, max: 4 }).map((lines) => ({ type: "write", lines }) as const),
  },
  ...(["writeHalf", "rename", "copyTruncate", "pack", "settle", "stop", "die"] as const)
    .map((type) => ({ weight: 1, arbitrary: fc.constant({ type }) })),
);

function line(number: number): string {
  const timestamp = `2024-05-14T10:00:00.${String(number).padStart(6, "0")}+0000`;
  const event = { timestamp, event_type: "dns", flow_id: number };
  return JSON.stringify({ ...event, dns: { rrname: "example.com", note: "x".repeat(300) } }) + "\n";
}

/** A log and what an application and logrotate do to it. */
function createLog(folder: string) {
  const path = `${folder}/eve.json`;
  let written = 0, half = "";
  const append = (text: string) => Deno.writeTextFileSync(path, text, { append: true });
  const complete = () => {
    append(half);
    half = "";
  };
  /** Makes room for a first part: `.1` becomes `.2` and so on. */
  const shift = () => {
    for (let number = 20; number >= 1; number--) {
      for (const packed of ["", ".gz"]) {
        try {
          Deno.renameSync(`${path}.${number}${packed}`, `${path}.${number + 1}${packed}`);
        } catch (error) {
          if (!(error instanceof Deno.errors.NotFound)) throw error;
        }
      }
    }
  };
  append("");
  return {
    path,
    get written() {
      return written;
    },
    write(lines: number) {
      complete();
      for (let i = 0; i < lines; i++) append(line(written++));
    },
    writeHalf() {
      complete();
      const text = line(written++);
      append(text.slice(0, 50));
      half = text.slice(50);
    },
    rename() {
      complete();
      shift();
      Deno.renameSync(path, `${path}.1`);
      append("");
    },
    copyTruncate() {
      complete();
      shift();
      Deno.copyFileSync(path, `${path}.1`);
      Deno.truncateSync(path, 0);
    },
    pack() {
      try {
        const bytes = Deno.readFileSync(`${path}.1`);
        Deno.writeFileSync(`${path}.1.gz`, gzipSync(bytes));
        Deno.removeSync(`${path}.1`);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    },
    complete,
  };
}

/** Each round of reading looks at everything and saves. */
const PACE = { poll: 1, lookAgain: 0, save: 0 };

/** A follower that is started, stopped and killed; it remembers what it has matched. */
function createFollowing(root: string, idle: number) {
  const indicators = iocs(["domain:example.com"]);
  const seen = new Map<unknown, number>();
  let saved: readonly Position[] = [];
  let saves = Promise.withResolvers<void>();
  let current: { readonly stop: () => Promise<void> } | undefined;
  const positions = {
    load: () => Promise.resolve(saved),
    save(now: readonly Position[]) {
      saved = JSON.parse(JSON.stringify(now));
      saves.resolve();
      saves = Promise.withResolvers();
      return Promise.resolve();
    },
  };

  async function start() {
    const engine = await open({
      paths: [root],
      positions,
      fromStart: true,
      pace: { ...PACE, idle },
    });
    const stop = new AbortController();
    const running = (async () => {
      for await (const batch of engine.live(indicators, stop.signal)) {
        for (const { event } of batch) {
          const number = event.value["flow_id"];
          seen.set(number, (seen.get(number) ?? 0) + 1);
        }
      }
    })();
    return {
      async stop() {
        stop.abort();
        await running;
      },
    };
  }

  return {
    seen,
    async run() {
      current ??= await start();
    },
    /** Waits until a round of reading that begins after now is over. */
    async settle() {
      await this.run();
      await saves.promise;
      await saves.promise;
    },
    async stop() {
      await current?.stop();
      current = undefined;
    },
    /** As `stop`, but what was saved last stays what it was. */
    async die() {
      const before = saved;
      await this.stop();
      saved = before;
    },
  };
}

const ROUNDS = Number(Deno.env.get("BRIDGE_CHAOS_ROUNDS") ?? 40);

for (const root of ["eve.json", ""]) {
  Deno.test(`live() misses no line of ${root || "a folder"} through rotation, stops and deaths`, () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 25 }),
        fc.constantFrom(0, 30, 60_000),
        (steps, idle) =>
          withFolder(async (folder) => {
            const log = createLog(folder);
            const following = createFollowing(`${folder}/${root}`, idle);
            await following.settle();
            for (const step of steps) {
              if (step.type === "write") log.write(step.lines);
              else if (step.type === "settle" || step.type === "stop" || step.type === "die") {
                await following[step.type]();
                await following.run();
              } else {
                // The first lines of a log must have been seen before it is rotated twice.
                if (step.type !== "writeHalf") await following.settle();
                log[step.type]();
              }
            }
            log.complete();
            await following.settle();
            await following.stop();
            const missed = Array.from({ length: log.written }, (_, i) => i)
              .filter((number) => !following.seen.has(number));
            assert.deepEqual(missed, []);
            // Only a death may make the follower see a line again, or a file that takes the
            // inode of one that was packed.
            const again = [...following.seen].filter(([, times]) => times > 1);
            const excused = steps.some(({ type }) => type === "die" || type === "pack");
            if (!excused) assert.deepEqual(again, []);
          }),
      ),
      { numRuns: ROUNDS },
    ));
}
