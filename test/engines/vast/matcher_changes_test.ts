import assert from "node:assert/strict";
import { createMatcherChanges } from "../../../src/engines/vast/matcher_changes.ts";
import { createIndicatorSet } from "../../../src/intel/indicator_set.ts";
import { plainIndicator } from "../../../src/intel/synthesize.ts";

const indicatorOf = (value: string) => plainIndicator({ kind: "ipv4", value }, 0);

Deno.test("createMatcherChanges() tells each value once, then what changes", async () => {
  const controller = new AbortController();
  const set = createIndicatorSet();
  const one = "1.1.1.1", two = "2.2.2.2", three = "3.3.3.3", four = "4.4.4.4", five = "5.5.5.5";
  for (const value of [one, two, three]) set.put(indicatorOf(value));
  let asked = 0;
  const changes = createMatcherChanges({
    ...set,
    iocs: set.iocs,
    get: (handle) => (asked++, set.get(handle)),
  }, controller.signal)[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await changes.next();
    return done === true ? undefined : `${value.type} ${value.value} ${value.id}`;
  };
  const said = (type: string, value: string) => `${type} ${value} ${indicatorOf(value).id}`;
  assert.equal(await next(), said("add", one));
  assert.equal(asked, 1, "only what is told next is asked for");
  // Not told yet, so there is nothing to take back; what comes anew is told in its turn.
  set.remove(indicatorOf(two).id);
  set.put(indicatorOf(four));
  set.remove(indicatorOf(one).id);
  assert.equal(await next(), said("remove", one));
  const rest = [await next(), await next()];
  assert.deepEqual(rest.sort(), [said("add", three), said("add", four)]);
  const late = next();
  set.put(indicatorOf(five));
  assert.equal(await late, said("add", five));
  set.remove(indicatorOf(five).id);
  set.put(indicatorOf(five));
  assert.equal(await next(), said("add", five));
  const end = next();
  controller.abort();
  assert.equal(await end, undefined);
});
