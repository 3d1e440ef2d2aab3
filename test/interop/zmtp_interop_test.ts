/** Our sockets with libzmq's (pyzmq). `deno task test:interop`; needs Python and PyPI once. */
import assert from "node:assert/strict";
import {
  bindPub,
  bindRep,
  bindSub,
  connectPub,
  connectReq,
  connectSub,
  curveClient,
  curveKeyPair,
  curveServer,
  encodeKey,
  type Mechanism,
  type Message,
  plainClient,
  plainServer,
} from "../../src/zmtp/mod.ts";
import { type Venv, venv as makeVenv } from "./venv.ts";
import { hexOf, type OpenOrder, openPeer, type Peer } from "./zmtp/peer.ts";

const venv = await makeVenv("pyzmq", ["pyzmq==27.3.0"]);
if (typeof venv === "string") console.warn(`ZMTP interop with libzmq is skipped: ${venv}`);

const LOCAL = "tcp://127.0.0.1:0";
const LIBZMQ = "tcp://127.0.0.1:*";

/** What a test gets: libzmq sockets that end with it, and a place to say what else is to be ended. */
interface Stage {
  readonly open: (order: OpenOrder) => Promise<Peer>;
  readonly defer: (end: () => unknown) => void;
}

function interop(name: string, body: (stage: Stage) => Promise<void>): void {
  Deno.test({
    name,
    ignore: typeof venv === "string",
    fn: async () => {
      const ends: (() => unknown)[] = [];
      const defer = (end: () => unknown) => void ends.unshift(end);
      const open = async (order: OpenOrder) => {
        const peer = await openPeer(venv as Venv, order);
        defer(() => peer.end());
        return peer;
      };
      try {
        await body({ open, defer });
      } finally {
        for (const end of ends) await end();
      }
    },
  });
}

const bytes = (text: string) => new TextEncoder().encode(text);
const signal = () => AbortSignal.timeout(120_000);

async function take(messages: AsyncIterable<Message>, count: number): Promise<string[][]> {
  const taken: string[][] = [];
  for await (const message of messages) {
    if (taken.push(message.map((frame) => frame.toHex())) === count) break;
  }
  return taken;
}

/** Frames at the borders of the short and the long form, and one that no read holds. */
const FRAMES = ["topic", "", "x".repeat(255), "x".repeat(256), "x".repeat(3_000_000)];
const HEX = FRAMES.map(hexOf);

interface Security {
  readonly server?: Mechanism;
  readonly client?: Mechanism;
  readonly theirServer?: Partial<OpenOrder>;
  readonly theirClient?: Partial<OpenOrder>;
}

function securities(): Readonly<Record<string, Security>> {
  const [server, client] = [curveKeyPair(), curveKeyPair()];
  const key = (bytes: Uint8Array) => encodeKey(bytes);
  return {
    NULL: {},
    PLAIN: {
      server: plainServer({ ada: "s3cret" }),
      client: plainClient("ada", "s3cret"),
      theirServer: { options: { PLAIN_SERVER: 1 }, passwords: { ada: "s3cret" } },
      theirClient: { options: { PLAIN_USERNAME: "ada", PLAIN_PASSWORD: "s3cret" } },
    },
    CURVE: {
      server: curveServer(server, (known) => known.toHex() === client.publicKey.toHex()),
      client: curveClient({ ...client, serverKey: server.publicKey }),
      theirServer: {
        options: { CURVE_SERVER: 1, CURVE_SECRETKEY: key(server.secretKey) },
        any_curve: true,
      },
      theirClient: {
        options: {
          CURVE_SERVERKEY: key(server.publicKey),
          CURVE_PUBLICKEY: key(client.publicKey),
          CURVE_SECRETKEY: key(client.secretKey),
        },
      },
    },
  };
}

for (const [name, { server, client, theirServer, theirClient }] of Object.entries(securities())) {
  const ourServer = server ? { mechanism: server } : {};
  const ourClient = client ? { mechanism: client } : {};

  interop(`connectSub() receives from a libzmq PUB, with ${name} security`, async (stage) => {
    const pub = await stage.open({ type: "XPUB", bind: LIBZMQ, ...theirServer });
    const sub = connectSub({ endpoint: pub.endpoint, topics: ["top"], ...ourClient });
    stage.defer(() => sub.close());
    assert.deepEqual(await pub.receive(1), [[hexOf("\x01top")]]);
    await pub.send("other", "not wanted");
    await pub.send(...FRAMES);
    await pub.send("topic 2");
    assert.deepEqual(await take(sub.messages, 2), [HEX, [hexOf("topic 2")]]);
    sub.unsubscribe("top");
    assert.deepEqual(await pub.receive(1), [[hexOf("\x00top")]]);
  });

  interop(`bindPub() sends to a libzmq SUB, with ${name} security`, async (stage) => {
    const joined = Promise.withResolvers<void>();
    const pub = bindPub({ endpoint: LOCAL, onSubscription: () => joined.resolve(), ...ourServer });
    stage.defer(() => pub.close());
    const sub = await stage.open({
      type: "SUB",
      connect: pub.endpoint,
      topics: ["top"],
      ...theirClient,
    });
    await joined.promise;
    pub.publish([bytes("other")]);
    pub.publish(FRAMES.map(bytes));
    assert.deepEqual(await sub.receive(1), [HEX]);
  });

  interop(`connectPub() sends to a bound libzmq SUB, with ${name} security`, async (stage) => {
    const sub = await stage.open({ type: "SUB", bind: LIBZMQ, topics: ["top"], ...theirServer });
    const pub = connectPub({ endpoint: sub.endpoint, ...ourClient });
    stage.defer(() => pub.close());
    // libzmq sends its subscriptions only while somebody is in a call of the socket.
    const received = sub.receive(1);
    await pub.publish(FRAMES.map(bytes), signal());
    assert.deepEqual(await received, [HEX]);
  });

  interop(`connectReq() asks a libzmq REP, with ${name} security`, async (stage) => {
    const rep = await stage.open({ type: "REP", bind: LIBZMQ, ...theirServer });
    const req = connectReq({ endpoint: rep.endpoint, ...ourClient });
    stage.defer(() => req.close());
    for (const frames of [FRAMES, ["again"]]) {
      const reply = req.request(frames.map(bytes), signal());
      assert.deepEqual(await rep.receive(1), [frames.map(hexOf)]);
      await rep.send("reply", ...frames);
      assert.deepEqual((await reply).map(hexOf), [hexOf("reply"), ...frames.map(hexOf)]);
    }
  });

  interop(`bindRep() answers a libzmq REQ, with ${name} security`, async (stage) => {
    const rep = bindRep(
      { endpoint: LOCAL, ...ourServer },
      (request) => [bytes("reply"), ...request],
    );
    stage.defer(() => rep.close());
    const req = await stage.open({ type: "REQ", connect: rep.endpoint, ...theirClient });
    for (const frames of [FRAMES, ["again"]]) {
      await req.send(...frames);
      assert.deepEqual(await req.receive(1), [[hexOf("reply"), ...frames.map(hexOf)]]);
    }
  });
}

interop("sockets talk over ipc with libzmq's, whoever binds", async (stage) => {
  const folder = await Deno.makeTempDir();
  stage.defer(() => Deno.remove(folder, { recursive: true }));
  const theirs = await stage.open({ type: "REP", bind: `ipc://${folder}/theirs` });
  const req = connectReq({ endpoint: `ipc://${folder}/theirs` });
  stage.defer(() => req.close());
  const reply = req.request(FRAMES.map(bytes), signal());
  assert.deepEqual(await theirs.receive(1), [HEX]);
  await theirs.send(...FRAMES);
  assert.deepEqual((await reply).map(hexOf), HEX);

  const joined = Promise.withResolvers<void>();
  const ours = bindPub({
    endpoint: `ipc://${folder}/ours`,
    onSubscription: () => joined.resolve(),
  });
  stage.defer(() => ours.close());
  const sub = await stage.open({ type: "SUB", connect: ours.endpoint, topics: [""] });
  await joined.promise;
  ours.publish(FRAMES.map(bytes));
  assert.deepEqual(await sub.receive(1), [HEX]);
});

/** The first failure that a REP socket of ours tells, while `use` makes somebody knock. */
async function refusal(
  stage: Stage,
  mechanism: Mechanism,
  use: (endpoint: string) => Promise<unknown>,
): Promise<string> {
  const refused = Promise.withResolvers<string>();
  const rep = bindRep({
    endpoint: LOCAL,
    mechanism,
    onEvent: (event) => event.type === "failed" && refused.resolve(event.reason.message),
  }, (request) => request);
  stage.defer(() => rep.close());
  await use(rep.endpoint);
  return await refused.promise;
}

interop(
  "a libzmq client with the wrong password or key is refused, the reason told",
  async (stage) => {
    const { PLAIN, CURVE } = securities();
    const stranger = curveKeyPair();
    const wrong = [
      [PLAIN!, { PLAIN_USERNAME: "ada", PLAIN_PASSWORD: "guess" }],
      [CURVE!, {
        ...CURVE!.theirClient!.options,
        CURVE_PUBLICKEY: encodeKey(stranger.publicKey),
        CURVE_SECRETKEY: encodeKey(stranger.secretKey),
      }],
    ] as const;
    for (const [security, options] of wrong) {
      const knock = (connect: string) => stage.open({ type: "REQ", connect, options });
      const reason = await refusal(stage, security.server!, knock);
      assert.match(reason, /not allowed|refused|wrong|password/i);
    }
  },
);

interop("a libzmq server's refusal of our password is told", async (stage) => {
  const rep = await stage.open({ type: "REP", bind: LIBZMQ, ...securities().PLAIN!.theirServer });
  const req = connectReq({ endpoint: rep.endpoint, mechanism: plainClient("ada", "guess") });
  stage.defer(() => req.close());
  await assert.rejects(req.request([bytes("x")], signal()), /refused the handshake: 400/);
});

interop("a libzmq client with the wrong key of our server is refused", async (stage) => {
  const { CURVE } = securities();
  const options = {
    ...CURVE!.theirClient!.options,
    CURVE_SERVERKEY: encodeKey(curveKeyPair().publicKey),
  };
  const reason = await refusal(
    stage,
    CURVE!.server!,
    (connect) => stage.open({ type: "REQ", connect, options }),
  );
  assert.match(reason, /key/i);
});

interop(
  "a libzmq server's refusal of our CURVE key is told, a wrong key of it too",
  async (stage) => {
    const [server, client] = [curveKeyPair(), curveKeyPair()];
    const options = { CURVE_SERVER: 1, CURVE_SECRETKEY: encodeKey(server.secretKey) };
    const folder = await Deno.makeTempDir();
    stage.defer(() => Deno.remove(folder, { recursive: true }));
    const ask = async (endpoint: string, serverKey: Uint8Array) => {
      const req = connectReq({ endpoint, mechanism: curveClient({ ...client, serverKey }) });
      stage.defer(() => req.close());
      await req.request([bytes("x")], AbortSignal.timeout(60_000));
    };
    // A folder without certificates lets nobody in.
    const strict = await stage.open({ type: "REP", bind: LIBZMQ, options, curve_keys: folder });
    await assert.rejects(ask(strict.endpoint, server.publicKey), /refused the handshake: 400/);
    const open = await stage.open({ type: "REP", bind: LIBZMQ, options, any_curve: true });
    await assert.rejects(ask(open.endpoint, curveKeyPair().publicKey), /handshake/);
  },
);

interop(
  "heartbeats of both sides keep an idle connection, and a killed peer is noticed",
  async (stage) => {
    const events: string[] = [];
    const gone = Promise.withResolvers<void>();
    const pub = await openPeer(venv as Venv, {
      type: "XPUB",
      bind: LIBZMQ,
      options: { HEARTBEAT_IVL: 100, HEARTBEAT_TIMEOUT: 20_000 },
    });
    const sub = connectSub({
      endpoint: pub.endpoint,
      topics: [""],
      heartbeat: 1000,
      onEvent: (event) => {
        events.push(event.type);
        if (event.type === "disconnected") gone.resolve();
      },
    });
    stage.defer(() => sub.close());
    await pub.receive(1);
    // Time itself is under test here: several heartbeats of both sides go by.
    await new Promise((resolve) => setTimeout(resolve, 2000));
    await pub.send("still here");
    assert.deepEqual(await take(sub.messages, 1), [[hexOf("still here")]]);
    assert.deepEqual(events, ["connected"]);
    await pub.end("kill");
    await gone.promise;
  },
);

interop(
  "connectSub() is back with its subscriptions when a killed libzmq PUB restarts",
  async (stage) => {
    const first = await openPeer(venv as Venv, { type: "XPUB", bind: LIBZMQ });
    const sub = connectSub({
      endpoint: first.endpoint,
      topics: ["a", "b"],
      reconnect: { initial: 20, maximum: 100 },
    });
    stage.defer(() => sub.close());
    assert.deepEqual(await first.receive(2), [[hexOf("\x01a")], [hexOf("\x01b")]]);
    await first.end("kill");
    const second = await stage.open({ type: "XPUB", bind: first.endpoint });
    assert.deepEqual(await second.receive(2), [[hexOf("\x01a")], [hexOf("\x01b")]]);
    await second.send("b", "after");
    assert.deepEqual(await take(sub.messages, 1), [[hexOf("b"), hexOf("after")]]);
  },
);

interop("connectPub() loses none of a burst to a libzmq SUB with small queues", async (stage) => {
  const sub = await stage.open({
    type: "SUB",
    bind: LIBZMQ,
    topics: [""],
    options: { RCVHWM: 10 },
  });
  const pub = connectPub({ endpoint: sub.endpoint });
  stage.defer(() => pub.close());
  const count = 20_000;
  const received = sub.numbers(count);
  for (let number = 0; number < count; number++) {
    const body = new Uint8Array(1000);
    new DataView(body.buffer).setBigUint64(0, BigInt(number));
    await pub.publish([body], signal());
  }
  assert.deepEqual(await received, Array.from({ length: count }, (_, number) => number));
});

interop("bindSub() takes a flood of several libzmq PUBs in order", async (stage) => {
  const sub = bindSub({ endpoint: LOCAL, topics: [""], receiveHighWaterMark: 100 });
  stage.defer(() => sub.close());
  const peers = await Promise.all(
    [1, 2].map(() =>
      stage.open({ type: "XPUB", connect: sub.endpoint, options: { XPUB_NODROP: 1 } })
    ),
  );
  for (const peer of peers) await peer.receive(1);
  const floods = peers.map((peer) => peer.flood(10_000, 500));
  const numbers: number[] = [];
  for await (const [body] of sub.messages) {
    const view = new DataView(body!.buffer, body!.byteOffset);
    if (numbers.push(Number(view.getBigUint64(0))) === 20_000) break;
  }
  await Promise.all(floods);
  assert.deepEqual(
    numbers.toSorted((a, b) => a - b),
    Array.from({ length: 20_000 }, (_, index) => index >> 1),
  );
});
