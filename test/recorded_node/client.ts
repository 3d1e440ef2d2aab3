/**
 * Stands for the executable `vast`: argument list, standard input and output,
 * exit codes, signals and messages as recorded; the answers come from a recorded
 * node. What no recording covers ends with exit code 70 and says so.
 *
 * Environment: RECORDED_VAST_FEATURES (`matcher`, `low-priority`),
 * RECORDED_VAST_SCALE (how much of the real time a call takes),
 * RECORDED_VAST_CALLS (a file that gets each argument list as a line of JSON).
 */
import { CLIENT } from "./cost.ts";
import help from "./help_texts.json" with { type: "json" };
import { createUnpacker, GREETING, logLine, type Request, writeAll } from "./wire.ts";

const encoder = new TextEncoder();
const features = (Deno.env.get("RECORDED_VAST_FEATURES") ?? "").split(",");
const scale = Number(Deno.env.get("RECORDED_VAST_SCALE") ?? "1");
const VERSION = {
  "VAST": "2021.05.27-0-g4706cc3f31-dirty",
  "VAST Build Tree Hash": "8841bc4b57a1cd8efdbcd2b01602fd00",
  "CAF": "0.17.6",
  "Apache Arrow": null,
  "jemalloc": null,
  "plugins": features.includes("matcher") ? { matcher: "bundled" } : {},
};

/** Ends the call with a message on standard error. */
class Exit extends Error {
  constructor(readonly code: number, message = "") {
    super(message);
  }
}

interface Global {
  endpoint: string;
  shown: string;
  quiet: boolean;
  smallQueue: boolean;
}

const pause = (seconds: number) => new Promise((done) => setTimeout(done, seconds * scale * 1000));
const err = (text: string) => writeAll(Deno.stderr, encoder.encode(text));
const out = (text: string) => writeAll(Deno.stdout, encoder.encode(text));

function refuse(what: string): never {
  throw new Exit(70, `recorded node: no recording covers ${what}\n`);
}

function usageError(kind: string, rest: readonly string[], usage: string): never {
  const line = rest.map((arg) => arg + " ").join("");
  const mark = ("^" + "~".repeat(rest[0]!.length - 1)).padEnd(line.length);
  throw new Exit(1, `error: ${kind}\n\n${line}\n${mark}\n\n${usage}\n`);
}

/** Takes options off the front; `spec` maps their names to whether a value follows. */
function takeOptions(args: string[], spec: Record<string, boolean>, usage: string) {
  const found = new Map<string, string>();
  while (args[0]?.startsWith("-") && args[0] !== "--help") {
    const whole = args[0];
    const equals = whole.startsWith("--") ? whole.indexOf("=") : -1;
    const name = equals < 0 ? whole : whole.slice(0, equals);
    if (!(name in spec) || (equals >= 0) !== (spec[name]! && whole.startsWith("--"))) {
      usageError("invalid option parameter", args, usage);
    }
    args.shift();
    found.set(name, equals >= 0 ? whole.slice(equals + 1) : spec[name] ? args.shift() ?? "" : "");
  }
  return found;
}

async function main(argv: readonly string[]): Promise<number> {
  const calls = Deno.env.get("RECORDED_VAST_CALLS");
  if (calls) Deno.writeTextFileSync(calls, JSON.stringify(argv) + "\n", { append: true });
  const args = argv.filter((arg) => !arg.startsWith("--caf."));
  const global = await takeGlobal(args);
  const command = args.shift();
  switch (command) {
    case undefined:
      await pause(CLIENT.whole.default);
      throw new Exit(1, `!! missing_subcommand: "vast" ""\n${help.vast}`);
    case "help":
    case "--help":
      await out(help.vast);
      return 0;
    case "version":
      await pause(CLIENT.version);
      await out(JSON.stringify(VERSION, null, 2) + "\n");
      return 0;
    case "status": {
      const options = takeOptions(args, { "--detailed": false }, help.vast);
      return await ask(global, { verb: "status", detailed: options.has("--detailed") });
    }
    case "count":
      return await ask(global, { verb: "count", query: await queryFrom(args) });
    case "export":
      return await exportEvents(global, args);
    case "import":
      return await importEvents(global, args);
    case "matcher":
      if (features.includes("matcher")) return await matcher(global, args);
      break;
    case "dump":
    case "start":
    case "stop":
      refuse(`\`${command}\` here`);
  }
  usageError("unrecognized subcommand", [command, ...args], help.vast);
}

async function takeGlobal(args: string[]): Promise<Global> {
  const spec = { "-e": true, "--endpoint": true, "--config": true, "--verbosity": true };
  const options = takeOptions(args, { ...spec, "--plugins": true }, help.vast);
  const given = options.get("-e") ?? options.get("--endpoint");
  const endpoint = given ?? "localhost:42000";
  if (!/^[^:]+(:\d+)?$/.test(endpoint)) {
    throw new Exit(1, `!! parse_error: "invalid endpoint" "${endpoint}"\n`);
  }
  const quiet = options.get("--verbosity") === "quiet";
  const config = options.get("--config");
  const text = config === undefined ? "" : await readConfig(config);
  if (config !== undefined && !quiet) await err(logLine(`loaded configuration file: "${config}"`));
  return {
    endpoint,
    shown: given ?? "localhost:42000/tcp",
    quiet,
    smallQueue: /log-queue-size:\s*\d{1,4}\s*$/m.test(text),
  };
}

async function readConfig(path: string): Promise<string> {
  const text = await Deno.readTextFile(path).catch(() => {
    throw new Exit(1, `!! invalid_configuration: "cannot find configuration file ${path}"\n`);
  });
  if (/plugins/.test(text) && !features.includes("matcher")) {
    throw new Exit(1, `!! invalid_configuration: "failed to find plugin \\"matcher\\""\n`);
  }
  return text;
}

/** The query as the one argument left or from standard input. */
async function queryFrom(args: readonly string[], file?: string): Promise<string> {
  if (args.length > 1) {
    const hint = logLine(
      "spreading a query over multiple arguments is not allowed; please pass it as a single string instead.",
    );
    throw new Exit(1, `!! invalid_query\n${hint}`);
  }
  if (file !== undefined && args.length > 0) {
    const text = "got a query on the command line but --read option is defined";
    throw new Exit(1, `!! parse_error: "${text}"\n`);
  }
  const query = file !== undefined
    ? await Deno.readTextFile(file).catch(() => {
      throw new Exit(1, `!! no_such_file: "unable to read from ${file}"\n`);
    })
    : args[0] ?? await new Response(Deno.stdin.readable).text();
  if (query.trim() === "") throw new Exit(1, "!! invalid_query\n");
  return query;
}

function exportHelp(): string {
  if (!features.includes("low-priority")) return help.export;
  return help.export.replace("\n\nsubcommands", "\n  [--low-priority]\n\nsubcommands");
}

async function exportEvents(global: Global, args: string[]): Promise<number> {
  if (args[0] === "--help") return await out(exportHelp()), 0;
  if (args[0] === "documentation") return await out(help.documentation), 0;
  const spec = {
    "-c": false,
    "--continuous": false,
    "--disable-taxonomies": false,
    "-n": true,
    "--max-events": true,
    "-r": true,
    "--read": true,
    "--timeout": true,
    "--unified": false,
    "--write": true,
    ...(features.includes("low-priority") ? { "--low-priority": false } : {}),
  };
  const options = takeOptions(args, spec, help.export);
  for (const name of ["--unified", "--write"]) if (options.has(name)) refuse(name);
  const format = args.shift() ?? refuse("export without a format and a query");
  if (["zeek", "csv", "ascii", "null"].includes(format)) refuse(`the format ${format}`);
  if (format !== "json") usageError("unrecognized subcommand", [format, ...args], help.export);
  if (args[0] === "--help") return await out(help.exportJson), 0;
  if (args[0] === "documentation") return await out(help.jsonDocumentation), 0;
  if (["--flatten", "--numeric-durations", "--"].includes(args[0]!)) refuse(args[0]!);
  takeOptions(args, {}, help.exportJson);
  const maxEvents = Number(options.get("-n") ?? options.get("--max-events") ?? 0);
  const timeout = options.get("--timeout");
  return await ask(global, {
    verb: "export",
    query: await queryFrom(args, options.get("-r") ?? options.get("--read")),
    maxEvents,
    continuous: options.has("-c") || options.has("--continuous"),
    ...(timeout === undefined ? {} : { timeout: parseFloat(timeout) }),
  });
}

async function importEvents(global: Global, args: string[]): Promise<number> {
  if (args[0] === "--help") return await out(help.importHelp), 0;
  takeOptions(args, { "-b": false }, help.importHelp);
  const format = args.shift() ?? "";
  if (!["json", "suricata", "zeek-json"].includes(format)) refuse(`importing ${format}`);
  const text = await new Response(Deno.stdin.readable).text();
  const events = text.split("\n").filter((line) => line.trim() !== "");
  return await ask(global, { verb: "import", reader: format.replace(/-json$/, ""), events });
}

async function matcher(global: Global, args: string[]): Promise<number> {
  const [verb, ...rest] = args;
  if (verb === "attach" && rest.length === 2 && rest[0] === "json") {
    return await ask(global, { verb, matcher: rest[1]! });
  }
  if (verb === "add" && rest.length === 3 && !rest[1]!.startsWith("-")) {
    return await ask(global, { verb, matcher: rest[0]!, value: rest[1]!, context: rest[2]! });
  }
  if (verb === "remove" && rest.length === 2 && !rest[1]!.startsWith("-")) {
    return await ask(global, { verb, matcher: rest[0]!, value: rest[1]! });
  }
  return refuse(`\`matcher ${args.join(" ")}\``);
}

/** Connects, sends the request, prints what comes, resolves with the exit code. */
async function ask(
  global: Global,
  request: Omit<Request, "endpoint" | "quiet" | "smallQueue">,
): Promise<number> {
  const { endpoint, shown, quiet, smallQueue } = global;
  if (!quiet) await err(logLine(`client connects to VAST node at ${shown}`));
  const [hostname = "", port = "42000"] = endpoint.split(":");
  const connection = await Deno.connect({ hostname, port: Number(port) }).catch(async (error) => {
    await pause(CLIENT.refused);
    const why = /lookup|not known|resolve/i.test(String(error))
      ? "no such host"
      : "ip_connect failed";
    throw new Exit(1, `!! cannot_connect_to_node: "${why}" "${hostname}" ${port}\n`);
  });
  const buffer = new Uint8Array(1 << 18);
  let greeting = "";
  while (greeting.length < GREETING.length) {
    const size = await connection.read(buffer.subarray(0, GREETING.length - greeting.length));
    if (size === null || !GREETING.startsWith(greeting += decode(buffer.subarray(0, size)))) {
      await new Promise((never) => setTimeout(never, 1e9)); // No VAST: it hangs without end.
    }
  }
  const line = JSON.stringify({ ...request, endpoint: shown, quiet, smallQueue }) + "\n";
  const sent = Promise.withResolvers<void>();
  stopOnSignals(connection, sent.promise);
  await writeAll(connection, encoder.encode(line));
  sent.resolve();
  const unpack = createUnpacker();
  while (true) {
    const size = await connection.read(buffer).catch(() => null);
    if (size === null) break;
    for (const { type, payload } of unpack(buffer.subarray(0, size))) {
      if (type === "x") return Number(decode(payload));
      await writeAll(type === "o" ? Deno.stdout : Deno.stderr, payload);
    }
  }
  const what = request.verb === "export" ? "export json" : request.verb;
  throw new Exit(1, `${quiet ? "" : logLine(`${what} received error message: !! exit`)}!! exit\n`);
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** First signal: ask the node to end the query; second: die of it. */
function stopOnSignals(connection: Deno.Conn, sent: Promise<void>): void {
  for (const name of ["SIGTERM", "SIGINT"] as const) {
    const once = () => {
      Deno.removeSignalListener(name, once);
      const note = "\ninitiating graceful shutdown... (repeat request to terminate immediately)\n";
      Deno.stderr.writeSync(encoder.encode(note));
      sent.then(() => connection.write(encoder.encode("stop\n"))).catch(() => {});
    };
    Deno.addSignalListener(name, once);
  }
}

let code: number;
try {
  code = await main(Deno.args);
} catch (error) {
  if (!(error instanceof Exit)) throw error;
  await err(error.message);
  code = error.code;
}
Deno.exit(code);
