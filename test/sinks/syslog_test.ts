import assert from "node:assert/strict";
import { encodeMessage } from "../../sinks/syslog/message.ts";
import { parseSinkSpec } from "../../sinks/registry.ts";
import { SinkError } from "../../sinks/sink.ts";
import * as syslog from "../../sinks/syslog/mod.ts";
import { context, type Receiver, testConformance } from "./conformance.ts";
import { deliveries, delivery, HOSTILE } from "./deliveries.ts";
import { parse5424, type Peer, streamPeer, udpPeer } from "./syslog_peer.ts";

const never = new AbortController().signal;
const TLS = new URL("../fixtures/tls/", import.meta.url).pathname;
const serverTls = () => ({
  cert: Deno.readTextFileSync(`${TLS}server.pem`),
  key: Deno.readTextFileSync(`${TLS}server.key`),
});

async function receiver(peer: Peer, form: string): Promise<Receiver> {
  const { options } = await parseSinkSpec(form.replace("PORT", `${peer.port}`));
  let running = true;
  const stop = async () => {
    if (running) await peer.stop();
    running = false;
  };
  const recover = async () => {
    await peer.start();
    running = true;
  };
  const received = (count: number) => peer.inbox.bodies(count);
  return { options, received, breakDown: stop, recover, close: stop };
}

testConformance("syslog+udp", {
  module: syslog,
  start: async () => receiver(await udpPeer(), "syslog+udp://127.0.0.1:PORT"),
  unconfirmed: true,
});
testConformance("syslog+tcp", {
  module: syslog,
  start: async () => receiver(await streamPeer(), "syslog+tcp://127.0.0.1:PORT"),
});
testConformance("syslog+tls", {
  module: syslog,
  start: async () =>
    receiver(await streamPeer(serverTls()), `syslog+tls://localhost:PORT#ca=${TLS}ca.pem`),
  // Deno closes a TLS connection in its own time.
  late: true,
});

Deno.test("syslog fills the header, escapes structured data and keeps hostile values inside", async () => {
  const peer = await streamPeer();
  const { module, options } = await parseSinkSpec(
    `syslog+tcp://127.0.0.1:${peer.port}#facility=local3&severity=alert&app_name=my%20app`,
  );
  const sink = await module.open(options, context, never);
  const hostile = HOSTILE.map((value, n) => delivery(n, value, value));
  await sink.write([...hostile, delivery(99, Uint8Array.of(0x7b, 0xff, 10, 0x7d))], never);
  await peer.inbox.bodies(hostile.length + 1);
  const [first] = peer.inbox.messages;
  assert.equal(first!.priority, 19 * 8 + 1);
  assert.equal(first!.appName, "my_app");
  assert.equal(first!.msgId, "RETRO");
  for (const [n, value] of HOSTILE.entries()) {
    const { parameters, message } = peer.inbox.messages[n]!;
    // deno-lint-ignore no-control-regex
    for (const text of [message, parameters["ioc"]!]) assert.doesNotMatch(text, /[\u0000-\u001f]/);
    assert.deepEqual(Object.keys(parameters), ["id", "ioc", "indicator"]);
    if (/^[\x20-\x7e]{0,1000}$/.test(value)) assert.equal(parameters["ioc"], value);
  }
  assert.equal(peer.inbox.messages.at(-1)!.message, "{\ufffd\\u000a}");
  await sink.close();
  await peer.stop();
});

Deno.test("syslog over UDP cuts what no datagram holds, and says so", async () => {
  const peer = await udpPeer();
  const { module, options } = await parseSinkSpec(`syslog+udp://127.0.0.1:${peer.port}`);
  const sink = await module.open(options, context, never);
  await sink.write([delivery(0, "ä".repeat(100_000))], never);
  const [message] = await peer.inbox.bodies(1);
  assert.equal(peer.inbox.messages[0]!.parameters["truncated"], "true");
  assert.match(message!, /^ä+$/);
  await sink.close();
  await peer.stop();
});

Deno.test("syslog over TLS refuses a certificate that it can't trust", async () => {
  const peer = await streamPeer(serverTls());
  const { module, options } = await parseSinkSpec(`syslog+tls://localhost:${peer.port}`);
  await assert.rejects(module.open(options, context, never), (error) => {
    assert(error instanceof SinkError);
    assert.match(error.hint!, /option ca/);
    return true;
  });
  await peer.stop();
});

Deno.test("syslog says where nobody listens", async () => {
  const peer = await streamPeer();
  await peer.stop();
  const { module, options } = await parseSinkSpec(`syslog+tcp://127.0.0.1:${peer.port}`);
  await assert.rejects(module.open(options, context, never), /Can't reach syslog at tcp:/);
});

Deno.test("syslog reaches a local daemon by datagram and by stream", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/datagram`;
    const socket = Deno.listenDatagram({ transport: "unixpacket", path });
    const datagram = await parseSinkSpec(`syslog:${path}`);
    const sink = await datagram.module.open(datagram.options, context, never);
    await sink.write(deliveries(0, 2), never);
    for (const n of [0, 1]) {
      const [bytes] = await socket.receive();
      assert.equal(parse5424(bytes).message, `{"n":${n}}`);
    }
    await sink.close();
    socket.close();

    const listener = Deno.listen({ transport: "unix", path: `${folder}/stream` });
    const stream = await parseSinkSpec(`syslog:${folder}/stream`);
    const [connection, second] = await Promise.all([
      listener.accept(),
      stream.module.open(stream.options, context, never),
    ]);
    await second.write(deliveries(0, 2), never);
    const buffer = new Uint8Array(4096);
    const read = await connection.read(buffer);
    const lines = new TextDecoder().decode(buffer.subarray(0, read!)).split("\n");
    assert.equal(parse5424(new TextEncoder().encode(lines[1])).message, '{"n":1}');
    await second.close();
    connection.close();
    listener.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("syslog waits for a local daemon that is slow, and finds one that was started again", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/log`;
  const listen = () => Deno.listenDatagram({ transport: "unixpacket", path });
  const receive = async (socket: Deno.DatagramConn) =>
    parse5424((await socket.receive())[0]).message;
  try {
    const first = listen();
    const { module, options } = await parseSinkSpec(`syslog:${path}`);
    const sink = await module.open(options, context, never);
    // Linux keeps some ten or five hundred datagrams for a receiver, by net.unix.max_dgram_qlen.
    const many = 2000;
    let written = false;
    const writing = sink.write(deliveries(0, many), never).then(() => written = true);
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert.equal(written, false);
    for (let n = 0; n < many; n++) assert.equal(await receive(first), `{"n":${n}}`);
    await writing;
    first.close();
    await Deno.remove(path);
    await assert.rejects(sink.write(deliveries(many, 1), never), (error: SinkError) => {
      assert.match(error.message, /Can't send to syslog at .*Connection refused/);
      assert.equal(error.undelivered.length, 1);
      return true;
    });
    await assert.rejects(sink.write(deliveries(many, 1), never), /No such file or directory/);
    const second = listen();
    await sink.write(deliveries(many, 1), never);
    assert.equal(await receive(second), `{"n":${many}}`);
    await sink.close();
    second.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("syslog speaks RFC 3164 where it is asked to, and to this machine's own daemon", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/log`;
    const socket = Deno.listenDatagram({ transport: "unixpacket", path });
    const { module, options } = await parseSinkSpec(
      `syslog:${path}#protocol=rfc3164&app_name=a[b]`,
    );
    const sink = await module.open(options, context, never);
    await sink.write(deliveries(0, 1), never);
    const [bytes] = await socket.receive();
    // As syslog(3) of the C library writes it: rsyslog and journald read nothing else at /dev/log.
    assert.match(
      new TextDecoder().decode(bytes),
      /^<132>(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ 1-3]\d \d\d:\d\d:\d\d a_b_\[\d+\]: \{"n":0\}$/,
    );
    await sink.close();
    socket.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const delivery = deliveries(0, 1)[0]!;
  const envelope = {
    form: "rfc3164",
    facility: "user",
    severity: "notice",
    hostname: "here",
    appName: "bridge",
    structuredData: true,
    maxSize: 0,
  } as const;
  const time = new Date(2026, 0, 5, 8, 0, 0).getTime();
  const text = new TextDecoder().decode(encodeMessage(delivery, envelope, time));
  assert.equal(text, `<13>Jan  5 08:00:00 here bridge[${Deno.pid}]: {"n":0}`);
});

Deno.test("syslog reads its short forms", () => {
  assert.deepEqual(syslog.parse("syslog"), { transport: "local" });
  assert.deepEqual(syslog.parse("syslog:"), { transport: "local" });
  assert.deepEqual(syslog.parse("syslog:/run/log"), { transport: "local", path: "/run/log" });
  assert.deepEqual(syslog.parse("syslog+tls://[::1]#key=/k"), {
    transport: "tls",
    host: "::1",
    port: 0,
    key: "/k",
  });
  assert.throws(() => syslog.parse("syslog+tcp:/nowhere"), /Not a syslog receiver/);
});
