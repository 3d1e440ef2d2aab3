import assert from "node:assert/strict";
import { canonical, inferKind } from "../../src/match/canonical.ts";
import { createIocSet } from "../../src/match/ioc_set.ts";
import type { Observable } from "../../src/match/observable.ts";
import { PackedObservable } from "../../src/match/packed_observable.ts";
import type { IocSet, IocSetOptions } from "../../src/match/set.ts";
import { KIND_NUMBERS } from "../../src/match/table.ts";
import type { JsonObject } from "../../src/json.ts";

function observable(text: string): Observable {
  const kind = inferKind(text)!;
  return { kind, value: canonical(kind, text)! };
}

function setOf(texts: string[], options: IocSetOptions = {}): IocSet {
  const set = createIocSet(options);
  for (const [handle, text] of texts.entries()) set.add(observable(text), handle);
  return set;
}

/** The fields at which the IoC stands in the event. */
function fields(ioc: string, event: JsonObject, options: IocSetOptions = {}): string[] {
  return setOf([ioc], options).hits(event).map((hit) => hit.field);
}

Deno.test("hits() finds values wherever they are whole, with their paths", () => {
  const event = {
    src_ip: "10.0.0.1",
    "id.orig_h": "10.0.0.2",
    dns: { answers: [{ rdata: "a.example" }, { rdata: "1.2.3.4" }], rrname: "Evil.COM." },
    nested: [["deep.example"]],
    "key.example": 1,
    n: 10,
    none: null,
    on: true,
  };
  assert.deepEqual(fields("1.2.3.4", event), ["dns.answers[1].rdata"]);
  assert.deepEqual(fields("evil.com", event), ["dns.rrname"]);
  assert.deepEqual(fields("10.0.0.2", event), ["id.orig_h"]);
  assert.deepEqual(fields("deep.example", event), ["nested[0][0]"]);
  assert.deepEqual(fields("key.example", event), []);
  assert.deepEqual(fields("10.0.0.0/8", event), ["src_ip"]);
  assert.deepEqual(fields("0.0.0.1", event), []);
});

Deno.test("hits() compares values, not spellings", () => {
  const cases: [ioc: string, text: string, found: boolean][] = [
    ["2001:db8::1", "2001:0db8:0000:0000:0000:0000:0000:0001", true],
    ["2001:db8::/32", "2001:0db8:ffff:0000:0000:0000:0000:0001", true],
    ["2001:db8::/32", "2001:db9::", false],
    ["1.2.3.4", "::ffff:1.2.3.4", true],
    ["::ffff:1.2.3.4", "1.2.3.4", true],
    ["1.2.3.0/24", "1.2.3.255", true],
    ["1.2.3.0/24", "1.2.4.0", false],
    ["1.2.3.4/32", "1.2.3.4", true],
    ["0.0.0.0/0", "1.2.3.4", true],
    ["0.0.0.0/0", "::1", false],
    ["evil.com", "EVIL.com.", true],
    ["evil.com", "evil.com:8080", true],
    ["evil.com", "notevil.com", false],
    ["evil.com", "www.evil.com", false],
    ["evil.com", "evil.com.au", false],
    ["evil.com", "http://evil.com/", false],
    ["evil.com", "x@evil.com", false],
    ["bücher.example", "xn--bcher-kva.example", true],
    ["xn--bcher-kva.example", "Bücher.example", true],
    ["1.2.3.4", "1.2.3.4:443", true],
    ["2001:db8::1", "[2001:DB8::1]:443", true],
    ["2001:db8::1", "[2001:DB8::1]", true],
    ["1.2.3.4", "11.2.3.4", false],
    ["http://evil.com/x", "http://evil.com/x", true],
    ["http://evil.com/x", "https://EVIL.com:443/x", true],
    ["http://evil.com/x", "evil.com/x", true],
    ["evil.com/x", "http://evil.com/x", true],
    ["http://evil.com/", "http://evil.com", true],
    ["http://evil.com", "evil.com", false],
    ["http://evil.com/x", "http://evil.com/X", false],
    ["http://evil.com/x", "http://evil.com/x?y", false],
    ["http://evil.com/x", "ftp://evil.com/x", false],
    ["ftp://evil.com/x", "ftp://EVIL.com/x", true],
    ["a@evil.com", "<A@evil.com>", true],
    ["a@evil.com", "Mr A <a@Evil.com>", true],
    ["a@evil.com", '"A, the <x@y>" <a@evil.com>, b <b@c.d>', true],
    ["b@c.d", '"A, the <x@y>" <a@evil.com>, b <b@c.d>', true],
    ["x@y.z", '"A, the <x@y.z>" <a@evil.com>', false],
    ["b@c.de", "a@b.c;b@c.de", true],
    ["a@evil.com", "aa@evil.com", false],
    ["a@evil.com", "Name a@evil.com", false],
    ["d41d8cd98f00b204e9800998ecf8427e", "D41D8CD98F00B204E9800998ECF8427E", true],
    ["a".repeat(40), Array(20).fill("AA").join(":"), true],
  ];
  for (const [ioc, text, found] of cases) {
    assert.equal(setOf([ioc]).has(text), found, `${ioc} in ${text}`);
    assert.deepEqual(fields(ioc, { f: text }), found ? ["f"] : [], `${ioc} in ${text}`);
  }
});

Deno.test("hits() puts URLs together from Suricata's and Zeek's fields", () => {
  const suricata = (http: JsonObject, dest_port = 80) => ({ dest_port, http });
  const field = ["url(http.hostname+http.url)"];
  const plain = suricata({ hostname: "Evil.com", url: "/x?y=1" });
  assert.deepEqual(fields("http://evil.com/x?y=1", plain), field);
  assert.deepEqual(fields("https://evil.com/x?y=1", plain), field);
  assert.deepEqual(fields("evil.com/x?y=1", plain), field);
  assert.deepEqual(fields("http://evil.com/x", plain), []);
  const other = suricata({ hostname: "evil.com", url: "/x" }, 8080);
  assert.deepEqual(fields("http://evil.com:8080/x", other), field);
  assert.deepEqual(fields("http://evil.com/x", other), field);
  assert.deepEqual(fields("http://evil.com:8081/x", other), []);
  const named = suricata({ hostname: "evil.com", http_port: 81, url: "/x" }, 3128);
  assert.deepEqual(fields("http://evil.com:81/x", named), field);
  assert.deepEqual(fields("http://evil.com:3128/x", named), []);
  const proxied = suricata({ hostname: "proxy", url: "http://evil.com/x" }, 3128);
  assert.deepEqual(fields("http://evil.com/x", proxied), ["http.url"]);
  const zeek = { "id.resp_p": 8000, host: "evil.com:8000", uri: "/x" };
  assert.deepEqual(fields("http://evil.com:8000/x", zeek), ["url(host+uri)"]);
  assert.deepEqual(fields("http://evil.com/x", zeek), ["url(host+uri)"]);
  assert.deepEqual(fields("evil.com", zeek), ["host"]);
  const ipv6 = { host: "[2001:db8:0::1]", uri: "/x", id: { resp_p: 8000 } };
  assert.deepEqual(fields("http://[2001:db8::1]:8000/x", ipv6), ["url(host+uri)"]);
});

Deno.test("hits() matches subdomains at label borders only when asked to", () => {
  const event = { sni: "a.b.Evil.com" };
  assert.deepEqual(fields("evil.com", event), []);
  assert.deepEqual(fields("evil.com", event, { subdomains: true }), ["sni"]);
  assert.deepEqual(fields("evil.com", { sni: "notevil.com" }, { subdomains: true }), []);
  assert.deepEqual(fields("a@evil.com", { from: "a@b.evil.com" }, { subdomains: true }), []);
});

Deno.test("hits() credits every handle once, at the first field", () => {
  const set = createIocSet();
  set.add(observable("evil.com"), 7);
  set.add(observable("evil.com"), 8);
  set.add(observable("http://evil.com/x"), 7);
  set.add(observable("https://evil.com/x"), 7);
  const hits = set.hits({ host: "evil.com", uri: "/x", again: "evil.com" });
  assert.deepEqual(
    hits.map((hit) => `${hit.handle} ${hit.observable.value} ${hit.field}`),
    [
      "7 evil.com host",
      "8 evil.com host",
      "7 http://evil.com/x url(host+uri)",
      "7 https://evil.com/x url(host+uri)",
    ],
  );
});

Deno.test("add() and remove() count pairs and say what changed", () => {
  const set = createIocSet();
  const cidr = observable("10.0.0.0/8");
  set.add(cidr, 1);
  set.add(cidr, 1);
  set.add(cidr, 2);
  assert.equal(set.size, 2);
  assert.equal(set.has("10.1.1.1"), true);
  assert.equal(set.remove(cidr, 3), false);
  assert.equal(set.remove(cidr, 1), true);
  assert.equal(set.has("10.1.1.1"), true);
  const version = set.version;
  assert.equal(set.remove(cidr, 2), true);
  assert.notEqual(set.version, version);
  assert.equal(set.has("10.1.1.1"), false);
  assert.deepEqual([...set.entries()], []);
});

Deno.test("hits() survives deeply nested events", () => {
  let value: JsonObject = { x: "evil.com" };
  for (let i = 0; i < 100_000; i++) value = { a: value };
  assert.equal(setOf(["evil.com"]).hits(value).length, 1);
});

Deno.test("hits() spares values inside a network or below a domain that the owner excepts", () => {
  const spared: string[] = [];
  const set = setOf(["10.0.0.0/8", "10.1.1.1", "evil.com"], {
    subdomains: true,
    spare: (seen) => {
      spared.push(`${seen.kind} ${seen.value}`);
      return seen.value === "10.1.1.1" || seen.value === "ok.evil.com";
    },
  });
  const found = (text: string) => set.hits({ text }).map((hit) => hit.observable.value);
  assert.deepEqual(found("10.1.1.1"), ["10.1.1.1"]);
  assert.deepEqual(found("10.1.1.2"), ["10.0.0.0/8"]);
  assert.deepEqual(found("OK.evil.com."), []);
  assert.deepEqual(found("evil.com"), ["evil.com"]);
  assert.deepEqual(spared, ["ipv4 10.1.1.1", "ipv4 10.1.1.2", "domain ok.evil.com"]);
});

Deno.test("hits() credits each of many handles of many values once, however often they stand there", () => {
  const set = createIocSet();
  const values = ["a.example", "b.example", "c.example"];
  for (const [at, value] of values.entries()) {
    for (let handle = 0; handle < 10; handle++) {
      set.add({ kind: "domain", value }, at * 10 + handle);
    }
  }
  const hits = set.hits({ list: [...values, "A.example", ...values, "a.example."] });
  assert.deepEqual(hits.map(({ handle }) => handle), Array.from({ length: 30 }, (_, i) => i));
  assert.deepEqual([...new Set(hits.map(({ field }) => field))], ["list[0]", "list[1]", "list[2]"]);
});

Deno.test("append() takes observables in bytes as it takes others", () => {
  const values = [
    ...["url http://a.example/x", "url https://a.example/x", "url ftp://a.example/", "url a.de/b"],
    ...["domain a.example", "ipv4 10.1.2.3", "ipv6 2001:db8::1", "cidr 10.0.0.0/8"],
    ...["email a@b.example", `md5 ${"ab".repeat(16)}`, "url http://b.example/ü"],
  ];
  const [packed, plain] = [createIocSet(), createIocSet()];
  for (const [handle, text] of values.entries()) {
    const [kind, value] = text.split(" ") as [Observable["kind"], string];
    const bytes = new TextEncoder().encode(`'${value}'`);
    packed.append(new PackedObservable(KIND_NUMBERS[kind], bytes, 1, bytes.length - 1), handle);
    plain.append({ kind, value }, handle);
  }
  assert.deepEqual([...packed.entries()], [...plain.entries()]);
  assert.deepEqual(packed.view(), plain.view());
  for (const text of values.map((text) => text.split(" ")[1]!).concat("10.2.3.4")) {
    assert.deepEqual(packed.hits({ text }), plain.hits({ text }));
  }
});
