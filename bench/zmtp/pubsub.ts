/**
 * PUB to SUB over loopback, two processes, ours against pyzmq in every pairing.
 *
 *     deno run -A bench/zmtp/pubsub.ts [--count 500000] [--size 500] [--rounds 3]
 *
 * Prints messages per second (the median of the rounds, first to last message at the
 * receiver) and the ratio to pyzmq with pyzmq.
 */
import { parseArgs } from "node:util";
import { venv } from "../../test/interop/venv.ts";

const { values } = parseArgs({
  options: {
    count: { type: "string", default: "500000" },
    size: { type: "string", default: "500" },
    rounds: { type: "string", default: "3" },
  },
});
const count = Number(values.count);
const python = await venv("pyzmq", ["pyzmq==27.3.0"]);
if (typeof python === "string") {
  console.error(`no pyzmq to compare with: ${python}`);
  Deno.exit(2);
}

type Side = "bridge" | "pyzmq";
const here = (name: string) => new URL(name, import.meta.url).pathname;

function start(side: Side, role: "send" | "receive", args: readonly string[]): Deno.ChildProcess {
  const ours = ["run", "--no-check", "-A", here(role === "send" ? "sender.ts" : "receiver.ts")];
  const command = side === "bridge"
    ? new Deno.Command(Deno.execPath(), { args: [...ours, ...args], stdout: "piped" })
    : new Deno.Command((python as { python: string }).python, {
      args: [here("peer.py"), role, ...args],
      stdout: "piped",
    });
  return command.spawn();
}

async function measure(from: Side, to: Side): Promise<number> {
  const sender = start(from, "send", [values.count, values.size]);
  const reader = sender.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const endpoint = (await reader.read()).value!.trim();
  const { stdout } = await start(to, "receive", [endpoint, values.count]).output();
  await reader.cancel();
  await sender.status;
  return (count - 1) / Number(new TextDecoder().decode(stdout));
}

const pairings = [["pyzmq", "pyzmq"], ["bridge", "bridge"], ["pyzmq", "bridge"], [
  "bridge",
  "pyzmq",
]] as const;
const rates = new Map<string, number[]>();
for (let round = 0; round < Number(values.rounds); round++) {
  for (const [from, to] of pairings) {
    const name = `${from} -> ${to}`;
    rates.set(name, [...rates.get(name) ?? [], await measure(from, to)]);
  }
}
const median = (numbers: readonly number[]) =>
  numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!;
const base = median(rates.get("pyzmq -> pyzmq")!);
console.log(
  `${count} messages of ${values.size} bytes, load ${
    Deno.loadavg().map((l) => l.toFixed(1)).join(" ")
  }`,
);
for (const [name, all] of rates) {
  const rate = median(all);
  console.log(
    `${name.padEnd(18)} ${Math.round(rate).toLocaleString("en")}/s  ${(rate / base).toFixed(2)}x`,
  );
}
