import assert from "node:assert/strict";
import fc from "fast-check";
import { indicatorFromStix } from "../../src/intel/from_stix.ts";
import type { Indicator } from "../../src/intel/indicator.ts";
import { createIndicatorSet } from "../../src/intel/indicator_set.ts";
import { plainId } from "../../src/intel/synthesize.ts";
import type { JsonObject } from "../../src/json.ts";
import { observe } from "../../src/intel/observe.ts";

const T0 = Date.parse("2026-01-01T00:00:00Z");
const HOUR = 3_600_000;
const at = (hours: number) => new Date(T0 + hours * HOUR).toISOString();

function idOf(n: number): string {
  return `indicator--00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
}

function stix(n: number, pattern: string, more: JsonObject = {}): Indicator {
  const reading = indicatorFromStix({
    type: "indicator",
    spec_version: "2.1",
    id: idOf(n),
    created: at(0),
    modified: at(0),
    valid_from: at(0),
    pattern,
    pattern_type: "stix",
    ...more,
  });
  assert.equal(reading.type, "indicator");
  return (reading as { indicator: Indicator }).indicator;
}

const domain = (name: string) => `[domain-name:value = '${name}']`;

function setAt(clock: { now: number }, options = {}) {
  return createIndicatorSet({ now: () => clock.now, ...options });
}

Deno.test("put() adds, edits by version and ignores older ones", () => {
  const set = setAt({ now: T0 });
  const added = set.put(stix(1, domain("a.com"), { modified: at(1) }));
  assert.equal(added.type, "added");
  assert.deepEqual(set.put(stix(1, domain("a.com"), { modified: at(1) })), {
    type: "ignored",
    reason: "already known",
    stale: true,
  });
  assert.deepEqual(set.put(stix(1, domain("old.com"), { modified: at(0) })), {
    type: "ignored",
    reason: "older version",
    stale: true,
  });
  assert.equal(set.iocs.has("a.com"), true);
  assert.deepEqual([...set.heldBack], [], "it is looked for");
  const edited = set.put(stix(1, `[domain-name:value IN ('b.com', 'c.com')]`, { modified: at(2) }));
  assert.equal(edited.type, "edited");
  assert.deepEqual(["a.com", "b.com", "c.com"].map((name) => set.iocs.has(name)), [
    false,
    true,
    true,
  ]);
  assert.equal(set.size, 1);
  const [hit] = set.iocs.hits({ q: "c.com" });
  assert.equal(set.get(hit!.handle).id, idOf(1));
  assert.equal(set.get(hit!.handle).stix["modified"], at(2));
});

Deno.test("put() credits every indicator of a value and remove() takes one away", () => {
  const set = setAt({ now: T0 });
  set.put(stix(1, domain("a.com")));
  set.put(stix(2, domain("A.com")));
  set.putPlain(observe("a.com")!, set.source("x"), 3);
  const ids = () => set.iocs.hits({ q: "a.com" }).map((hit) => set.get(hit.handle).id);
  const plain = plainId(observe("a.com")!);
  assert.deepEqual(ids(), [idOf(1), idOf(2), plain]);
  assert.equal(set.remove(idOf(1).toUpperCase()), true);
  assert.equal(set.remove(idOf(1)), false);
  assert.deepEqual(ids(), [idOf(2), plain]);
  assert.equal(set.remove(plain), true);
  assert.deepEqual(ids(), [idOf(2)]);
  assert.equal(set.size, 1);
});

Deno.test("put() drops revoked indicators and keeps their older versions out", () => {
  const set = setAt({ now: T0 });
  set.put(stix(1, domain("a.com"), { modified: at(1) }));
  assert.deepEqual(set.put(stix(1, domain("a.com"), { modified: at(2), revoked: true })), {
    type: "ignored",
    reason: "revoked",
  });
  assert.equal(set.size, 0);
  assert.equal(set.iocs.has("a.com"), false);
  assert.equal(set.put(stix(1, domain("a.com"), { modified: at(1) })).type, "ignored");
  assert.equal(set.put(stix(1, domain("a.com"), { modified: at(3) })).type, "added");
});

Deno.test("tick() removes at valid_until and adds at valid_from", () => {
  const clock = { now: T0 };
  const set = setAt(clock);
  const changes: string[] = [];
  const stop = new AbortController();
  set.onChange(
    (change) => changes.push(`${change.type} ${change.indicator.pattern}`),
    stop.signal,
  );
  set.put(stix(1, domain("a.com"), { valid_until: at(2) }));
  set.put(stix(2, domain("b.com"), { valid_from: at(1), valid_until: at(3) }));
  assert.equal(set.size, 1);
  assert.equal(set.nextTick, T0 + HOUR);
  set.tick(T0 + HOUR);
  assert.equal(set.iocs.has("b.com"), true);
  set.tick(T0 + 2 * HOUR);
  assert.equal(set.iocs.has("a.com"), false);
  set.tick(T0 + 3 * HOUR);
  assert.equal(set.size, 0);
  assert.equal(set.nextTick, Infinity);
  assert.deepEqual(changes, [
    `add ${domain("a.com")}`,
    `add ${domain("b.com")}`,
    `remove ${domain("a.com")}`,
    `remove ${domain("b.com")}`,
  ]);
  clock.now = T0 + 3 * HOUR;
  assert.deepEqual(set.put(stix(3, domain("c.com"), { valid_until: at(2) })), {
    type: "ignored",
    reason: "expired",
  });
  stop.abort();
  set.put(stix(4, domain("d.com")));
  assert.equal(changes.length, 4);
});

Deno.test("tick() lets an indicator live on whose new version is valid for longer", () => {
  const set = setAt({ now: T0 });
  set.put(stix(1, domain("a.com"), { valid_until: at(1) }));
  set.put(stix(1, domain("a.com"), { modified: at(1), valid_until: at(5) }));
  set.tick(T0 + 2 * HOUR);
  assert.equal(set.iocs.has("a.com"), true);
  set.tick(T0 + 5 * HOUR);
  assert.equal(set.iocs.has("a.com"), false);
});

Deno.test("put() keeps expired indicators for hunts in old logs when asked to", () => {
  const set = setAt({ now: T0 }, { keepExpired: true });
  assert.equal(set.put(stix(1, domain("a.com"), { valid_until: at(-5) })).type, "added");
  set.tick(T0 + HOUR);
  assert.equal(set.iocs.has("a.com"), true);
});

Deno.test("put() holds compound patterns by handle", () => {
  const set = setAt({ now: T0 });
  const result = set.put(stix(1, "[network-traffic:dst_port = 4444]"));
  assert.equal(result.type, "added");
  assert.deepEqual([...set.compounds], [(result as { handle: number }).handle]);
  assert.equal(set.iocs.size, 0);
  assert.deepEqual([...set.sweeping], [...set.compounds]);
  set.remove(idOf(1));
  assert.equal(set.compounds.size, 0);
  assert.equal(set.sweeping.size, 0);
  const dst = "[network-traffic:dst_ref.value = '1.2.3.4' AND network-traffic:dst_port = 4444]";
  set.put(stix(2, dst));
  assert.equal(set.compounds.size, 1);
  assert.equal(set.sweeping.size, 0);
  assert.deepEqual(
    set.iocs.hits({ ip: "1.2.3.4" }).map((hit) => set.compounds.has(hit.handle)),
    [true],
  );
  set.remove(idOf(2));
  assert.equal(set.iocs.size, 0);
});

Deno.test("put() filters by confidence, TLP, types and labels", () => {
  const amber = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82";
  const cases: [filter: object, more: JsonObject, reason: string | undefined][] = [
    [{ minConfidence: 50 }, {}, "confidence 0 is below 50"],
    [{ minConfidence: 50 }, { confidence: 50 }, undefined],
    [
      { tlp: ["white", "green"] },
      { object_marking_refs: [amber] },
      "TLP amber is not among white, green",
    ],
    [{ tlp: ["amber"] }, { object_marking_refs: [amber] }, undefined],
    [{ tlp: ["clear"] }, { labels: ["TLP:White"] }, undefined],
    [{ tlp: ["clear"] }, { labels: ["tlp:amber+strict"] }, "TLP amber is not among clear"],
    [{ tlp: ["clear"] }, {}, undefined],
    [{ includeTypes: ["x"] }, { indicator_types: ["y"] }, "has no type that is included"],
    [{ includeTypes: ["x"] }, { indicator_types: ["x", "y"] }, undefined],
    [{ excludeTypes: ["benign"] }, { indicator_types: ["benign"] }, "type benign is excluded"],
    [{ excludeLabels: ["l"] }, { labels: ["l"] }, "label l is excluded"],
  ];
  for (const [filter, more, reason] of cases) {
    const result = setAt({ now: T0 }, { filter }).put(stix(1, domain("a.com"), more));
    assert.equal(result.type === "ignored" ? result.reason : undefined, reason);
  }
});

Deno.test("put() takes an indicator out when its new version does not pass the filter", () => {
  const set = setAt({ now: T0 }, { filter: { minConfidence: 50 } });
  set.put(stix(1, domain("a.com"), { confidence: 60 }));
  set.put(stix(1, domain("a.com"), { confidence: 40, modified: at(1) }));
  assert.equal(set.size, 0);
  assert.equal(set.iocs.has("a.com"), false);
});

Deno.test("putPlain() takes a value once and says where it stood", () => {
  const set = setAt({ now: T0 });
  const from = set.source("iocs.txt");
  assert.equal(set.putPlain(observe("a.com")!, from, 7), "added");
  assert.equal(set.putPlain(observe("A.com.")!, from, 8), "known");
  const [handle] = [...set.handles()];
  const indicator = set.get(handle!);
  assert.deepEqual(indicator.place, { file: "iocs.txt", line: 7 });
  assert.equal(indicator.pattern, domain("a.com"));
  assert.equal(indicator.stix["valid_from"], at(0));
  assert.equal(indicator.stix["id"], indicator.id);
});

Deno.test("createIndicatorSet() holds what a plain map would under any changes", () => {
  const step = fc.record({
    n: fc.nat(5),
    names: fc.uniqueArray(fc.constantFrom("a.com", "b.com", "c.com"), { minLength: 1 }),
    version: fc.nat(5),
    type: fc.constantFrom("put", "put", "put", "remove", "revoke", "plain"),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    const set = setAt({ now: T0 });
    const model = new Map<string, { version: number; names: string[] }>();
    const add = (id: string, names: string[], version: number) => model.set(id, { names, version });
    for (const { n, names, version, type } of steps) {
      const id = idOf(n);
      const known = model.get(id);
      const more = { modified: at(version), ...(type === "revoke" && { revoked: true }) };
      if (type === "plain") {
        const observable = observe(names[0]!)!;
        set.putPlain(observable, set.source("f"), 1);
        add(plainId(observable), [names[0]!], 0);
      } else if (type === "remove") {
        set.remove(id);
        model.delete(id);
      } else {
        set.put(stix(n, `[domain-name:value IN (${names.map((x) => `'${x}'`).join()})]`, more));
        if (known !== undefined && known.version > version) continue;
        add(id, type === "revoke" ? [] : names, version);
      }
    }
    for (const name of ["a.com", "b.com", "c.com"]) {
      const found = set.iocs.hits({ name }).map((hit) => set.get(hit.handle).id).sort();
      const wanted = [...model].filter(([, { names }]) => names.includes(name)).map(([id]) => id);
      assert.deepEqual(found, wanted.sort());
    }
    assert.equal(set.size, [...model.values()].filter(({ names }) => names.length > 0).length);
  }));
});
