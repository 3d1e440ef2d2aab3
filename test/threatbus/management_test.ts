import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeReply,
  decodeRequest,
  encodeReply,
  encodeRequest,
} from "../../src/threatbus/management.ts";
import { managementExchanges } from "./recordings.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("encodeRequest() writes the recorded requests byte for byte", () => {
  const recorded = new Set(managementExchanges().map((exchange) => text(exchange.request)));
  const requests = [
    { action: "subscribe", topics: ["stix2/indicator"], snapshotDays: 30 },
    { action: "subscribe", topics: ["stix2/indicator", "stix2/sighting"], snapshotDays: 0 },
    { action: "heartbeat", topic: "byfdbjpbgkfximttqdecmvivjfxxzwqd" },
    { action: "unsubscribe", topic: "byfdbjpbgkfximttqdecmvivjfxxzwqd" },
  ] as const;
  for (const request of requests) assert.ok(recorded.has(text(encodeRequest(request))));
});

Deno.test("decodeRequest() leads to the status that the real broker gave", () => {
  const exchanges = managementExchanges();
  assert.ok(exchanges.length > 40);
  for (const { title, request, reply } of exchanges) {
    const { action } = decodeRequest(request);
    const status = JSON.parse(reply).status;
    if (action === "error") assert.equal(status, "error", title);
    else if (action === "unknown") assert.equal(status, "unknown request", title);
    // An unknown p2p topic is an error too, which only the broker can know.
    else assert.ok(status === "success" || action !== "subscribe", title);
  }
});

Deno.test("decodeReply() and encodeReply() are the inverse of each other on recorded replies", () => {
  for (const { title, reply } of managementExchanges()) {
    const decoded = decodeReply(bytes(reply));
    assert.ok(decoded.status !== "malformed", title);
    assert.equal(text(encodeReply(decoded)), reply, title);
  }
});

Deno.test("decodeReply() refuses what is no reply of a Threat Bus", () => {
  const replies = [
    "",
    "hello",
    "[]",
    "{}",
    '{"status": "fine"}',
    '{"topic": "", "pub_port": 1, "sub_port": 2, "status": "success"}',
    '{"topic": "a", "pub_port": 0, "sub_port": 70000, "status": "success"}',
    '{"topic": "a", "status": "success"}',
  ];
  for (const reply of replies) assert.equal(decodeReply(bytes(reply)).status, "malformed", reply);
  assert.equal(decodeReply(new Uint8Array([0xff, 0xfe])).status, "malformed");
});

Deno.test("decodeRequest() counts snapshots in whole days as Python's int() does", () => {
  const days = (snapshot: string) => {
    const read = decodeRequest(bytes(`{"action":"subscribe","topic":"t","snapshot":${snapshot}}`));
    return read.action === "subscribe" ? read.snapshotDays : read.action;
  };
  assert.equal(days("1.9"), 1);
  assert.equal(days('" 7 "'), 7);
  assert.equal(days("-3"), -3);
  assert.equal(days("-0.5"), 0);
  assert.equal(days("true"), 1);
  assert.equal(days("null"), "error");
  assert.equal(days('"7.5"'), "error");
  assert.equal(days('""'), "error");
  assert.equal(days("1e300"), "error");
});

Deno.test("decodeRequest() and decodeReply() never throw", () => {
  const json = fc.dictionary(
    fc.constantFrom("action", "topic", "snapshot", "status", "pub_port", "sub_port"),
    fc.oneof(fc.constantFrom("subscribe", "heartbeat", "success", 13370), fc.jsonValue()),
  ).map((value) => bytes(JSON.stringify(value)));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), json), (input) => {
      assert.ok(decodeRequest(input).action);
      assert.ok(decodeReply(input).status);
    }),
    { numRuns: 2000 },
  );
});
