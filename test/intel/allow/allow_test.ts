import assert from "node:assert/strict";
import fc from "fast-check";
import { BridgeError } from "../../../src/errors.ts";
import { mayBeNoise, noiseReason } from "../../../src/intel/allow/builtin.ts";
import { createGuard, loadGuard } from "../../../src/intel/allow/mod.ts";
import { readAllowList } from "../../../src/intel/allow/read.ts";
import { createIndicatorSet } from "../../../src/intel/indicator_set.ts";
import { observe } from "../../../src/intel/observe.ts";
import { readIndicators, textInput } from "../../../src/intel/readers/mod.ts";
import { formatAddress, maskAddress, parsePrefix } from "../../../src/match/address.ts";
import { KIND_NUMBERS } from "../../../src/match/table.ts";

const list = (text: string) => readAllowList(textInput("list", text));
const warninglist = (more: object) =>
  list(JSON.stringify({ name: "W", version: 1, description: "d", ...more }));

async function held(allow: ReturnType<typeof list>, values: string[]): Promise<string[]> {
  const of = await allow;
  return values.filter((value) => of.holds(observe(value)!));
}

Deno.test("readAllowList() reads plain text: values, networks, domains with all below", async () => {
  const text = "# c\n8.8.8.8\n10.0.0.0/8\nok.com\n*.below.com\n.dot.com # x\nlocalhost\n";
  const values = [
    "8.8.8.8",
    "8.8.8.9",
    "10.1.2.3",
    "10.1.0.0/16",
    "8.0.0.0/7",
    "ok.com",
    "www.ok.com",
    "below.com",
    "www.below.com",
    "a.dot.com",
    "nobelow.com",
    "http://www.below.com/x",
    "http://ok.com/x",
  ];
  assert.deepEqual(await held(list(text), values), [
    "8.8.8.8",
    "10.1.2.3",
    "10.1.0.0/16",
    "ok.com",
    "below.com",
    "www.below.com",
    "a.dot.com",
    "http://www.below.com/x",
  ]);
});

Deno.test("readAllowList() reads each type of MISP warninglist", async () => {
  const hostname = warninglist({
    type: "hostname",
    list: ["ok.com", ".dot.com"],
    matching_attributes: ["domain", "hostname", "url", "domain|ip"],
  });
  assert.deepEqual(
    await held(hostname, [
      "ok.com",
      "www.ok.com",
      "https://u@www.ok.com:8/x",
      "a.dot.com",
      "no.com",
    ]),
    ["ok.com", "www.ok.com", "https://u@www.ok.com:8/x", "a.dot.com"],
  );
  const cidr = warninglist({
    type: "cidr",
    list: ["8.8.8.0/24", "2001:4860::/32", "1.1.1.1"],
    matching_attributes: ["ip-src", "ip-dst"],
  });
  assert.deepEqual(
    await held(cidr, [
      "8.8.8.8",
      "8.8.9.8",
      "2001:4860::8888",
      "1.1.1.1",
      "8.8.8.0/25",
      "8.8.0.0/16",
    ]),
    ["8.8.8.8", "2001:4860::8888", "1.1.1.1", "8.8.8.0/25"],
  );
  const string = warninglist({ type: "string", list: ["ok.com"], matching_attributes: ["md5"] });
  assert.deepEqual(await held(string, ["ok.com"]), []);
  const substring = warninglist({ type: "substring", list: ["Google"] });
  assert.deepEqual(await held(substring, ["http://google.com/x", "g.com"]), [
    "http://google.com/x",
  ]);
  const regex = warninglist({ type: "regex", list: ["/^EV.*\\.com$/i", "^1\\."] });
  assert.deepEqual(await held(regex, ["evil.com", "devil.com", "1.2.3.4"]), [
    "evil.com",
    "1.2.3.4",
  ]);
});

Deno.test("readAllowList() says what is wrong", async () => {
  await assert.rejects(list("ok.com\nnot a value\n"), (error: BridgeError) => {
    assert.deepEqual(error.place, { file: "list", line: 2 });
    return true;
  });
  await assert.rejects(list("{"), /Malformed JSON/);
  await assert.rejects(list('{"a":1}'), /no MISP warninglist/);
  await assert.rejects(warninglist({ type: "odd", list: [] }), /unknown type "odd"/);
  await assert.rejects(warninglist({ type: "regex", list: ["("] }), /Not a regular expression/);
});

Deno.test("noiseReason() knows values that match almost everything", () => {
  const always = [
    "0.0.0.0",
    "127.0.0.1",
    "255.255.255.255",
    "224.0.0.251",
    "::",
    "::1",
    "ff02::fb",
    "0.0.0.0/0",
    "64.0.0.0/7",
    "10.0.0.0/8",
    "192.168.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/8",
    "fc00::/7",
    "2000::/3",
    "co.uk",
  ];
  const inFeeds = ["10.1.2.3", "192.168.1.0/24", "172.31.255.255", "169.254.1.1", "fe80::1"];
  const never = [
    "8.8.8.8",
    "172.32.0.1",
    "11.0.0.0/8",
    "2001:db8::/32",
    "evil.com",
    "a".repeat(32),
  ];
  const reason = (value: string, privateAddresses: boolean) =>
    noiseReason(observe(value)!, { privateAddresses });
  for (const value of always) assert.notEqual(reason(value, false), undefined, value);
  for (const value of inFeeds) {
    assert.equal(reason(value, false), undefined, value);
    assert.notEqual(reason(value, true), undefined, value);
  }
  const inHunts = { privateAddresses: false, groupAddresses: false };
  for (const value of ["224.0.0.251", "255.255.255.255", "ff02::fb"]) {
    assert.notEqual(reason(value, false), undefined, value);
    assert.equal(noiseReason(observe(value)!, inHunts), undefined, value);
  }
  for (const value of ["0.0.0.0", "127.0.0.1", "::1", "224.0.0.0/4"]) {
    assert.notEqual(noiseReason(observe(value)!, inHunts), undefined, value);
  }
  for (const value of never) assert.equal(reason(value, true), undefined, value);
  const options = { privateAddresses: true };
  for (const value of ["localhost", "com"]) {
    assert.notEqual(noiseReason({ kind: "domain", value }, options), undefined);
  }
});

Deno.test("mayBeNoise() never misses what noiseReason() names", () => {
  const texts = fc.oneof(fc.ipV4(), fc.domain(), fc.constantFrom("co.uk", "in-addr.arpa", "a.com"));
  fc.assert(
    fc.property(texts, (text) => {
      const observable = observe(text)!;
      if (observable === undefined) return;
      const bytes = new TextEncoder().encode(`x${observable.value}y`);
      const may = mayBeNoise(KIND_NUMBERS[observable.kind], bytes, 1, bytes.length - 1);
      const reason = noiseReason(observable, { privateAddresses: true });
      assert.ok(may || reason === undefined, text);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("noiseReason() names all of its ranges and nothing besides them", () => {
  const ranges = [
    ...["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10"],
    ...["0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4"],
  ].map((text) => parsePrefix(text)!);
  const pair = fc.oneof(
    fc.nat(0xffff),
    fc.constantFrom(...ranges, ...ranges).chain(({ groups, bits }) => {
      const [first] = groups as [number], size = 2 ** Math.max(0, 16 - bits);
      return fc.constantFrom(first - 1, first, first + size - 1, first + size);
    }).map((pair) => pair & 0xffff),
  );
  fc.assert(fc.property(pair, fc.nat(0xffff), (high, low) => {
    const groups = [high, low];
    const isIn = ranges.some((range) =>
      formatAddress(maskAddress(groups, range.bits)) === formatAddress(range.groups)
    );
    const value = formatAddress(groups);
    const reason = noiseReason({ kind: "ipv4", value }, { privateAddresses: true });
    assert.equal(reason !== undefined, isIn, value);
  }));
});

Deno.test("createIndicatorSet() holds back and spares what lists allow, and counts it by list", async () => {
  const guard = await loadGuard(
    [textInput("ours", "ok.com\n1.2.3.4\n*.fine.evil.com\n")],
    { privateAddresses: true },
  );
  const set = createIndicatorSet({ guard, spare: guard.spare, subdomains: true });
  await readIndicators(set, textInput("iocs", "ok.com\nevil.com\n1.2.0.0/16\n10.0.0.1\n8.8.8.8\n"));
  assert.equal(set.size, 3);
  assert.deepEqual([...set.heldBack], [
    ["allow-listed by ours", 1],
    ["matches almost everything: private range", 1],
  ]);
  const found = (text: string) => set.iocs.hits({ text }).map((hit) => hit.observable.value);
  assert.deepEqual(found("1.2.3.4"), []);
  assert.deepEqual(found("1.2.3.5"), ["1.2.0.0/16"]);
  assert.deepEqual(found("a.fine.evil.com"), []);
  assert.deepEqual(found("other.evil.com"), ["evil.com"]);
  assert.deepEqual([...guard.spared], [["ours", 2]]);
});

Deno.test("createGuard() without anything lets all pass", () => {
  const guard = createGuard({});
  assert.equal(guard.reason(observe("10.0.0.0/8")!), undefined);
  assert.equal(guard.spare(observe("1.2.3.4")!), false);
});

Deno.test("readAllowList() survives any content", async () => {
  const content = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.json(),
    fc.record({
      type: fc.constantFrom("string", "hostname", "cidr", "regex", "substring"),
      list: fc.array(fc.oneof(fc.string(), fc.ipV4(), fc.integer())),
      matching_attributes: fc.oneof(fc.json(), fc.array(fc.string())),
    }).map((value) => JSON.stringify(value)),
  );
  await fc.assert(
    fc.asyncProperty(content, async (text) => {
      try {
        (await list(text)).holds(observe("evil.com")!);
      } catch (error) {
        assert.ok(error instanceof BridgeError, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});
