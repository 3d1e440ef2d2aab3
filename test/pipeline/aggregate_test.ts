import assert from "node:assert/strict";
import { openSpool } from "../../src/delivery/spool.ts";
import type { Match } from "../../src/engines/engine.ts";
import { loadFormat } from "../../src/formats/registry.ts";
import { hasWindows, openAggregation } from "../../src/pipeline/aggregate.ts";
import { createReport } from "../../src/pipeline/report.ts";
import { openState } from "../../src/state/state.ts";
import { indicator } from "./run/indicators.ts";

const HOUR = 3_600_000;
const TEN = Date.parse("2024-05-14T10:00:00Z");
const never = new AbortController().signal;
const encoder = new TextEncoder(), decoder = new TextDecoder();

/** An event at a time; undefined has none. */
function match(which: number, number: number, at: string | undefined): Match {
  const value = {
    ...(at === undefined ? {} : { timestamp: `2024-05-14T${at}+0000` }),
    flow_id: number,
  };
  return {
    type: "LIVE",
    indicator: indicator(which, `${which}.example`),
    observable: { kind: "domain", value: `${which}.example` },
    where: { source: "eve.json" },
    event: { bytes: encoder.encode(JSON.stringify(value)), value },
  };
}

interface Told {
  readonly id: string;
  readonly created: string;
  readonly modified: string;
  readonly count: number;
  readonly first_seen: string;
  readonly last_seen: string;
  readonly sighting_of_ref: string;
  readonly x_threatbus_sighting_context: { readonly flow_id: number };
}

/** State, spool, a sink for sightings and one for contexts, at a time that stands still. */
async function setUp(
  folder: string,
  at: number,
  given: { window?: number | undefined; maxSize?: number; dropEvents?: boolean } = {},
) {
  const { window, maxSize, dropEvents } = {
    window: HOUR,
    maxSize: 1e9,
    dropEvents: false,
    ...given,
  };
  const state = openState(folder);
  const clock = { now: at };
  const queue = openSpool(state, { maxSize: 1e9, whenFull: "block", dedup: true });
  const all = [
    { label: "bus", format: await loadFormat("sighting") },
    { label: "each", format: await loadFormat("context") },
  ];
  const targets = () => all;
  const now = () => clock.now;
  const aggregation = openAggregation({ db: state.db, window, maxSize, queue, targets, now });
  let fresh = 0;
  const report = createReport({
    targets,
    queue,
    aggregation,
    dropEvents,
    parallel: 1,
    onReported: (_matches, count) => fresh += count,
  });
  const drain = async (sink: string) => {
    const rows = queue.peek(sink, 0, 1000);
    await queue.remove(sink, rows);
    return rows.map(({ body }) => JSON.parse(decoder.decode(body)));
  };
  return {
    state,
    clock,
    aggregation,
    report: (...matches: Match[]) => report(matches, never),
    get fresh() {
      return fresh;
    },
    told: async () => await drain("bus") as Told[],
    each: () => drain("each"),
    due: () => aggregation.emit("due", never),
  };
}

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("many events in a window are one sighting when it closes; other formats get each", () =>
  withFolder(async (folder) => {
    const run = await setUp(folder, TEN + 60_000);
    await run.report(
      match(1, 1, "10:00:30.5"),
      match(1, 2, "10:00:10"),
      match(2, 3, "10:00:20"),
      match(1, 1, "10:00:30.5"),
    );
    await run.report(match(1, 4, "10:00:59"), match(1, 2, "10:00:10"));
    assert.equal(run.fresh, 4);
    assert.equal((await run.each()).length, 4);
    run.clock.now = TEN + HOUR - 1;
    await run.due();
    assert.deepEqual(await run.told(), []);
    run.clock.now = TEN + HOUR;
    await run.due();
    const told = await run.told();
    assert.deepEqual(
      told.map(({ count, first_seen, last_seen }) => [count, first_seen, last_seen]).sort(),
      [
        [1, "2024-05-14T10:00:20Z", "2024-05-14T10:00:20Z"],
        [3, "2024-05-14T10:00:10Z", "2024-05-14T10:00:59Z"],
      ],
    );
    await run.due();
    assert.deepEqual(await run.told(), []);
    await run.state.close();
  }));

Deno.test("a late event tells the same sighting again, with a raised count", () =>
  withFolder(async (folder) => {
    const run = await setUp(folder, TEN + 60_000);
    await run.report(match(1, 1, "10:00:30"));
    run.clock.now = TEN + HOUR;
    await run.due();
    const [before] = await run.told();
    run.clock.now += 1000;
    await run.report(match(1, 2, "10:00:05"), match(1, 3, "11:00:00"));
    await run.due();
    assert.deepEqual(await run.told(), []);
    run.clock.now += 5000;
    await run.due();
    const [after, ...others] = await run.told();
    assert.equal(others.length, 0);
    assert.equal(after!.id, before!.id);
    assert.equal(after!.created, before!.created);
    assert.ok(after!.modified > before!.modified);
    assert.equal(after!.count, 2);
    assert.equal(after!.first_seen, "2024-05-14T10:00:05Z");
    assert.equal(after!.last_seen, "2024-05-14T10:00:30Z");
    assert.equal(after!.x_threatbus_sighting_context.flow_id, 2);
    await run.state.close();
  }));

Deno.test("an open window survives the process, and what it had seen counts once", () =>
  withFolder(async (folder) => {
    const first = await setUp(folder, TEN + 60_000);
    await first.report(match(1, 1, "10:00:30"), match(1, 2, "10:00:31"));
    await first.state.close();
    const second = await setUp(folder, TEN + 120_000);
    await second.report(match(1, 2, "10:00:31"), match(1, 3, "10:01:00"));
    // As at SIGTERM: what is open is told too.
    await second.aggregation.emit("all", never);
    const [partial] = await second.told();
    assert.equal(partial!.count, 3);
    await second.state.close();
    const third = await setUp(folder, TEN + 180_000);
    await third.report(match(1, 4, "10:02:00"));
    third.clock.now = TEN + HOUR;
    await third.due();
    const [whole] = await third.told();
    assert.equal(whole!.id, partial!.id);
    assert.equal(whole!.count, 4);
    await third.state.close();
  }));

Deno.test("events without a time count when they come; a wrong clock holds nothing for years", () =>
  withFolder(async (folder) => {
    const run = await setUp(folder, TEN + 60_000);
    const future = match(2, 2, undefined);
    const value = { timestamp: "2199-01-01T00:00:00Z" };
    await run.report(match(1, 1, undefined), { ...future, event: { ...future.event, value } });
    run.clock.now = TEN + 3 * HOUR;
    await run.due();
    const told = await run.told();
    assert.deepEqual(told.map((one) => one.first_seen).sort(), [
      "2024-05-14T10:01:00Z",
      "2199-01-01T00:00:00Z",
    ]);
    await run.state.close();
  }));

Deno.test("what an earlier process gathered is told also when nothing is aggregated any more", () =>
  withFolder(async (folder) => {
    const first = await setUp(folder, TEN);
    await first.report(match(1, 1, "10:00:30"));
    await first.state.close();
    const second = await setUp(folder, TEN + 1000, { window: undefined });
    assert.ok(hasWindows(second.state.db));
    await second.aggregation.emit("all", never);
    assert.equal((await second.told())[0]!.count, 1);
    assert.ok(!hasWindows(second.state.db));
    await second.report(match(1, 2, "10:00:31"));
    assert.deepEqual((await second.told()).map(({ count }) => count), [undefined]);
    assert.equal((await second.each()).length, 2);
    await second.state.close();
  }));

Deno.test("sinks of other formats get no events if that is asked for", () =>
  withFolder(async (folder) => {
    const run = await setUp(folder, TEN, { dropEvents: true });
    await run.report(match(1, 1, "10:00:30"), match(1, 2, "10:00:31"));
    await run.report(match(1, 1, "10:00:30"));
    assert.deepEqual([run.fresh, await run.each()], [2, []]);
    await run.aggregation.emit("all", never);
    assert.deepEqual((await run.told()).map(({ count }) => count), [2]);
    await run.state.close();
  }));

Deno.test("windows are told early where they would hold more than they may", () =>
  withFolder(async (folder) => {
    const run = await setUp(folder, TEN, { maxSize: 10_000 });
    const counts = new Map<string, number>();
    for (let n = 0; n < 200; n++) {
      await run.report(match(n % 50, n, "10:00:30"));
      const { size } = run.state.db.prepare(
        "SELECT coalesce(sum(length(about) + length(event)), 0) AS size FROM windows",
      ).get()!;
      assert.ok(Number(size) < 12_000, String(size));
    }
    const early = await run.told();
    assert.ok(early.length > 10);
    await run.aggregation.emit("all", never);
    for (const { id, count } of [...early, ...await run.told()]) counts.set(id, count);
    // A later sighting of a window stands for those before it.
    assert.deepEqual([...counts.values()], Array(50).fill(4));
    await run.state.close();
  }));
