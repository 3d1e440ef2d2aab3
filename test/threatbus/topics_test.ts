import assert from "node:assert/strict";
import { randomP2pTopic, snapshotTypesOf } from "../../src/threatbus/topics.ts";

Deno.test("randomP2pTopic() gives 32 lower-case letters, never the same", () => {
  const topics = new Set(Array.from({ length: 500 }, randomP2pTopic));
  assert.equal(topics.size, 500);
  for (const topic of topics) assert.match(topic, /^[a-z]{32}$/);
});

Deno.test("snapshotTypesOf() follows the recorded rules", () => {
  assert.deepEqual(snapshotTypesOf("stix2/indicator"), ["indicator"]);
  assert.deepEqual(snapshotTypesOf("stix2/sighting"), ["sighting"]);
  assert.deepEqual(snapshotTypesOf("stix2"), ["indicator", "sighting"]);
  assert.deepEqual(snapshotTypesOf("stix2/"), ["indicator", "sighting"]);
  assert.deepEqual(snapshotTypesOf("stix2/ind"), []);
});
