import assert from "node:assert/strict";
import type { Engine, Match, Trouble } from "../../../src/engines/engine.ts";
import type { IndicatorSet } from "../../../src/intel/indicator.ts";
import { sightingBytes } from "../../../src/stix/sighting.ts";
import { cutEvents } from "../../recorded_node/mod.ts";
import { startNode } from "../../recorded_node/node.ts";
import { withEngine } from "./hunting.ts";
import { indicatorOf, indicatorSet } from "./indicators.ts";

const event = (address: string, state = "SF") =>
  `{"ts": "${
    new Date().toISOString().slice(0, 23)
  }", "id.orig_h": "${address}", "conn_state": "${state}"}`;

const sightingOf = (match: Match) => new TextDecoder().decode(sightingBytes(match));

/** Live matching under way: its matches one by one, and its end. */
function watch(engine: Engine, indicators: IndicatorSet) {
  const controller = new AbortController();
  const stream = engine.live(indicators, controller.signal)[Symbol.asyncIterator]();
  const waiting: Match[] = [];
  return {
    async next(): Promise<Match> {
      while (waiting.length === 0) {
        const { value, done } = await stream.next();
        if (done) throw new Error("live matching ended");
        waiting.push(...value);
      }
      return waiting.shift()!;
    },
    async [Symbol.asyncDispose]() {
      const rest = stream.next();
      controller.abort();
      assert.equal((await rest).done, true);
    },
  };
}

const stateOf = ({ event }: Match) => event.value["conn_state"];

Deno.test("live() matches the event stream here, and changes of the set count at once", async () => {
  await withEngine(async (engine, { node }) => {
    const indicators = indicatorSet(["9.9.9.9"]);
    await using live = watch(engine, indicators);
    const first = live.next();
    await node.watching(1);
    node.feed([event("9.9.9.8"), event("9.9.9.9", "A")]);
    const match = await first;
    assert.deepEqual(
      [match.type, match.indicator.id, match.where],
      ["LIVE", indicatorOf("9.9.9.9").id, { source: "vast", field: "id.orig_h" }],
    );
    indicators.put(indicatorOf("9.9.9.7"));
    indicators.remove(indicatorOf("9.9.9.9").id);
    node.feed([event("9.9.9.9"), event("9.9.9.7", "B")]);
    assert.equal(stateOf(await live.next()), "B");
    assert.equal(engine.health!().type, "up");
  });
});

for (const how of ["stop", "kill"] as const) {
  Deno.test(`live() survives a ${how} of the node and looks up what came in between`, async () => {
    await withEngine(async (engine, { node }) => {
      await using live = watch(engine, indicatorSet(["9.9.9.9"]));
      const first = live.next();
      await node.watching(1);
      const before = event("9.9.9.9", "before");
      node.feed([before]);
      assert.equal(stateOf(await first), "before");
      await node[how]();
      // The node comes back with what was committed before, and with what nobody saw.
      const encoder = new TextEncoder();
      const missed = event("9.9.9.9", "missed");
      const old = event("9.9.9.9", "old").replace(/"ts": "\d+/, '"ts": "2011');
      const events = [...cutEvents(), ...[before, missed, old].map((line) => encoder.encode(line))];
      const again = startNode({ events, port: node.port });
      try {
        const next = live.next();
        await again.watching(1);
        const match = await next;
        assert.deepEqual([stateOf(match), match.type], ["missed", "LIVE"]);
        again.feed([event("9.9.9.9", "after")]);
        assert.equal(stateOf(await live.next()), "after");
      } finally {
        await again.kill();
      }
    }, { patience: Infinity });
  });
}

Deno.test("live() tells a matcher its indicators and reads the results", async () => {
  await withEngine(async (engine, { node }) => {
    const indicators = indicatorSet(["9.9.9.9", "evil.example"]);
    await using live = watch(engine, indicators);
    const first = live.next();
    await node.watching(1);
    const told = () => [...node.matchers.get("m") ?? []].map(([value]) => value).sort();
    await node.until(() => told().length === 2);
    const id = indicatorOf("9.9.9.9").id;
    assert.equal(node.matchers.get("m")!.get("9.9.9.9"), `threatbus__${id}`);
    node.feed([event("9.9.9.9", "A").replace("}", ', "big": 12345678901234567890}')]);
    const match = await first;
    assert.deepEqual([match.type, match.indicator.id, match.observable?.value], [
      "LIVE",
      id,
      "9.9.9.9",
    ]);
    assert.match(
      new TextDecoder().decode(match.event.bytes),
      /^\{"ts".*"big": 12345678901234567890\}$/,
    );

    indicators.remove(id);
    indicators.put(indicatorOf("9.9.9.7"));
    await node.until(() => told().join() === "9.9.9.7,evil.example");

    // A probabilistic matcher gives no context; lines of others and garbage are passed over.
    const line = (value: unknown, context: string | null) =>
      JSON.stringify({
        indicator: { value, context },
        type: "zeek.conn",
        event: { ts: "2026-11-21", value },
      }) + "\n";
    node.emit("not json\n[1]\n" + line(null, null) + line("evil.example", '"foo"'));
    // A value that is missing or a number costs no hit.
    const named = indicatorOf("evil.example").id;
    node.emit(line(null, `"threatbus__${named}"`) + line(5, null));
    // As the real app writes them (golden/threatbus/05b-live.txt, "value null / number").
    const silent = await live.next();
    assert.equal(silent.indicator.id, named);
    assert.doesNotMatch(sightingOf(silent), /x_threatbus_indicator/);
    assert.match(sightingOf(await live.next()), /,"x_threatbus_indicator_value":5,/);
    node.emit(line("evil.example", null) + line("other.example", null));
    const probable = await live.next();
    assert.equal(probable.indicator.id, indicatorOf("evil.example").id);
    const unknown = await live.next();
    assert.equal(unknown.indicator.id, "note--00000000-0000-4000-8000-000000000000");
    assert.equal(unknown.observable!.value, "other.example");
  }, { matcher_name: "m", node: { features: ["matcher"] } });
});

Deno.test("live() attaches again and tells all anew when the node comes back", async () => {
  await withEngine(async (engine, { node }) => {
    await using live = watch(engine, indicatorSet(["9.9.9.9"]));
    const first = live.next();
    await node.watching(1);
    await node.kill();
    const again = startNode({ events: [], port: node.port });
    try {
      await again.watching(1);
      await again.until(() => again.matchers.get("m")?.has("9.9.9.9") === true);
      again.feed([event("9.9.9.9", "A")]);
      assert.equal(stateOf(await first), "A");
    } finally {
      await again.kill();
    }
  }, { matcher_name: "m", patience: Infinity, node: { features: ["matcher"] } });
});

Deno.test("live() takes the event stream when the node has no matcher plugin", async () => {
  await withEngine(async (engine, { node }) => {
    await using live = watch(engine, indicatorSet(["9.9.9.9"]));
    const first = live.next();
    await node.watching(1);
    node.feed([event("9.9.9.9", "A")]);
    assert.equal(stateOf(await first), "A");
  }, { matcher_name: "m" });
});

Deno.test("live() passes over lines of the stream that are no JSON", async () => {
  await withEngine(async (engine, { node }) => {
    node.fail({ times: 1, stdout: "garbage\n" });
    await using live = watch(engine, indicatorSet(["9.9.9.9"]));
    const first = live.next();
    await node.watching(1);
    node.feed([event("9.9.9.9", "A")]);
    assert.equal(stateOf(await first), "A");
  });
});

const TIMES = { poll: 50, doubt: 50, shown: 50, settling: 10 };
const isStream = (query: string) => query.startsWith("#type !=");

for (
  const [what, fault] of [
    ["refuses the stream", { stderr: "!! parse_error\n", exit: 1 }],
    ["shows nothing on the stream", { hang: true }],
  ] as const
) {
  Deno.test(`live() asks the past again and again on a node that ${what}`, async () => {
    await withEngine(async (engine, { node }) => {
      node.fail({ when: isStream, ...fault });
      await using live = watch(engine, indicatorSet(["9.9.9.9", "lvb.avg.com"]));
      const first = live.next();
      await node.asked(1);
      let found = false;
      const row = event("9.9.9.9", "new");
      // Committed after the first look at the node's count, whenever that is; told once.
      const feeding = (async () => {
        while (!found) {
          node.feed([row]);
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      })();
      const match = await first;
      found = true;
      await feeding;
      assert.deepEqual([stateOf(match), match.type], ["new", "LIVE"]);
      assert.equal(engine.health!().type, "up");
    }, { times: TIMES, patience: Infinity });
  });
}

Deno.test("live() tells troubles to who asked for them, each once", async () => {
  await withEngine(async (engine, { node }) => {
    const troubles: Trouble[] = [];
    const stop = new AbortController();
    const hooks = { trouble: (trouble: Trouble) => void troubles.push(trouble) };
    const stream = engine.live(indicatorSet(["9.9.9.9"]), stop.signal, hooks);
    node.fail({ when: isStream, times: 1, stdout: "garbage\n[1]\n" });
    const iterator = stream[Symbol.asyncIterator]();
    const next = iterator.next();
    await node.watching(1);
    node.feed([event("9.9.9.9")]);
    assert.equal((await next).done, false);
    const rest = iterator.next();
    stop.abort();
    await rest;
    assert.deepEqual(troubles.map(({ what, count, unread }) => [what, count, unread]), [
      ["lines of the event stream are no JSON objects", 2, true],
    ]);
  });
});
