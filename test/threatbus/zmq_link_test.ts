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
