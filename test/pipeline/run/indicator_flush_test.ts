/** The store while writes are under way: what comes, goes and is hunted for meanwhile. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { createIndicatorSet } from "../../../src/intel/indicator_set.ts";
import {
  type HuntedVersion,
  openIndicatorStore,
} from "../../../src/pipeline/run/indicator_store.ts";
import { openState } from "../../../src/state/state.ts";
import { withFolder } from "../../delivery/items.ts";
import { indicator } from "./indicators.ts";

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ type: fc.constant("put"), id: fc.nat(40), name: fc.nat(1) }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("remove"), id: fc.nat(40) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("flush") }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("hunt") }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("turn") }) },
) as fc.Arbitrary<
  | { type: "put"; id: number; name: number }
  | { type: "remove"; id: number }
  | { type: "flush" | "hunt" | "turn" }
>;

/** What is held: its object, and whether what it looks for was hunted for. */
interface Known {
  readonly json: string;
  readonly name: number;
  readonly search: { hunted: boolean };
}

Deno.test("the store loses nothing of what changes while it writes, and takes nothing for searched", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 300, size: "max" }),
      (steps) =>
        withFolder(async (folder) => {
          const known = new Map<string, Known>();
          const open = () => {
            const state = openState(folder);
            const store = openIndicatorStore(state);
            const set = createIndicatorSet({ documents: store.documents });
            store.restore(set);
            const check = () => {
              assert.equal(set.size, known.size);
              for (const [id, { json, search }] of known) {
                const handle = set.handleOf(id)!;
                assert.equal(JSON.stringify(set.get(handle).stix), json);
                assert.ok(
                  search.hunted || !store.heldAs(handle).hunted,
                  `${id} was not hunted for`,
                );
              }
            };
            return { state, store, set, check };
          };
          const { state, store, set, check } = open();
          const underWay: Promise<unknown>[] = [];
          let tasks: (HuntedVersion & Pick<Known, "search">)[] = [];
          const hunt = async (some: typeof tasks) => {
            await store.flush();
            for (const { search } of some) search.hunted = true;
            await store.done(some);
          };
          for (const [at, one] of steps.entries()) {
            if (one.type === "put") {
              const given = indicator(one.id, `${one.name}.example`, at + 1);
              const before = known.get(given.id);
              const result = set.put(given);
              assert.ok(result.type !== "ignored");
              const same = before?.name === one.name;
              const search = same ? before.search : { hunted: false };
              known.set(given.id, { json: JSON.stringify(given.stix), name: one.name, search });
              if (!same) tasks.push({ handle: result.handle, revision: store.revision, search });
            } else if (one.type === "remove") {
              const { id } = indicator(one.id, "a.example");
              assert.equal(set.remove(id), known.delete(id));
            } else if (one.type === "flush") underWay.push(store.flush());
            else if (one.type === "hunt") {
              underWay.push(hunt(tasks));
              tasks = [];
            } else await new Promise((resolve) => setTimeout(resolve));
            if (at % 50 === 0) check();
          }
          await Promise.all(underWay);
          await store.flush();
          check();
          await state.close();
          const again = open();
          again.check();
          await again.state.close();
        }),
    ),
    { numRuns: 30, interruptAfterTimeLimit: 30_000 },
  ));

Deno.test("what looks for something else, and is being written, is not taken for searched as its next version comes", () =>
  withFolder(async (folder) => {
    const state = openState(folder);
    const store = openIndicatorStore(state);
    const set = createIndicatorSet({ documents: store.documents });
    store.restore(set);
    const put = (name: string, version: number) => {
      const result = set.put(indicator(1, name, version));
      assert.ok(result.type !== "ignored");
      return result.handle;
    };
    const handle = put("a.example", 1);
    await store.flush();
    await store.done([{ handle, revision: store.revision }]);
    assert.equal(store.heldAs(handle).hunted, true);
    put("b.example", 2);
    const written = store.flush();
    await Promise.resolve(); // its writing begins
    put("b.example", 3);
    assert.equal(store.heldAs(handle).hunted, false);
    await written;
    assert.equal(store.heldAs(handle).hunted, false);
    await store.flush();
    assert.equal(store.heldAs(handle).hunted, false);
    await state.close();
  }));
