import assert from "node:assert/strict";
import { zmqLink } from "../../src/threatbus/zmq_link.ts";
import { encodeCommand, encodeMetadata } from "../../src/zmtp/command.ts";
import { encodeFrame } from "../../src/zmtp/frame.ts";
import { encodeGreeting } from "../../src/zmtp/greeting.ts";

Deno.test("zmqLink() ends a listening connection that gives no sign of life", async () => {
  const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = server.addr;
  const link = zmqLink({ host: "127.0.0.1", port, silenceMs: 20 });
  const listening = link.listen(port, AbortSignal.timeout(60_000));
  const peer = await server.accept();
  await peer.write(encodeGreeting("NULL", false));
  const ready = encodeMetadata([["Socket-Type", new TextEncoder().encode("PUB")]]);
  await peer.write(encodeFrame(encodeCommand("READY", ready), { command: true }));
  const listener = await listening;
  assert.deepEqual(await Array.fromAsync(listener.batches()), []);
  peer.close();
  server.close();
});

Deno.test("zmqLink() publishes as soon as the broker says what it wants, and is not held up before", async () => {
  const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = server.addr;
  const link = zmqLink({ host: "127.0.0.1", port });
  const opening = link.publisher(port, AbortSignal.timeout(60_000));
  const peer = await server.accept();
  await peer.write(encodeGreeting("NULL", false));
  const ready = encodeMetadata([["Socket-Type", new TextEncoder().encode("SUB")]]);
  await peer.write(encodeFrame(encodeCommand("READY", ready), { command: true }));
  // It is there, though nothing is wanted yet.
  const publisher = await opening;
  const message = new TextEncoder().encode("stix2/sighting {}");
  const publishing = publisher.publish([[message]], AbortSignal.timeout(60_000));
  await peer.write(encodeFrame(Uint8Array.of(1)));
  let heard = "";
  for await (const part of peer.readable.pipeThrough(new TextDecoderStream("latin1"))) {
    heard += part;
    if (heard.includes("stix2/sighting {}")) break;
  }
  publisher.close();
  await assert.rejects(publishing);
  server.close();
});
