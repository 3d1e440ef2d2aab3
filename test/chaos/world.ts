import { freePorts } from "../free_ports.ts";
import { type Process, reap, start, startCommand, until } from "./processes.ts";
import type { Random } from "./random.ts";
import { CHILD, countEvents, type Receiver, startReceiver } from "./receivers.ts";
import { createTelemetry, type Telemetry } from "./telemetry.ts";

/** A bus, a run with three sinks, and logs that grow: all that the chaos works on. */
export interface World {
  readonly telemetry: Telemetry;
  readonly receiver: Receiver;
  /** Starts what is not running. */
  keepUp(): void;
  /** Ends one with a signal; the next `keepUp` starts it again. */
  end(who: "bus" | "run", signal: Deno.Signal): Promise<void>;
  /** Kills the child of the process sink, as it takes its next line or after that. */
  killChild(how: "before" | "after"): void;
  /** There is a small disk: elsewhere a full one can't be tried. */
  readonly canFillDisk: boolean;
  /** Fills the disk with the state and the file sink. */
  fillDisk(): void;
  freeDisk(): void;
  /** How often each event has arrived, by sink. */
  arrivals(): Promise<ReadonlyMap<string, ReadonlyMap<number, number>>>;
  /** Ends of processes that nobody asked for, in words. */
  readonly surprises: readonly string[];
  /** The last words of bus and run. */
  logs(): string;
  /** Ends everything; returns the children that are left. */
  close(): Promise<readonly string[]>;
}

/** Builds the world in a folder. */
export async function createWorld(folder: string, random: Random): Promise<World> {
  const disk = await smallDisk(`${folder}/disk`);
  const paths = {
    logs: `${folder}/logs`,
    intel: `${folder}/intel`,
    store: `${folder}/bus/bus.sqlite`,
    state: `${folder}/disk/state`,
    hits: `${folder}/disk/hits.json`,
    child: `${folder}/child.sh`,
    taken: `${folder}/taken.json`,
    config: `${folder}/config.yaml`,
  };
  for (const path of [paths.logs, paths.intel]) Deno.mkdirSync(path);
  Deno.writeTextFileSync(paths.child, CHILD);
  const [manage, pub, sub, hook] = freePorts(4);
  const receiver = startReceiver(hook!);
  // JSON is YAML.
  Deno.writeTextFileSync(
    paths.config,
    JSON.stringify({
      threatbus: `127.0.0.1:${manage}`,
      logs: [paths.logs],
      live_match: true,
      retro_batch_delay: "20ms",
      state_dir: paths.state,
      shutdown_timeout: "1s",
      sinks: [
        `file:${paths.hits}`,
        `http://127.0.0.1:${hook}/hits#payload=lines&timeout=1s`,
        `process:sh ${paths.child} ${paths.taken} ${folder}?ack=true&timeout=2s`,
      ],
    }),
  );
  const telemetry = createTelemetry(paths.logs, paths.intel, random);
  telemetry.grow(50);
  telemetry.publish();

  const surprises: string[] = [];
  const running: Record<"bus" | "run", Process | undefined> = { bus: undefined, run: undefined };
  let diskWasFull = false, closed = false;
  const begin = {
    bus: () =>
      start([
        ..."bus --log-level warning --listen".split(" "),
        `127.0.0.1:${manage}`,
        ...["--pub-port", `${pub}`, "--sub-port", `${sub}`],
        ...["--store", paths.store, "--intel", paths.intel],
      ]),
    run: () => start(["run", "--config", paths.config]),
  };
  const keepUp = () => {
    for (const who of ["bus", "run"] as const) {
      if (running[who] !== undefined || closed) continue;
      const process = running[who] = begin[who]();
      process.ended.then((outcome) => {
        if (running[who] !== process) return;
        running[who] = undefined;
        // On a full disk a start fails, as it should.
        if (!diskWasFull) surprises.push(`${who} ended by itself: ${outcome}\n${process.log}`);
      });
    }
  };
  const freeDisk = () => {
    Deno.removeSync(`${folder}/disk/filler`);
  };
  return {
    telemetry,
    receiver,
    keepUp,
    async end(who, signal) {
      const process = running[who];
      running[who] = undefined;
      process?.kill(signal);
      const late = setTimeout(() => process?.kill("SIGKILL"), 30_000);
      const outcome = await process?.ended;
      clearTimeout(late);
      if (signal === "SIGTERM" && process !== undefined && outcome !== 0) {
        // Before it has begun to listen to signals a process just ends.
        const isYoung = outcome === "SIGTERM" && process.log === "";
        if (!isYoung && !diskWasFull) {
          surprises.push(`${who} at SIGTERM: ${outcome}\n${process.log}`);
        }
      }
    },
    killChild(how) {
      Deno.writeTextFileSync(`${folder}/die-${how}`, "");
    },
    canFillDisk: disk,
    fillDisk() {
      diskWasFull = true;
      fill(`${folder}/disk/filler`);
    },
    freeDisk,
    async arrivals() {
      const byFile = async (path: string) => {
        const counts = new Map<number, number>();
        countEvents(await Deno.readTextFile(path).catch(() => ""), counts);
        return counts;
      };
      return new Map<string, ReadonlyMap<number, number>>([
        ["file", await byFile(paths.hits)],
        ["webhook", receiver.got],
        ["process", await byFile(paths.taken)],
      ]);
    },
    surprises,
    logs: () => `bus:\n${running.bus?.log.slice(-3000)}\nrun:\n${running.run?.log.slice(-6000)}`,
    async close() {
      closed = true;
      const { bus, run } = running;
      running.bus = running.run = undefined;
      await Promise.all([reap(bus), reap(run), receiver.close()]);
      const left = await childrenLeft(paths.child);
      if (disk) await startCommand("umount", ["-l", `${folder}/disk`]).ended;
      return left;
    },
  };
}

/** A file system of few MiB; false, and a plain folder, where that is not allowed. */
async function smallDisk(path: string): Promise<boolean> {
  Deno.mkdirSync(path);
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
  return await startCommand("mount", ["-t", "tmpfs", "-o", "size=24m", "none", path]).ended === 0;
}

/** Writes until there is no more room. */
function fill(path: string): void {
  using file = Deno.openSync(path, { create: true, append: true });
  for (const size of [1 << 20, 1 << 14, 1 << 10, 1]) {
    try {
      while (file.writeSync(new Uint8Array(size)) > 0);
    } catch { /* no room for so much any more */ }
  }
}

/** Children of the process sink end when their pipe does; gives those that have not. */
async function childrenLeft(script: string): Promise<readonly string[]> {
  if (Deno.build.os !== "linux") return [];
  const look = () =>
    [...Deno.readDirSync("/proc")].flatMap(({ name }) => {
      try {
        const line = /^\d+$/.test(name) ? Deno.readTextFileSync(`/proc/${name}/cmdline`) : "";
        return line.includes(script) ? [`${name} ${line.replaceAll("\0", " ")}`] : [];
      } catch {
        return []; // it has ended meanwhile
      }
    });
  await until(() => look().length === 0, 30_000, "children end").catch(() => {});
  return look();
}
