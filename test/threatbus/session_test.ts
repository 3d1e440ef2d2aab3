import assert from "node:assert/strict";
import type { Link } from "../../src/threatbus/link.ts";
import { encodeReply } from "../../src/threatbus/management.ts";
import { openSession } from "../../src/threatbus/session.ts";
import { listed, type Messages } from "../../src/zmtp/messages.ts";

const forever = new AbortController().signal;
const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
const [FIRST, OURS, OTHER] = ["a", "b", "c"].map((letter) => letter.repeat(32)) as [
  string,
  string,
  string,
];

/** A broker without sockets: what it says comes in order, and PONGs when the test says so. */
function scriptedLink(onRequest: (action: string) => void = () => {}) {
  const said: Messages[] = [];
  let isOver = false;
  let wake = () => {};
  let heartbeats = 0, grants = 0;
  const beaten: (() => void)[] = [];
  const pongs: (() => void)[] = [];
  const end = () => {
    isOver = true;
    wake();
  };
  const link: Link = {
    request(request) {
      const { action } = JSON.parse(text(request));
      onRequest(action);
      if (action === "heartbeat") {
        heartbeats++;
        for (const beat of beaten.splice(0)) beat();
      }
      const grant = { topic: [FIRST, OURS][grants]!, pubPort: 1, subPort: 2 };
      if (action === "subscribe") grants++;
      return Promise.resolve(
        encodeReply({ status: "success", ...(action === "subscribe" && { grant }) }),
      );
    },
    listen: () =>
      Promise.resolve({
        subscribe: () => {},
        unsubscribe: () => {},
        // That of the subscription comes at once.
        confirmed: () =>
          grants === 1 ? Promise.resolve() : new Promise<void>((resolve) => pongs.push(resolve)),
        async *batches() {
          while (!isOver) {
            if (said.length > 0) yield said.shift()!;
            else await new Promise<void>((resolve) => wake = resolve);
          }
        },
        close: end,
      }),
    publisher: () => {
      const ended = Promise.withResolvers<undefined>();
      const close = () => ended.resolve(undefined);
      return Promise.resolve({ publish: () => Promise.resolve(), ended: ended.promise, close });
    },
  };
  return {
    link,
    say(...texts: string[]) {
      said.push(listed(texts.map((one) => [new TextEncoder().encode(one)])));
      wake();
    },
    pong: () => pongs.splice(0).forEach((resolve) => resolve()),
    /** Resolves when so many more heartbeats were asked for. */
    async beats(count: number) {
      for (const until = heartbeats + count; heartbeats < until;) {
        await new Promise<void>((resolve) => beaten.push(resolve));
      }
    },
  };
}

function open(link: Link, deliver: (texts: readonly string[]) => Promise<void> | undefined) {
  return openSession({
    link,
    topics: ["stix2/indicator"],
    snapshotDays: 7,
    heartbeatMs: 1,
    requestTimeoutMs: 60_000,
    deliver: (messages) => deliver([...messages].map(([frame]) => text(frame))),
    limits: { messages: 1000, bytes: 1e6 },
  }, forever);
}

Deno.test("openSession() is not settled while its reader has no room, whatever time passes", async () => {
  let isAsked = false;
  const broker = scriptedLink((action) => {
    if (action === "subscribe" && isAsked) broker.say(`${OURS}indicator 1`);
    isAsked ||= action === "subscribe";
  });
  const room = Promise.withResolvers<void>();
  const session = await open(broker.link, () => room.promise);
  await broker.beats(5);
  assert.equal(session.settled, false);
  room.resolve();
  await broker.beats(4);
  assert.equal(session.settled, true);
  await session.end();
});

Deno.test("openSession() hands on others' messages only once what was sent before is read", async () => {
  const broker = scriptedLink();
  const came: string[] = [];
  const news: (() => void)[] = [];
  const session = await open(broker.link, (texts) => {
    came.push(...texts);
    for (const wake of news.splice(0)) wake();
    return undefined;
  });
  const until = async (last: string) => {
    while (came.at(-1) !== last) await new Promise<void>((resolve) => news.push(resolve));
  };
  // A reader that was held back for long finds these after many a heartbeat.
  await broker.beats(5);
  broker.say(`${OTHER}indicator 1`, `${OURS}indicator 2`);
  await until(`${OURS}indicator 2`);
  broker.pong();
  await broker.beats(2);
  broker.say(`${OTHER}indicator 3`, `${OURS}indicator 4`);
  await until(`${OURS}indicator 4`);
  assert.deepEqual(came, [`${OURS}indicator 2`, `${OTHER}indicator 3`, `${OURS}indicator 4`]);
  await session.end();
});
