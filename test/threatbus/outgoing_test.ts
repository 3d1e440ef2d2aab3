import assert from "node:assert/strict";
import { createHolder, send } from "../../src/threatbus/outgoing.ts";
import type { Session } from "../../src/threatbus/session.ts";

/** A session that can be lost; it takes messages if `takes`. */
function session(takes: boolean) {
  const lost = Promise.withResolvers<string>();
  let tries = 0;
  const made: Session = {
    topic: "t",
    snapshotDays: 0,
    lost: lost.promise,
    aliveAt: 0,
    settled: true,
    publish: () => {
      tries++;
      return takes ? Promise.resolve() : Promise.reject(new Error("gone"));
    },
    end: () => Promise.resolve(),
  };
  return { made, lose: () => lost.resolve("gone"), tries: () => tries };
}

Deno.test("send() tries a lost session once, and waits for the next", async () => {
  const signal = AbortSignal.timeout(60_000);
  const holder = createHolder();
  const old = session(false), next = session(true);
  holder.set(old.made);
  old.lose();
  const sent = send(holder, [], signal);
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
  assert.ok(old.tries() <= 1, `${old.tries()} tries`);
  holder.set(next.made);
  await sent;
  assert.equal(next.tries(), 1);
});

Deno.test("createHolder() keeps the newer session when the older one is lost", async () => {
  const signal = AbortSignal.timeout(60_000);
  const holder = createHolder();
  const old = session(true), next = session(true);
  holder.set(old.made);
  holder.set(next.made);
  old.lose();
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(await holder.get(signal), next.made);
  holder.close();
  await assert.rejects(holder.get(signal), /closed/);
});
