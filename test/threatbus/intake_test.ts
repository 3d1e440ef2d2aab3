import assert from "node:assert/strict";
import { createIntake } from "../../src/threatbus/intake.ts";
import { listed } from "../../src/zmtp/messages.ts";

const encoder = new TextEncoder();
const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

/** A listener that has a message for each of two topics whenever it is asked, so many times. */
function flood(batches: number) {
  let read = 0;
  const listener = {
    subscribe: () => {},
    unsubscribe: () => {},
    confirmed: () => Promise.resolve(),
    async *batches() {
      while (read < batches) {
        read++;
        yield listed(["a", "b"].map((topic) => [encoder.encode(`${topic}${read}`)]));
        await turn();
      }
    },
    close: () => {},
  };
  return { listener, read: () => read };
}

Deno.test("createIntake() lets the broker wait once it keeps much, and loses nothing of it", async () => {
  for (const limits of [{ messages: 10, bytes: 1e9 }, { messages: 1e9, bytes: 20 }]) {
    const { listener, read } = flood(50);
    const came: string[] = [];
    const intake = createIntake(listener, (messages, topic) => {
      assert.equal(topic, "b");
      for (const [frame] of messages) came.push(text(frame));
      return undefined;
    }, limits);
    intake.expect();
    for (let turns = 0; turns < 100; turns++) await turn();
    assert.ok(read() <= 5, `${read()} batches`);
    intake.accept("b");
    assert.equal(await intake.ended, undefined);
    const first = Number(came[0]!.slice(1));
    assert.deepEqual(came, Array.from({ length: 51 - first }, (_, n) => `b${first + n}`));
    assert.ok(first <= 2);
  }
});

Deno.test("createIntake() keeps nothing before a topic is about to be granted", async () => {
  const { listener, read } = flood(50);
  const intake = createIntake(listener, () => undefined, { messages: 4, bytes: 1e9 });
  assert.equal(await intake.ended, undefined);
  assert.equal(read(), 50);
});

Deno.test("createIntake() hands on what it kept at the reader's pace, and ends without one", async () => {
  const { listener } = flood(50);
  let delivered = 0;
  const intake = createIntake(listener, (messages) => {
    delivered += messages.length;
    return new Promise(() => {});
  }, { messages: 10, bytes: 1e9 });
  intake.expect();
  for (let turns = 0; turns < 20; turns++) await turn();
  intake.accept("b");
  for (let turns = 0; turns < 20; turns++) await turn();
  assert.deepEqual([delivered, intake.held], [1, true]);
  intake.end();
  assert.equal(await intake.ended, undefined);
});
