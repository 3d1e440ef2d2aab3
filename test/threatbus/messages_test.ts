import assert from "node:assert/strict";
import fc from "fast-check";
import {
  checkFrames,
  decodeByText,
  decodeDelivery,
  decodeEnvelope,
  encodeDelivery,
  encodeSnapshotRequest,
  encodeStix,
  splitMessage,
} from "../../src/threatbus/messages.ts";
import { encodeEnvelope } from "./envelopes.ts";
import { example, publications } from "./recordings.ts";

const P2P = "abcdefghijklmnopqrstuvwxyzabcdef";
const text = (bytes: unknown) => {
  assert.ok(bytes instanceof Uint8Array, JSON.stringify(bytes));
  return new TextDecoder().decode(bytes);
};
const utf8 = (text: string) => new TextEncoder().encode(text);
const delivery = (type: string, json: string) => utf8(`${P2P}${type} ${json}`);
const reasonOf = (frame: Uint8Array) => {
  const item = decodeDelivery(frame, P2P);
  return item.type === "refused" ? item.reason : item.type;
};

Deno.test("encodeStix() writes the example messages byte for byte", () => {
  const names = [
    "pub-indicator-add",
    "pub-indicator-edit",
    "pub-indicator-remove",
    "pub-sighting-live",
    "pub-sighting-retro",
    "pub-sighting-with-source",
  ];
  for (const name of names) {
    const message = text(example(name));
    const split = splitMessage(example(name));
    assert.ok("json" in split);
    assert.equal(text(encodeStix(split.json)), message);
    assert.equal(text(encodeStix(JSON.parse(split.json))), message);
  }
});

Deno.test("decodeEnvelope() reads the example envelopes", () => {
  for (const name of ["pub-snapshotenvelope-indicator", "pub-snapshotenvelope-sighting"]) {
    const split = splitMessage(example(name));
    assert.ok("json" in split);
    const envelope = decodeEnvelope(split.json);
    assert.ok("body" in envelope);
    assert.equal(text(encodeEnvelope(envelope)), text(example(name)));
  }
});

Deno.test("decodeDelivery() reads the example deliveries", () => {
  const indicator = decodeDelivery(example("sub-indicator"), P2P);
  assert.ok(indicator.type === "indicator");
  assert.equal(indicator.update, "ADD");
  assert.equal(indicator.indicator.pattern, "[ipv4-addr:value = '6.6.6.6']");
  assert.equal(decodeDelivery(example("sub-sighting"), P2P).type, "sighting");
  const request = decodeDelivery(example("sub-snapshotrequest"), P2P);
  assert.ok(request.type === "snapshotrequest");
  assert.deepEqual(request.request, {
    snapshotType: "indicator",
    snapshotId: "5d6d8be7-60cd-45ee-ad67-43f3062912aa",
    seconds: 30 * 86_400,
  });
  assert.equal(
    text(delivery("snapshotrequest", encodeSnapshotRequest(request.request))),
    text(example("sub-snapshotrequest")),
  );
});

Deno.test("decodeDelivery() reads everything that the real broker delivered", () => {
  const { topics, all } = publications();
  let count = 0;
  for (const { received } of all) {
    for (const [name, frames] of received) {
      for (const frame of frames) {
        const item = decodeDelivery(frame, topics.get(name)!);
        assert.ok(item.type === "indicator" || item.type === "sighting", JSON.stringify(item));
        count++;
      }
    }
  }
  assert.ok(count > 15, String(count));
});

Deno.test("decodeDelivery() reads EDIT and REMOVE in any case; REMOVE needs no pattern", () => {
  const id = "indicator--df0f9a0e-c3b6-4f53-b0cf-5e9c454ee0cc";
  const read = (update: unknown, pattern?: string) => {
    const json = JSON.stringify({ type: "indicator", id, pattern, x_threatbus_update: update });
    const item = decodeDelivery(delivery("indicator", json), P2P);
    return item.type === "indicator" ? item.update : item.type === "refused" && item.reason;
  };
  assert.equal(read("EDIT", "[a:b = 'c']"), "EDIT");
  assert.equal(read("remove", "[a:b = 'c']"), "REMOVE");
  assert.equal(read("REMOVE"), "REMOVE");
  assert.equal(read("EDIT"), "no-pattern");
  assert.equal(read("whatever", "[a:b = 'c']"), "bad-property");
});

Deno.test("decodeDelivery() refuses bad messages with a reason, and the id if there is one", () => {
  const id = "indicator--df0f9a0e-c3b6-4f53-b0cf-5e9c454ee0cc";
  assert.equal(reasonOf(new Uint8Array([0xff, 0xfe, 0x00])), "not-utf-8");
  assert.equal(reasonOf(new Uint8Array()), "wrong-topic");
  assert.equal(
    reasonOf(encodeDelivery(utf8("z".repeat(32)), "indicator", utf8("{}"))),
    "wrong-topic",
  );
  assert.equal(reasonOf(delivery("malware", "{}")), "unknown-type");
  assert.equal(reasonOf(delivery("indicator", '{"type": ')), "malformed-json");
  assert.equal(reasonOf(delivery("indicator", "[]")), "not-an-object");
  assert.equal(reasonOf(delivery("indicator", '{"type": "malware"}')), "unsupported-type");
  assert.equal(reasonOf(delivery("indicator", '{"type": "refused"}')), "unsupported-type");
  assert.equal(reasonOf(delivery("indicator", '{"type": "indicator"}')), "bad-id");
  assert.equal(
    reasonOf(delivery("snapshotrequest", '{"type": "snapshotrequest"}')),
    "bad-snapshot-request",
  );
  const odd = `{"type": "snapshotrequest", "snapshot_type": {"toString": 0, "valueOf": 0}}`;
  assert.equal(reasonOf(delivery("snapshotrequest", odd)), "bad-snapshot-request");
  const refusal = (message: Uint8Array) => {
    const item = decodeDelivery(message, P2P);
    assert.ok(item.type === "refused");
    return item;
  };
  const unfinished = delivery("indicator", `{"type": "indicator", "id": "${id}"}`);
  assert.deepEqual([refusal(unfinished).reason, refusal(unfinished).id], ["no-pattern", id]);
  const notUtf8 = delivery("indicator", `{"id": "${id}", "name": "?"}`);
  notUtf8[notUtf8.length - 3] = 0xff;
  assert.deepEqual([refusal(notUtf8).reason, refusal(notUtf8).id], ["not-utf-8", id]);
  assert.equal(checkFrames([unfinished], 10)?.id, id);
  const [two, cut] = [[new Uint8Array(3), unfinished], Object.assign([unfinished], { cutFrom: 9 })];
  const faults = [two, cut].map((message) => checkFrames(message, 1000));
  assert.deepEqual(faults.map((fault) => [fault?.reason, fault?.id]), [
    ["not-one-frame", id],
    ["too-large", id],
  ]);
  assert.equal(checkFrames([unfinished], 1000), undefined);
  // What a peer writes stands in logs.
  const long = "x".repeat(100_000);
  const request = JSON.stringify({ type: "snapshotrequest", long });
  assert.ok(refusal(delivery("snapshotrequest", request)).detail.length <= 300);
  const named = refusal(delivery("indicator", JSON.stringify({ type: "indicator", id: long })));
  assert.ok(named.id!.length <= 100);
});

Deno.test("decodeDelivery() reads and refuses the same without parsing as by the text", () => {
  const odd = fc.record({
    type: fc.constantFrom("malware", 1),
    id: fc.jsonValue(),
    pattern: fc.oneof(fc.string(), fc.jsonValue()),
    pattern_type: fc.constantFrom("yara", null),
    modified: fc.constantFrom("today", 3),
    x_threatbus_update: fc.constantFrom(null, "EDIT", "remove", "ADD", "other", 1),
  }, { requiredKeys: [] });
  const sound = fc.record({
    type: fc.constant("indicator"),
    id: fc.uuid().map((uuid) => `indicator--${uuid}`),
    pattern: fc.constantFrom("[ipv4-addr:value = '6.6.6.6']", "[url:value='http://a.example/']"),
    modified: fc.constant("2026-11-21T10:00:00.123456Z"),
    name: fc.string({ unit: "grapheme" }),
    external_references: fc.jsonValue(),
  });
  const members = fc.oneof(
    sound,
    fc.tuple(sound, odd).map(([sound, odd]) => ({ ...sound, ...odd })),
  );
  const noise = fc.option(fc.tuple(fc.nat(), fc.uint8Array({ maxLength: 2 }), fc.nat(3)));
  const plain = (item: ReturnType<typeof decodeByText>) => {
    if (item.type !== "indicator") return item;
    const { type, update, id, indicator, json } = item;
    return { type, update, id, indicator, json };
  };
  let unparsed = 0;
  fc.assert(
    fc.property(members, noise, (members, noise) => {
      let frame = delivery("indicator", JSON.stringify(members));
      if (noise !== null) {
        const [place, bytes, cut] = noise;
        const at = place % frame.length;
        frame = new Uint8Array([...frame.subarray(0, at), ...bytes, ...frame.subarray(at + cut)]);
      }
      const item = decodeDelivery(frame, P2P);
      assert.deepEqual(plain(item), plain(decodeByText(frame, P2P)));
      if (item.type === "indicator" && item.received !== undefined) unparsed++;
    }),
    { numRuns: 5000 },
  );
  assert.ok(unparsed > 500, String(unparsed));
});

Deno.test("decodeDelivery() and decodeEnvelope() never throw", () => {
  const object = fc.dictionary(
    fc.constantFrom("type", "id", "pattern", "snapshot_type", "snapshot_id", "snapshot", "body"),
    fc.oneof(fc.constantFrom("indicator", "sighting", "snapshotenvelope", 1, 2), fc.jsonValue()),
  );
  const type = fc.constantFrom("indicator", "sighting", "snapshotrequest", "");
  fc.assert(
    fc.property(object, type, fc.uint8Array(), (object, type, noise) => {
      const json = JSON.stringify(object);
      decodeDelivery(delivery(type, json), P2P);
      decodeDelivery(noise, P2P);
      decodeDelivery(new Uint8Array([...delivery(type, json), ...noise]), P2P);
      decodeEnvelope(json);
    }),
    { numRuns: 2000 },
  );
});
