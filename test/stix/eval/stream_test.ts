import assert from "node:assert/strict";
import * as fc from "fast-check";
import { matchObservations, readObservedData } from "../../../src/stix/eval/match_observed.ts";
import type { Observation } from "../../../src/stix/eval/observation.ts";
import { createPatternMatcher } from "../../../src/stix/eval/stream.ts";
import { parsePattern } from "../../../src/stix/pattern/mod.ts";
import type { JsonObject } from "../../../src/json.ts";
import { asStix20, pattern, world } from "../../interop/stix/cases.ts";

/** Random observations of one instant each. */
const instants = world.map((world) =>
  readObservedData(
    asStix20(world.map((item) => ({ ...item, length: 0, count: 1 }))) as JsonObject[],
  )
);

function feedAll(
  matcher: ReturnType<typeof createPatternMatcher<Observation>>,
  all: Observation[],
) {
  const matches = all.flatMap((observation) => matcher.feed(observation, observation));
  return [...matches, ...matcher.end()];
}

Deno.test("createPatternMatcher() finds in a stream what matchObservations() finds in all at once", () => {
  fc.assert(
    fc.property(pattern("2.1"), instants, (text, observations) => {
      const tree = parsePattern(text);
      const expected = matchObservations(tree, observations).length > 0;
      const sorted = observations.toSorted((a, b) => a.first - b.first);
      for (const order of ["stream", "any"] as const) {
        const matcher = createPatternMatcher<Observation>({ order });
        matcher.add(7, tree);
        const matches = feedAll(matcher, order === "stream" ? sorted : observations);
        assert.equal(matches.length > 0, expected, order);
        for (const { handle, events } of matches) {
          assert.equal(handle, 7);
          // What a match names fulfils the pattern by itself.
          assert(matchObservations(tree, events).length > 0);
        }
      }
    }),
    { numRuns: Number(Deno.env.get("RUNS") ?? 1500) },
  );
});

Deno.test("createPatternMatcher() gives many patterns what each alone gets", () => {
  fc.assert(
    fc.property(fc.array(pattern("2.1"), { maxLength: 8 }), instants, (texts, observations) => {
      const trees = texts.map((text) => parsePattern(text));
      const all = createPatternMatcher<Observation>();
      trees.forEach((tree, handle) => all.add(handle, tree));
      const together = feedAll(all, observations);
      trees.forEach((tree, handle) => {
        const one = createPatternMatcher<Observation>();
        one.add(handle, tree);
        assert.deepEqual(
          together.filter((match) => match.handle === handle),
          feedAll(one, observations),
        );
      });
      trees.forEach((_, handle) => assert(all.remove(handle)));
      assert.equal(all.size, 0);
      assert.deepEqual(feedAll(all, observations), []);
    }),
  );
});

const at = (seconds: number, value: string): Observation => ({
  objects: { "0": { type: "ipv4-addr", value } },
  first: seconds * 1e6,
  last: seconds * 1e6,
});

function run(text: string, events: readonly Observation[], options = {}) {
  const matcher = createPatternMatcher<number>(options);
  matcher.add(1, parsePattern(text));
  const found = events.map((event, n) => matcher.feed(event, n).map(({ events }) => events.join()));
  return { found: found.map((matches) => matches.join(";")), matcher };
}

Deno.test("createPatternMatcher() keeps to WITHIN around FOLLOWEDBY", () => {
  const text = "([ipv4-addr:value = 'a'] FOLLOWEDBY [ipv4-addr:value = 'b']) WITHIN 10 SECONDS";
  const { found } = run(text, [at(0, "a"), at(11, "b"), at(12, "a"), at(22, "b"), at(22, "b")]);
  assert.deepEqual(found, ["", "", "", "2,3", "2,4"]);
});

Deno.test("createPatternMatcher() keeps the observation that completes a pattern to its times too", () => {
  const text = "[ipv4-addr:value = 'a'] REPEATS 2 TIMES " +
    "START t'1970-01-01T00:00:00Z' STOP t'1970-01-01T00:00:05Z'";
  assert.deepEqual(run(text, [at(0, "a"), at(5, "a"), at(4, "a")]).found, ["", "", "0,2"]);
});

Deno.test("createPatternMatcher() takes late observations at their time", () => {
  const text = "[ipv4-addr:value = 'a'] FOLLOWEDBY [ipv4-addr:value = 'b']";
  assert.deepEqual(run(text, [at(5, "b"), at(3, "a")]).found, ["", "1,0"]);
  assert.deepEqual(run(text, [at(5, "b"), at(7, "a")]).found, ["", ""]);
});

Deno.test("createPatternMatcher() slides a window over REPEATS", () => {
  const text = "[ipv4-addr:value = 'a'] REPEATS 3 TIMES WITHIN 4 SECONDS";
  const { found } = run(text, [0, 3, 6, 7, 8, 20].map((seconds) => at(seconds, "a")));
  assert.deepEqual(found, ["", "", "", "1,2,3", "2,3,4", ""]);
});

Deno.test("createPatternMatcher() holds no more than a window, nor more than it may", () => {
  const text = "([ipv4-addr:value = 'a'] FOLLOWEDBY [ipv4-addr:value = 'b']) WITHIN 1 SECONDS";
  const events = Array.from({ length: 5000 }, (_, n) => at(n, "a"));
  assert.equal(run(text, events).matcher.losses.dropped, 0);
  const { matcher } = run(text, events.map((event) => ({ ...event, first: 0, last: 0 })), {
    maxKept: 10,
  });
  assert.equal(matcher.losses.dropped, 4990);
  assert.deepEqual(matcher.feed(at(0, "b"), -1).map(({ events }) => events.length), [2]);
});

Deno.test("createPatternMatcher() is not held up by patterns with too many ways to match", () => {
  const all = "[ipv4-addr:value LIKE '%']";
  const text =
    `(${all} AND ${all} AND ${all} AND [ipv4-addr:value = 'a' ]) WITHIN 1 SECONDS FOLLOWEDBY [ipv4-addr:value = 'z'] START t'2030-01-01T00:00:00Z' STOP t'2030-01-02T00:00:00Z'`;
  const events = Array.from({ length: 300 }, (_, n) => at(n / 300, n % 2 ? "a" : "z"));
  const { matcher } = run(text, events);
  assert(matcher.losses.exhausted > 0);
});
