/** The set with its store, against a plain map: whatever comes, and however often it starts anew. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { indicatorFromStix } from "../../../src/intel/from_stix.ts";
import type { IndicatorFilter } from "../../../src/intel/filter.ts";
import type { Handle } from "../../../src/match/set.ts";
import { createIndicatorSet } from "../../../src/intel/indicator_set.ts";
import type { JsonObject } from "../../../src/json.ts";
import { openIndicatorStore } from "../../../src/pipeline/run/indicator_store.ts";
import { openState } from "../../../src/state/state.ts";
import { withFolder } from "../../delivery/items.ts";

const T0 = Date.parse("2026-01-01T00:00:00Z");
const at = (hour: number) => new Date(T0 + hour * 3_600_000).toISOString();
const idOf = (number: number) =>
  `indicator--00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
const NAMES = ["a.example", "b.example", "c.example"];

/** What is known of an id: its last version. */
interface Known {
  readonly json: string;
  readonly version: number;
  readonly names: readonly string[];
  readonly from: number;
  readonly until: number;
  readonly revoked: boolean;
  readonly confidence: number;
  readonly pattern: string;
  /** What is looked for since the last time that it was something else, or nothing. */
  readonly search: Search;
}

/** What is hunted for in the past. */
interface Search {
  hunted: boolean;
  /** Number of the process that came to know it. */
  readonly process: number;
}

const versionOf = fc.record({
  version: fc.nat(4),
  names: fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 }),
  compound: fc.boolean(),
  from: fc.nat(6),
  until: fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 12 })),
  revoked: fc.nat(7).map((n) => n === 0),
  confidence: fc.constantFrom(10, 90),
});

const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constant("put"), id: fc.nat(5), of: versionOf }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("remove"), id: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("wait") }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("flush") }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("restart") }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("crash") }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("hunt") }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("done") }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("filter") }) },
) as fc.Arbitrary<
  | { type: "put"; id: number; of: (typeof versionOf) extends fc.Arbitrary<infer T> ? T : never }
  | { type: "remove"; id: number }
  | { type: "wait" | "flush" | "restart" | "crash" | "hunt" | "done" | "filter" }
>;

Deno.test("the set and its store hold what a plain map would, over restarts, crashes, hunts and filters", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), (steps) =>
      withFolder(async (folder) => {
        const clock = { now: T0 };
        let filter: IndicatorFilter = {};
        const open = () => {
          const state = openState(folder);
          const store = openIndicatorStore(state);
          const set = createIndicatorSet({
            now: () => clock.now,
            documents: store.documents,
            get filter() {
              return filter;
            },
          });
          store.restore(set);
          return { state, store, set };
        };
        let { state, store, set } = open();
        let model = new Map<number, Known>();
        /** What is on disk. */
        let safe = new Map<number, Known>();
        let process = 0;
        /** Hunts that are under way. */
        let hunts: { handle: Handle; id: string; revision: number; search: Search }[] = [];
        const isLive = ({ revoked, from, until, confidence }: Omit<Known, "search">) =>
          !revoked && from <= clock.now && until > clock.now &&
          confidence >= (filter.minConfidence ?? 0);
        for (const step of steps) {
          if (step.type === "put") {
            const { version, names, compound, from, until, revoked, confidence } = step.of;
            const pattern = `[domain-name:value IN (${names.map((name) => `'${name}'`).join()})` +
              `${compound ? " AND domain-name:value LIKE '%'" : ""}]`;
            const stix: JsonObject = {
              type: "indicator",
              id: idOf(step.id),
              modified: at(version),
              pattern,
              pattern_type: "stix",
              valid_from: at(from),
              ...(isFinite(until) && { valid_until: at(until) }),
              ...(revoked && { revoked }),
              confidence,
            };
            const json = JSON.stringify(stix);
            const reading = indicatorFromStix(stix, { json });
            assert(reading.type === "indicator");
            set.put(reading.indicator);
            const known = model.get(step.id);
            if (known !== undefined && known.version > version) continue;
            const times = {
              from: Date.parse(at(from)),
              until: isFinite(until) ? Date.parse(at(until)) : Infinity,
            };
            const next = { json, version, names, revoked, confidence, pattern, ...times };
            const goesOn = known !== undefined && known.pattern === pattern && isLive(known) &&
              isLive(next);
            const search = goesOn ? known.search : { hunted: false, process };
            model.set(step.id, { ...next, search });
          } else if (step.type === "remove") {
            const known = model.get(step.id);
            assert.equal(set.remove(idOf(step.id)), known !== undefined && isLive(known));
            model.delete(step.id);
          } else if (step.type === "wait") {
            clock.now += 3_600_000;
            set.tick(clock.now);
          } else if (step.type === "filter") {
            filter = filter.minConfidence === undefined ? { minConfidence: 50 } : {};
            for (const handle of set.known()) set.decideAgain(handle);
          } else if (step.type === "hunt") {
            for (const [number, { search }] of model) {
              const id = idOf(number), handle = set.handleOf(id);
              if (handle === undefined || !set.holds(handle, { id })) continue;
              assert.equal(set.get(handle).id, id);
              assert(!set.holds(handle, { id: idOf(number + 1) }));
              hunts.push({ handle, id, revision: store.revision, search });
            }
          } else if (step.type === "done") {
            await store.done(hunts);
            for (const { id, search } of hunts) {
              // What is looked for now and what is on disk, if that is the same.
              const number = Number(id.slice(-12));
              if (model.get(number)?.search !== search) continue;
              if (safe.get(number)?.search === search) search.hunted = true;
            }
            hunts = [];
          } else {
            if (step.type !== "crash") {
              await store.flush();
              safe = new Map(model);
            }
            if (step.type !== "flush") {
              await state.close();
              ({ state, store, set } = open());
              model = new Map(safe);
              process++;
              hunts = [];
            }
          }
          for (const [number, { search }] of safe) {
            if (model.get(number)?.search !== search) continue;
            const { hunted, left } = store.heldAs(set.handleOf(idOf(number))!);
            assert.deepEqual([hunted, left], [
              search.hunted,
              !search.hunted && search.process < process,
            ]);
          }
          const live = [...model].filter(([, known]) => isLive(known));
          assert.equal(set.size, live.length);
          for (const [number, { json }] of live) {
            assert.equal(JSON.stringify(set.get(set.handleOf(idOf(number))!).stix), json);
          }
          for (const name of NAMES) {
            const found = set.iocs.hits({ name }).map(({ handle }) => set.get(handle).id).sort();
            const wanted = live.filter(([, { names }]) => names.includes(name));
            assert.deepEqual(found, wanted.map(([number]) => idOf(number)).sort());
          }
        }
        await state.close();
      })),
    { numRuns: 60 },
  );
});
