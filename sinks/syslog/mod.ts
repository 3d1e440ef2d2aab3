import type { Values } from "../../src/config/config.ts";
import type { OptionTable } from "../../src/config/options.ts";
import { UsageError } from "../../src/errors.ts";
import { orAborted, withTimeout } from "../../src/wait.ts";
import { readForm } from "../form.ts";
import { chunksOf } from "../lines.ts";
import { type Delivery, type Sink, SinkError, type SinkModule, type SinkSpec } from "../sink.ts";
import { readTlsFiles, type TlsFiles } from "../tls_files.ts";
import { encodeMessage, type Envelope, FACILITIES, SEVERITIES } from "./message.ts";
import { openLocal, openTcp, openTls, openUdp, type Transport } from "./transport.ts";

const OPTIONS = {
  transport: {
    type: "string",
    choices: ["udp", "tcp", "tls", "local"],
    required: true,
    doc: "How messages travel; the short form says it",
  },
  host: { type: "string", default: "localhost", doc: "The receiver, for udp, tcp and tls" },
  port: {
    type: "integer",
    minimum: 0,
    maximum: 65535,
    default: 0,
    doc: "Its port; 0 takes 514 for udp, 601 for tcp, 6514 for tls",
  },
  path: { type: "string", default: "/dev/log", doc: "The local daemon's socket, for local" },
  protocol: {
    type: "string",
    choices: ["auto", "rfc5424", "rfc3164"],
    default: "auto",
    doc: "Form of messages; auto is rfc3164 for this machine's daemon (/dev/log), as rsyslog and " +
      "journald read nothing else there, and rfc5424 elsewhere",
  },
  framing: {
    type: "string",
    choices: ["octet-counting", "newline"],
    default: "octet-counting",
    doc: "How tcp tells messages apart (RFC 6587); tls always counts octets",
  },
  ca: { type: "string", doc: "File with the CA's certificates for tls, besides the system's" },
  cert: { type: "string", doc: "File with our certificate for tls" },
  key: { type: "string", doc: "File with the key of our certificate" },
  facility: { type: "string", choices: FACILITIES, default: "local0", doc: "Syslog facility" },
  severity: { type: "string", choices: SEVERITIES, default: "warning", doc: "Syslog severity" },
  hostname: { type: "string", doc: "HOSTNAME in messages; unset takes this machine's" },
  app_name: { type: "string", default: "bridge", doc: "APP-NAME in messages" },
  structured_data: {
    type: "boolean",
    default: true,
    doc: "Send id, ioc and indicator as structured data",
  },
  max_size: {
    type: "bytes",
    default: 0,
    doc: "Longer messages are cut and marked truncated; 0 is 60000 for datagrams, else unlimited",
  },
  timeout: {
    type: "duration",
    default: "10s",
    doc: "Longest wait for a connection or a send; 0 is unlimited",
  },
} as const satisfies OptionTable;

type Options = Values<typeof OPTIONS>;

export const spec: SinkSpec = {
  name: "syslog",
  summary: "RFC 5424 messages over UDP, TCP, TLS, or to the local daemon",
  forms: [
    "syslog+udp://HOST:PORT",
    "syslog+tcp://HOST:PORT",
    "syslog+tls://HOST:PORT#ca=FILE",
    "syslog:[/dev/log]",
  ],
  options: OPTIONS,
  guarantee: "at-most-once",
  confirms: "the system took the messages and, for tcp and tls, the receiver was still " +
    "connected; syslog itself has no acknowledgement",
  examples: ["syslog+tcp://localhost:601", "syslog+tls://siem.example:6514#ca=/etc/bridge/ca.pem"],
};

const PORTS = { udp: 514, tcp: 601, tls: 6514, local: 0 } as const;
const LONGEST_DATAGRAM = 60_000;
/** Messages of about so many bytes go out in one system call. */
const CHUNK = 64 * 1024;

export function parse(form: string): Record<string, unknown> {
  // URLs take their options after #; for the path of a socket either will do.
  const { rest, options } = readForm(form, form.includes("#") || form.includes("//") ? "#" : "?");
  const url = /^syslog(?:\+(udp|tcp|tls))?:\/\/(\[[^\]]+\]|[^:/?#]+)(?::(\d+))?\/?$/i.exec(rest);
  if (url !== null) {
    const [, transport = "udp", host, port = "0"] = url;
    const bare = host!.replace(/^\[|\]$/g, "");
    return { ...options, transport: transport.toLowerCase(), host: bare, port: Number(port) };
  }
  const local = /^syslog(?::(\/.*)?)?$/i.exec(rest);
  if (local === null) {
    throw new UsageError(`Not a syslog receiver: ${JSON.stringify(form)}`, {
      hint: `The forms are ${spec.forms.join(", ")}.`,
    });
  }
  return { ...options, transport: "local", ...(local[1] === undefined ? {} : { path: local[1] }) };
}

export const open: SinkModule["open"] = async (raw, _context, signal) => {
  const options = raw as unknown as Options;
  const tls = await readTlsFiles(options);
  const envelope: Envelope = {
    form: formOf(options),
    facility: options.facility,
    severity: options.severity,
    hostname: options.hostname ?? Deno.hostname(),
    appName: options.app_name,
    structuredData: options.structured_data,
    maxSize: options.max_size || (isDatagram(options) ? LONGEST_DATAGRAM : 0),
  };
  const target = nameOf(options);
  let transport: Transport | undefined;
  let closed = false;

  async function connect(signal: AbortSignal): Promise<Transport> {
    const opening = openTransport(options, tls);
    // A connection that comes too late has no owner any more.
    const late = () => void opening.then((transport) => transport.close(), () => {});
    return await orAborted(opening, signal).catch((error) => {
      late();
      throw error;
    });
  }

  async function drop(): Promise<void> {
    const old = transport;
    transport = undefined;
    await old?.close();
  }

  const first = withTimeout(signal, options.timeout);
  transport = await connect(first).catch((error) => {
    throw problem(`Can't reach syslog at ${target}`, error, options, []);
  });

  const sink: Sink = {
    async write(batch, signal) {
      let sent = 0;
      try {
        signal.throwIfAborted();
        for (const chunk of chunksOf(batch, CHUNK)) {
          const limit = withTimeout(signal, options.timeout);
          transport ??= await connect(limit);
          const now = Date.now();
          const messages = chunk.map((delivery) => encodeMessage(delivery, envelope, now));
          await orAborted(transport.send(messages), limit);
          sent += chunk.length;
        }
      } catch (error) {
        await drop();
        throw problem(`Can't send to syslog at ${target}`, error, options, batch.slice(sent));
      }
    },
    async close() {
      if (closed) return;
      closed = true;
      await drop();
    },
  };
  return sink;
};

/** Where this machine's own daemon listens. */
const SYSTEM_SOCKETS = [
  "/dev/log",
  "/run/systemd/journal/dev-log",
  "/run/systemd/journal/syslog",
  "/var/run/syslog",
  "/var/run/log",
];

function formOf({ protocol, transport, path }: Options): Envelope["form"] {
  const local = transport === "local";
  if (protocol === "rfc5424") return "rfc5424";
  if (protocol === "rfc3164") return local ? "local" : "rfc3164";
  return local && SYSTEM_SOCKETS.includes(path) ? "local" : "rfc5424";
}

function isDatagram({ transport }: Options): boolean {
  return transport === "udp" || transport === "local";
}

function openTransport(options: Options, tls: TlsFiles): Promise<Transport> {
  const { transport, host, path, framing } = options;
  const port = options.port || PORTS[transport];
  switch (transport) {
    case "udp":
      return openUdp(host, port);
    case "tcp":
      return openTcp(host, port, framing);
    case "tls":
      return openTls(host, port, tls);
    case "local":
      return openLocal(path);
  }
}

function nameOf(options: Options): string {
  if (options.transport === "local") return options.path;
  return `${options.transport}://${options.host}:${options.port || PORTS[options.transport]}`;
}

function problem(
  what: string,
  error: unknown,
  { transport }: Options,
  undelivered: readonly Delivery[],
): SinkError {
  const { name, message } = error as Error;
  const reason = name === "TimeoutError" ? "no answer in time" : message;
  const hint = transport === "tls" && /certificate|UnknownIssuer/i.test(message)
    ? "Name the CA that signed the receiver's certificate with the option ca."
    : "Is the receiver running, and does it listen there?";
  return new SinkError(`${what}: ${reason}`, { undelivered, cause: error, hint });
}
