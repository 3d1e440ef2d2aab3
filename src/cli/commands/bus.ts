import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { UsageError } from "../../errors.ts";
import { stateDirectory } from "../../state/directory.ts";
import type { Bus } from "../../threatbus/bus/bus.ts";
import { boundOptions, boundsOfOptions } from "../bus_bounds.ts";
import { type CliContext, withExamples } from "../context.ts";
import { LOG_LEVELS, setUpLogging } from "../logging.ts";
import { collect } from "../options.ts";

interface Options {
  readonly listen: Address;
  readonly pubPort?: number;
  readonly subPort?: number;
  readonly intel?: readonly string[];
  readonly store?: string;
  readonly curveKey?: string;
  readonly curveClients?: string;
  readonly plainUsers?: string;
  readonly insecure?: true;
  readonly logLevel: string;
}

interface Address {
  readonly host: string;
  readonly port: number;
}

/** `bridge bus`: a Threat Bus for who has none yet. */
export function command(context: CliContext): Command {
  const bus = new Command("bus")
    .description(
      "Run a Threat Bus: apps of the real one connect to it unchanged. Messages are kept, so that snapshots can be answered.",
    )
    .option("-l, --listen <host:port>", "management endpoint", parseAddress, {
      host: "127.0.0.1",
      port: 13370,
    })
    .option("--pub-port <port>", "where subscribers listen (default: the next port)", parsePort)
    .option("--sub-port <port>", "where apps publish (default: the port after)", parsePort)
    .option(
      "-i, --intel <path>",
      "STIX file or folder whose indicators are published, and again when they change; repeatable",
      collect,
    )
    .option(
      "--store <file>",
      "where messages are kept; :memory: forgets them (default: state folder)",
    );
  for (const option of boundOptions()) bus.addOption(option);
  bus
    .option("--curve-key <file>", "encrypt: our CURVE certificate with the secret key")
    .option("--curve-clients <path>", "only clients with these public certificates")
    .option("--plain-users <file>", "login: user:password, one a line")
    .option("--insecure", "listen beyond this machine without CURVE or PLAIN")
    .addOption(
      new Option("--log-level <level>", "least level logged").choices(LOG_LEVELS).default("info"),
    )
    .action((options: Options) => run(options, context));
  bus.options.find(({ long }) => long === "--listen")!.defaultValueDescription = "127.0.0.1:13370";
  return withExamples(bus, [
    ["for the apps of this machine", "bridge bus"],
    ["publish the indicators of a folder, and what changes in it", "bridge bus --intel /srv/intel"],
    ["for a network, encrypted", "bridge bus --listen 0.0.0.0:13370 --curve-key bus.key_secret"],
  ]);
}

async function run(options: Options, context: CliContext): Promise<void> {
  setUpLogging({ console: options.logLevel, timestamps: true });
  const { startBus } = await import("../../threatbus/bus/bus.ts");
  const mechanism = await readMechanism(options);
  const { host, port } = options.listen;
  const after = (offset: number) => port === 0 ? 0 : port + offset;
  const bus: Bus = await startBus({
    host,
    managePort: port,
    pubPort: options.pubPort ?? after(1),
    subPort: options.subPort ?? after(2),
    intel: options.intel ?? [],
    store: options.store ?? join(stateDirectory(undefined, context.env), "bus.sqlite"),
    ...boundsOfOptions({ ...options }),
    insecure: options.insecure ?? false,
    ...(mechanism && { mechanism }),
  }, context.signal);
  await new Promise<void>((resolve) => {
    if (context.signal.aborted) resolve();
    context.signal.addEventListener("abort", () => resolve(), { once: true });
  });
  await bus.close();
}

async function readMechanism(options: Options) {
  const { curveKey, curveClients, plainUsers } = options;
  if (curveKey !== undefined && plainUsers !== undefined) {
    throw new UsageError("--curve-key and --plain-users can't go together", {
      hint: "CURVE knows clients by their keys: see --curve-clients.",
    });
  }
  if (curveClients !== undefined && curveKey === undefined) {
    throw new UsageError("--curve-clients needs --curve-key");
  }
  const { curveServerFrom, plainServerFrom } = await import("../../threatbus/security.ts");
  if (curveKey !== undefined) return await curveServerFrom(curveKey, curveClients);
  return plainUsers === undefined ? undefined : await plainServerFrom(plainUsers);
}

function parseAddress(text: string): Address {
  const match = /^(?:(\[[^\]]+\]|[^:]+):)?(\d+)$/.exec(text);
  if (match === null) throw new InvalidArgumentError("write host:port, e.g. 127.0.0.1:13370");
  return { host: (match[1] ?? "127.0.0.1").replace(/^\[|\]$/g, ""), port: parsePort(match[2]!) };
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port < 65_534) return port;
  throw new InvalidArgumentError("a port is a number from 0 (any free one) to 65533");
}
