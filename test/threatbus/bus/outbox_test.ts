import assert from "node:assert/strict";
import type { Peer } from "../../../src/threatbus/bus/connections.ts";
import { createOutbox, OVERHEAD } from "../../../src/threatbus/bus/outbox.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
/** Room for four messages of two bytes. */
const limits = { bytes: 4 * (OVERHEAD + 2), stallMs: 60_000 };

function recorder(): { peer: Peer; got: string[] } {
  const got: string[] = [];
  return { peer: { send: (frame) => void got.push(new TextDecoder().decode(frame)) }, got };
}

Deno.test("Outbox keeps messages until a connection comes, the newest if there are too many", () => {
  let dropped = 0;
  const outbox = createOutbox(limits, () => dropped++);
  for (const text of ["a1", "a2", "a3", "a4", "a5", "a6"]) outbox.push(bytes(text));
  const { peer, got } = recorder();
  outbox.attach(peer, bytes("a"));
  assert.deepEqual(got, ["a3", "a4", "a5", "a6"]);
  assert.deepEqual([dropped, outbox.dropped], [2, 2]);
});

Deno.test("Outbox bounds its bytes, but takes one message of any size", () => {
  const outbox = createOutbox(limits, () => {});
  outbox.push(bytes("a".repeat(200)));
  outbox.push(bytes("b".repeat(200)));
  assert.deepEqual([outbox.length, outbox.dropped], [1, 1]);
  outbox.push(bytes("c".repeat(500)));
  assert.equal(outbox.length, 1);
});

Deno.test("Outbox sends to each connection what begins with one of its prefixes, once", () => {
  const outbox = createOutbox(limits, () => {});
  const [all, some] = [recorder(), recorder()];
  outbox.attach(all.peer, bytes("a"));
  outbox.attach(all.peer, bytes("ab"));
  outbox.attach(some.peer, bytes("ab"));
  outbox.push(bytes("ab1"));
  outbox.push(bytes("ac2"));
  assert.deepEqual([all.got, some.got], [["ab1", "ac2"], ["ab1"]]);
  outbox.detach(all.peer, bytes("a"));
  outbox.push(bytes("ac3"));
  outbox.detach(some.peer);
  outbox.push(bytes("ab4"));
  assert.deepEqual([all.got, some.got], [["ab1", "ac2", "ab4"], ["ab1"]]);
  outbox.detach(all.peer, bytes("ab"));
  outbox.push(bytes("ab5"));
  assert.deepEqual([all.got.length, outbox.attached, outbox.length], [3, false, 1]);
});

Deno.test("Outbox.relief() ends when a connection stands still for too long", async () => {
  const outbox = createOutbox({ ...limits, stallMs: 5 }, () => {});
  const gate = Promise.withResolvers<void>();
  outbox.attach({ send: () => gate.promise }, bytes("a"));
  for (const text of ["a1", "a2", "a3", "a4"]) outbox.push(bytes(text));
  assert.equal(outbox.congested, true);
  await outbox.relief();
  assert.equal(outbox.congested, false, "nobody waits for it any more");
  outbox.close();
  gate.resolve();
});

Deno.test("Outbox passes over a connection that stands still when the subscriber has another", async () => {
  const outbox = createOutbox({ ...limits, stallMs: 5 }, () => {});
  const gate = Promise.withResolvers<void>();
  const dead: string[] = [];
  const send = (frame: Uint8Array) => {
    dead.push(new TextDecoder().decode(frame));
    return gate.promise;
  };
  outbox.attach({ send }, bytes("a"));
  for (const text of ["a1", "a2", "a3", "a4"]) outbox.push(bytes(text));
  await outbox.relief();
  // It comes back with a new connection before the old one is known to be dead.
  const back = recorder();
  outbox.attach(back.peer, bytes("a"));
  await outbox.room();
  outbox.push(bytes("a5"));
  assert.deepEqual(back.got, ["a2", "a3", "a4", "a5"]);
  gate.resolve();
  await gate.promise;
  outbox.push(bytes("a6"));
  assert.deepEqual([back.got.at(-1), dead], ["a6", ["a1", "a6"]]);
  outbox.close();
});

Deno.test("Outbox waits for a connection that is passed over when it is the last one left", async () => {
  const outbox = createOutbox({ ...limits, stallMs: 5 }, () => {});
  const gate = Promise.withResolvers<void>();
  const slow: string[] = [];
  let pending: Promise<void> | undefined = gate.promise;
  const send = (frame: Uint8Array) => {
    slow.push(new TextDecoder().decode(frame));
    return pending;
  };
  const other = recorder();
  outbox.attach({ send }, bytes("a"));
  outbox.attach(other.peer, bytes("a"));
  for (const text of ["a1", "a2", "a3", "a4"]) outbox.push(bytes(text));
  await outbox.room();
  assert.deepEqual(other.got, ["a1", "a2", "a3", "a4"]);
  outbox.detach(other.peer);
  outbox.push(bytes("a5"));
  assert.equal(outbox.length, 1, "it is kept");
  pending = undefined;
  gate.resolve();
  await gate.promise;
  await Promise.resolve();
  assert.deepEqual([slow, outbox.length], [["a1", "a5"], 0]);
  outbox.close();
});
