/** The real Threat Bus, the real vast-threatbus and pyzmq apps as child processes. */
import { freePorts } from "../../free_ports.ts";
import { type Child, startChild } from "./child.ts";
import { type Venv, venv } from "../venv.ts";

/** Pinned: what PyPI gave in November 2026; antlr 4.8 is what threatbus itself asks for. */
const REQUIREMENTS = [
  "threatbus==2022.5.16",
  "threatbus-inmem==2022.5.16",
  "threatbus-zmq==2022.5.16",
  "vast-threatbus==2022.5.16",
  "pyvast==2.0.0",
  "pyzmq==27.3.0",
  "stix2==3.0.1",
  "stix2-patterns==1.3.0",
  "antlr4-python3-runtime==4.8",
  "dynaconf==3.3.5",
];

const HERE = new URL(".", import.meta.url).pathname;

/** The environment with all of it, or why it can't be had. */
export function threatBusVenv(): Promise<Venv | string> {
  return venv("threatbus", REQUIREMENTS);
}

/** The ports of one broker. */
export interface Ports {
  readonly manage: number;
  readonly pub: number;
  readonly sub: number;
}

/** Three ports that are free; the real broker can't choose its own. */
export function brokerPorts(): Ports {
  const [manage, pub, sub] = freePorts(3);
  return { manage: manage!, pub: pub!, sub: sub! };
}

/** Starts the real broker with its in-memory backbone; resolves when it serves. */
export async function startBroker(venv: Venv, folder: string, ports: Ports): Promise<Child> {
  const config = {
    logging: { console: true, console_verbosity: "INFO", file: false },
    plugins: {
      backbones: { inmem: {} },
      apps: { zmq: { host: "127.0.0.1", ...ports } },
    },
  };
  // JSON is YAML.
  await Deno.writeTextFile(`${folder}/broker.yaml`, JSON.stringify(config));
  const broker = startChild(venv.script("threatbus"), ["-c", `${folder}/broker.yaml`]);
  await broker.until((line) => line.includes("ZeroMQ app plugin started"));
  await untilListening(Object.values(ports));
  // It goes on without a port that somebody else has, and its apps wait for ever.
  const taken = broker.lines.find((line) => line.includes("Address already in use"));
  if (taken === undefined) return broker;
  await broker.stop();
  throw new Error(`The real broker lacks a port: ${taken}`);
}

async function untilListening(ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    for (;;) {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);
      connection?.close();
      if (connection) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Starts the real vast-threatbus with a scripted vast; resolves when it is subscribed. */
export async function startVastApp(
  venv: Venv,
  folder: string,
  manage: number,
  changes: Record<string, unknown> = {},
): Promise<Child> {
  const config = {
    logging: { console: true, console_verbosity: "INFO", file: false },
    metrics: { interval: 0, filename: `${folder}/metrics.log` },
    vast: "localhost:42000",
    vast_binary: `${HERE}vast`,
    threatbus: `127.0.0.1:${manage}`,
    snapshot: 0,
    live_match: false,
    retro_match: true,
    retro_match_timeout: 60.0,
    max_background_tasks: 20,
    ...changes,
  };
  await Deno.writeTextFile(`${folder}/app.yaml`, JSON.stringify(config).replace(":60,", ":60.0,"));
  const app = startChild(venv.script("vast-threatbus"), ["-c", `${folder}/app.yaml`], {
    cwd: folder,
  });
  await app.until((line) => line.includes("Subscription successful"));
  return app;
}

/** A pyzmq app. */
export interface Peer {
  subscribe(
    topics: readonly string[],
    snapshot?: number,
    provide?: readonly unknown[],
  ): Promise<string>;
  publish(topic: string, messages: readonly string[]): Promise<void>;
  /** Sends `heartbeat` or `unsubscribe`; the broker's reply. */
  ask(action: string): Promise<unknown>;
  /** Bodies of so many messages of a type, in order. */
  receive(type: string, count: number): Promise<string[]>;
  stop(): Promise<void>;
}

/** Starts a pyzmq app on the broker with this management port. */
export function startPeer(venv: Venv, manage: number): Peer {
  const child = startChild(venv.python, [`${HERE}peer.py`, `127.0.0.1:${manage}`]);
  const tell = (command: unknown) => child.tell(JSON.stringify(command));
  const received = (type: string) =>
    child.lines.filter((line) => line.startsWith(`{"received": "${type}"`));
  return {
    subscribe: async (topics, snapshot = 0, provide = []) => {
      await tell({ do: "subscribe", topics, snapshot, provide });
      return JSON.parse(await child.until((line) => line.startsWith('{"subscribed"'))).subscribed;
    },
    publish: async (topic, messages) => {
      const before = child.lines.filter((line) => line.startsWith('{"published"')).length;
      await tell({ do: "publish", topic, messages });
      let seen = 0;
      await child.until((line) => line.startsWith('{"published"') && ++seen > before);
    },
    ask: async (action) => {
      const before = child.lines.filter((line) => line.startsWith('{"reply"')).length;
      await tell({ do: action });
      let seen = 0;
      const line = await child.until((line) => line.startsWith('{"reply"') && ++seen > before);
      return JSON.parse(line).reply;
    },
    receive: async (type, count) => {
      let seen = 0;
      await child.until((line) => line.startsWith(`{"received": "${type}"`) && ++seen >= count);
      return received(type).map((line) => JSON.parse(line).body);
    },
    stop: () => child.stop(),
  };
}
