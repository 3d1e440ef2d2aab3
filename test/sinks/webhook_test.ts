import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { parseSinkSpec, type SinkEntryConfig } from "../../sinks/registry.ts";
import { type Sink, SinkError } from "../../sinks/sink.ts";
import * as webhook from "../../sinks/webhook/mod.ts";
import { context, type Receiver, testConformance } from "./conformance.ts";
import { deliveries, delivery, HOSTILE } from "./deliveries.ts";

const never = new AbortController().signal;
const TLS = new URL("../fixtures/tls/", import.meta.url).pathname;

interface Request5 {
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
}

type Answer = (request: Request5, count: number) => Response;

/** An HTTP server that remembers what it was sent; `answer` decides what it says. */
function serve(answer: Answer, tls?: { cert: string; key: string }, port = 0) {
  const requests: Request5[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port, onListen() {}, ...tls },
    async (request) => {
      const url = new URL(request.url);
      const seen = {
        path: url.pathname + url.search,
        headers: request.headers,
        body: await request.text(),
      };
      requests.push(seen);
      return answer(seen, requests.length);
    },
  );
  return { requests, port: server.addr.port, stop: () => server.shutdown() };
}

const ok = () => new Response("thanks");

Deno.test("webhook tells what is confirmed after each request, and waits until it is noted", () =>
  using(ok, { batch_size: 2 }, async (sink, { requests }) => {
    const told: [number, number][] = [];
    await sink.write(deliveries(0, 5), never, async (count) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      told.push([count, requests.length]);
    });
    assert.deepEqual(told, [[2, 1], [2, 2], [1, 3]]);
  }));

async function using(
  answer: Answer,
  more: Record<string, unknown>,
  body: (sink: Sink, server: ReturnType<typeof serve>) => Promise<void>,
  env: Record<string, string> = {},
): Promise<void> {
  const server = serve(answer);
  const { module, options } = await parseSinkSpec({
    sink: `http://127.0.0.1:${server.port}/hook?token=s3cret`,
    ...more,
  });
  const sink = await module.open(options, { env: (name) => env[name] }, never);
  try {
    await body(sink, server);
  } finally {
    await sink.close();
    await server.stop();
  }
}

async function failure(sink: Sink, count = 2): Promise<SinkError> {
  const error = await sink.write(deliveries(0, count), never).catch((error) => error);
  assert(error instanceof SinkError, String(error));
  assert.doesNotMatch(`${error.message} ${error.cause}`, /s3cret|hunter2/);
  return error;
}

testConformance("webhook", {
  module: webhook,
  async start(): Promise<Receiver> {
    let broken = false;
    const server = serve(() => broken ? new Response("no", { status: 503 }) : ok());
    const { options } = await parseSinkSpec(`http://127.0.0.1:${server.port}/#payload=lines`);
    return {
      options,
      received: () =>
        Promise.resolve(
          server.requests.flatMap(({ body }) => body.trimEnd().split("\n")),
        ),
      breakDown: () => Promise.resolve(void (broken = true)),
      recover: () => Promise.resolve(void (broken = false)),
      close: () => server.stop(),
    };
  },
});

Deno.test("webhook signs each request with every secret, under an id that stays", () => {
  const secrets = ["whsec_" + btoa("0123456789abcdef01234567"), btoa("another-secret-of-24-byte")];
  return using(
    (_, count) => count <= 2 ? new Response("", { status: 500 }) : ok(),
    { headers: { "X-Team": "soc ${TEAM}" } },
    async (sink, { requests }) => {
      const batch = deliveries(0, 3);
      await assert.rejects(sink.write(batch, never));
      await assert.rejects(sink.write(batch, never));
      await sink.write(batch, never);
      assert.equal(requests.length, 3);
      assert.equal(new Set(requests.map(({ headers }) => headers.get("webhook-id"))).size, 1);
      for (const { headers, body, path } of requests) {
        assert.equal(path, "/hook?token=s3cret");
        assert.equal(headers.get("x-team"), "soc blue");
        assert.equal(headers.get("content-type"), "application/json");
        assert.deepEqual(JSON.parse(body), [{ n: 0 }, { n: 1 }, { n: 2 }]);
        const signed = `${headers.get("webhook-id")}.${headers.get("webhook-timestamp")}.${body}`;
        const expected = secrets.map((secret) => {
          const key = Uint8Array.from(atob(secret.replace("whsec_", "")), (c) => c.charCodeAt(0));
          return "v1," + createHmac("sha256", key).update(signed).digest("base64");
        });
        assert.equal(headers.get("webhook-signature"), expected.join(" "));
      }
    },
    { BRIDGE_WEBHOOK_SECRET: secrets.join(" "), TEAM: "blue" },
  );
});

Deno.test("webhook cuts batches, and counts only what was not answered", () =>
  using(
    (_, count) => count === 2 ? new Response("", { status: 502 }) : ok(),
    { batch_size: 2 },
    async (sink, { requests }) => {
      const error = await failure(sink, 5);
      assert.deepEqual(error.undelivered, deliveries(2, 3));
      await sink.write(error.undelivered, never);
      assert.deepEqual(requests.map(({ body }) => JSON.parse(body).length), [2, 2, 2, 1]);
    },
  ));

Deno.test("webhook hands on Retry-After, in seconds and as a date", async () => {
  const later = new Date(Date.now() + 60_000).toUTCString();
  for (const [value, least] of [["7", 7000], [later, 50_000]] as const) {
    await using(
      () => new Response("", { status: 429, headers: { "retry-after": value } }),
      {},
      async (sink) => {
        const error = await failure(sink);
        assert(error.retryable);
        assert(error.retryAfter! >= least && error.retryAfter! <= 60_000);
      },
    );
  }
});

Deno.test("webhook stops for good at 410", () =>
  using(() => new Response("", { status: 410 }), {}, async (sink, { requests }) => {
    assert.equal((await failure(sink)).retryable, false);
    assert.equal((await failure(sink)).retryable, false);
    assert.equal(requests.length, 1);
  }));

Deno.test("webhook does not retry what the receiver refuses, and does retry the rest", async () => {
  for (const [status, retryable] of [[400, false], [413, false], [401, true], [503, true]]) {
    await using(
      () => new Response("", { status: status as number }),
      {},
      async (sink) => assert.equal((await failure(sink)).retryable, retryable),
    );
  }
});

Deno.test("webhook follows redirects at its host only", async () => {
  const other = serve(ok);
  await using(
    () => Response.redirect(`http://127.0.0.1:${other.port}/evil`, 307),
    {},
    async (sink) =>
      assert.match(
        (await failure(sink)).message,
        /redirects to another host \(http:\/\/127\.0\.0\.1:\d+\)/,
      ),
  );
  assert.equal(other.requests.length, 0);
  await other.stop();
  await using(
    ({ path }) =>
      path === "/new" ? ok() : new Response("", { status: 308, headers: { location: "/new" } }),
    {},
    async (sink, { requests }) => {
      await sink.write(deliveries(0, 1), never);
      assert.equal(requests[1]!.body, '[{"n":0}]');
    },
  );
});

Deno.test("webhook gives up waiting, and keeps credentials out of errors", async () => {
  const held = Promise.withResolvers<Response>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => held.promise);
  const { module, options, label } = await parseSinkSpec(
    `http://user:hunter2@127.0.0.1:${server.addr.port}/hook?token=s3cret#timeout=50ms`,
  );
  assert.match(label, /^http:\/\/127\.0\.0\.1:\d+\/…[0-9a-f]{6}$/);
  const sink = await module.open(options, context, never);
  assert.match((await failure(sink)).message, /no answer in time/);
  held.resolve(new Response());
  await server.shutdown();
  assert.match(
    (await failure(sink)).message,
    new RegExp(`^The webhook ${label} failed`),
  );
  await sink.close();
});

Deno.test("webhook is named by its host and a hash: paths may be secret, and tell webhooks apart", async () => {
  const labelOf = async (entry: SinkEntryConfig) => (await parseSinkSpec(entry)).label;
  const slack = await labelOf("https://hooks.slack.example/services/T0/B0/s3cret");
  assert.match(slack, /^https:\/\/hooks\.slack\.example\/…[0-9a-f]{6}$/);
  const url = "https://hooks.slack.example/services/T0/B0/s3cret";
  assert.equal(await labelOf(`webhook:${url}#payload=each`), slack);
  assert.equal(await labelOf({ sink: "webhook", url }), slack);
  assert.notEqual(await labelOf("https://hooks.slack.example/services/T0/B0/other"), slack);
  assert.equal(await labelOf("https://soc.example/"), "https://soc.example");
});

Deno.test("webhook checks the server's certificate against the CA it is given", async () => {
  const pem = (name: string) => Deno.readTextFileSync(TLS + name);
  const server = serve(ok, { cert: pem("server.pem"), key: pem("server.key") });
  const form = `https://localhost:${server.port}/`;
  const trusting = await parseSinkSpec(
    `${form}#ca=${TLS}ca.pem&cert=${TLS}client.pem&key=${TLS}client.key`,
  );
  const sink = await trusting.module.open(trusting.options, context, never);
  await sink.write(deliveries(0, 1), never);
  assert.equal(server.requests.length, 1);
  await sink.close();
  const doubting = await parseSinkSpec(form);
  const second = await doubting.module.open(doubting.options, context, never);
  await failure(second);
  assert.equal(server.requests.length, 1);
  await second.close();
  await server.stop();
});

Deno.test("webhook carries hostile values inside JSON, never in headers", () =>
  using(ok, { batch_size: 1000, batch_bytes: "10MiB" }, async (sink, { requests }) => {
    const bodies = HOSTILE.map((value) => JSON.stringify({ value }));
    const batch = bodies.map((body, n) => delivery(n, body, HOSTILE[n]));
    await sink.write([...batch, delivery(90, Uint8Array.of(0xff)), delivery(91, "a,b")], never);
    const [{ body, headers }] = requests as [Request5];
    const values = JSON.parse(body);
    const wellFormed = bodies.map((text) => JSON.parse(text));
    assert.deepEqual(values.slice(0, HOSTILE.length), wellFormed);
    assert.deepEqual(values.slice(HOSTILE.length), ["\ufffd", "a,b"]);
    assert.equal(headers.get("x-injected"), null);
  }));

Deno.test("webhook says what is wrong with its options", async () => {
  const open = async (sink: string, env: Record<string, string>, more = {}) => {
    const { module, options } = await parseSinkSpec({ sink, ...more });
    return await module.open(options, { env: (name) => env[name] }, never);
  };
  const secret = { BRIDGE_WEBHOOK_SECRET: "hunter2" };
  await assert.rejects(open("https://h/", secret), (error: Error) => {
    assert.match(error.message, /Not a webhook secret/);
    assert.doesNotMatch(error.message, /hunter2/);
    return true;
  });
  const headers = { Authorization: "Bearer ${NOT_SET}" };
  await assert.rejects(open("https://h/", {}, { headers }), /environment has no NOT_SET/);
  const broken = { headers: { "X-A": "a\r\nX-B: b" } };
  await assert.rejects(open("https://h/", {}, broken), /Not a valid header/);
});
