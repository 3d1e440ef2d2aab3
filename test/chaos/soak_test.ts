import assert from "node:assert/strict";
import { pause, reap, start, until } from "./processes.ts";
import { startBus } from "../../src/threatbus/bus/bus.ts";
import { createRandom } from "./random.ts";

/** `deno task soak`: 30 minutes, 10 million events, 100,000 indicators; the short form is for CI. */
function argument(name: string, fallback: number): number {
  const at = Deno.args.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(Deno.args[at + 1]);
}

const seconds = argument("minutes", 1 / 3) * 60;
const events = argument("events", 200_000);
const indicators = argument("indicators", 20_000);
/** One event in so many is about an indicator. */
const HIT = 100;
/** Bytes after which the log is rotated; the fourth part back is removed. */
const ROTATE = 64 * 1024 * 1024;

interface Sample {
  readonly rss: number;
  readonly descriptors: number;
}

function sample(pid: number): Sample {
  const [, pages] = Deno.readTextFileSync(`/proc/${pid}/statm`).split(" ");
  return {
    rss: Number(pages) * 4096,
    descriptors: [...Deno.readDirSync(`/proc/${pid}/fd`)].length,
  };
}

const stixOf = (number: number) => {
  const at = "2024-01-01T00:00:00.000Z";
  return {
    type: "indicator",
    spec_version: "2.1",
    id: `indicator--00000000-0000-4000-8000-${String(number).padStart(12, "0")}`,
    created: at,
    modified: at,
    pattern: `[domain-name:value = 'bad-${number}.example']`,
    pattern_type: "stix",
    valid_from: at,
  };
};

/** Descriptors of the Worker that checkpoints, which starts when the log of the state has grown. */
const CHECKPOINTS = 10;

const mib = (bytes: number) => (bytes / 1024 / 1024).toFixed(0);

Deno.test("memory and file descriptors stay flat while events pass", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  const folder = await Deno.makeTempDir({ prefix: "bridge-soak-" });
  for (const name of ["logs", "intel"]) Deno.mkdirSync(`${folder}/${name}`);
  const objects = Array.from({ length: indicators }, (_, number) => stixOf(number));
  const bundle = { type: "bundle", id: `bundle--${crypto.randomUUID()}`, objects };
  Deno.writeTextFileSync(`${folder}/intel/all.json`, JSON.stringify(bundle));
  const log = `${folder}/logs/eve.json`;
  Deno.writeTextFileSync(log, "");
  const bus = await startBus(
    { managePort: 0, pubPort: 0, subPort: 0, intel: [`${folder}/intel`] },
    new AbortController().signal,
  );
  const run = start([
    ..."run --live --no-retro --log-level warning --threatbus".split(" "),
    bus.endpoint,
    ...["--logs", `${folder}/logs`, "--state-dir", `${folder}/state`],
    ...["--metrics-listen", "127.0.0.1:0", "--sink", `file:${folder}/hits.json`],
  ]);
  const random = createRandom(1);
  const samples: Sample[] = [];
  let written = 0, hits = 0, rotations = 0;
  const grow = (count: number) => {
    let text = "";
    for (let n = 0; n < count; n++) {
      const isHit = written++ % HIT === 0;
      if (isHit) hits++;
      const name = isHit
        ? `bad-${random.below(indicators)}.example`
        : `host-${random.below(1e6)}.fine.example`;
      text += `{"timestamp":"2024-05-14T10:00:00.000000+0000","flow_id":${written},` +
        `"event_type":"dns","src_ip":"10.0.${
          n & 255
        }.1","dns":{"type":"query","rrname":"${name}"}}\n`;
    }
    Deno.writeTextFileSync(log, text, { append: true });
    if (Deno.statSync(log).size < ROTATE) return;
    Deno.renameSync(log, `${log}.${++rotations}`);
    Deno.writeTextFileSync(log, "");
    if (rotations > 3) Deno.removeSync(`${log}.${rotations - 3}`);
  };
  const arrived = async () => {
    const { stdout } = await new Deno.Command("wc", { args: ["-l", `${folder}/hits.json`] })
      .output();
    return parseInt(new TextDecoder().decode(stdout)) || 0;
  };
  try {
    // The last indicator is in when an event about it arrives; those before then never do.
    await until(
      async () => {
        const last = indicators - 1;
        written++;
        hits++;
        Deno.writeTextFileSync(
          log,
          `{"timestamp":"2024-05-14T10:00:00.000000+0000","flow_id":${written},` +
            `"event_type":"dns","dns":{"type":"query","rrname":"bad-${last}.example"}}\n`,
          { append: true },
        );
        await pause(200);
        return await arrived() > 0;
      },
      120_000,
      () => `the indicators: ${run.log}`,
    );
    const newest = `"flow_id":${written},`;
    await until(
      () => Deno.readTextFileSync(`${folder}/hits.json`).includes(newest),
      60_000,
      () => `event ${written}: ${run.log}`,
    );
    const early = hits - await arrived();
    const perTick = Math.ceil(events / (seconds * 5));
    const begun = performance.now();
    for (let tick = 1; written < events; tick++) {
      grow(perTick);
      samples.push(sample(run.pid));
      await pause(Math.max(0, begun + tick * 200 - performance.now()));
      assert.equal(run.outcome, undefined, run.log);
    }
    await until(async () => await arrived() >= hits - early, 60_000, () => "all hits arrive");
    assert.equal(await arrived(), hits - early);
    check(samples);
  } finally {
    await reap(run);
    await bus.close();
    await Deno.remove(folder, { recursive: true });
  }
});

/** Of the time after warming up, the last part needs hardly more than the first. */
function check(samples: readonly Sample[]): void {
  const warm = samples.slice(Math.floor(samples.length * 0.4));
  const part = Math.floor(warm.length / 3);
  const most = (some: readonly Sample[], of: keyof Sample) =>
    Math.max(...some.map((one) => one[of]));
  const [first, last] = [warm.slice(0, part), warm.slice(-part)];
  const [rss, rssLater] = [most(first, "rss"), most(last, "rss")];
  const [open, openLater] = [most(first, "descriptors"), most(last, "descriptors")];
  console.log(
    `soak: ${events} events, ${indicators} indicators, ${seconds} s: ` +
      `RSS ${mib(rss)} → ${mib(rssLater)} MiB, descriptors ${open} → ${openLater}`,
  );
  assert(rssLater < rss * 1.15 + 16 * 1024 * 1024, "memory grows");
  assert(openLater <= open + 3 + CHECKPOINTS, "descriptors leak");
}
