import type { OptionTable } from "./options.ts";

const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "NOTSET"] as const;

/**
 * Every key of config.yaml; a dot is a level of nesting. The keys of the
 * ancestor (vast-threatbus 2022.5.16) keep their names, defaults and meaning.
 */
export const CONFIG_KEYS = {
  "logging.console": { type: "boolean", default: true, doc: "Log to standard error" },
  "logging.console_verbosity": {
    type: "string",
    choices: LEVELS,
    default: "INFO",
    doc: "Least level of what is logged to standard error",
  },
  "logging.file": { type: "boolean", default: false, doc: "Log to a file as well" },
  "logging.file_verbosity": {
    type: "string",
    choices: LEVELS,
    default: "INFO",
    doc: "Least level of what is logged to the file",
  },
  "logging.filename": { type: "string", default: "bridge.log", doc: "The log file" },
  "metrics.interval": {
    type: "duration",
    default: 10,
    doc: "How often a line is written to the metrics file; 0 disables it",
  },
  "metrics.filename": {
    type: "string",
    doc: "File for metrics in Influx line protocol; unset writes none",
    example: "metrics.log",
  },
  "metrics.listen": {
    type: "endpoint",
    form: "[host]:port",
    doc: "Address for /metrics (Prometheus), /healthz and /readyz; unset opens none",
    example: "127.0.0.1:9464",
  },
  engine: {
    type: "string",
    choices: ["auto", "logs", "vast"],
    default: "auto",
    doc: "Where telemetry is looked up; auto takes vast if the key vast is set, else logs",
  },
  logs: {
    type: "string[]",
    doc: "Log files, folders or globs; unset takes the usual places of Suricata and Zeek",
    example: "/var/log/suricata",
  },
  vast: {
    type: "endpoint",
    form: "[host][:port]",
    doc: "Endpoint of the VAST node (localhost:42000 if the engine is vast)",
    example: "localhost:42000",
  },
  vast_binary: { type: "string", default: "vast", doc: "The vast executable" },
  threatbus: {
    type: "endpoint",
    default: "localhost:13370",
    doc: "Management endpoint of Threat Bus",
  },
  bus: {
    type: "string",
    choices: ["remote", "embedded"],
    default: "remote",
    doc: "Use a Threat Bus elsewhere, or start one inside this process at that endpoint",
  },
  "bus_security.plain_user": {
    type: "string",
    doc: "User name at a Threat Bus that asks for a login (PLAIN); unset logs in nowhere",
    example: "bridge",
  },
  "bus_security.plain_password": {
    type: "string",
    secret: true,
    doc: "Password of that user; better from the environment or plain_password_file",
  },
  "bus_security.plain_password_file": {
    type: "string",
    doc: "File whose first line is that password",
    example: "/etc/bridge/bus.password",
  },
  "bus_security.curve_key_file": {
    type: "string",
    doc: "Our CURVE certificate with the secret key, for a Threat Bus that encrypts",
    example: "/etc/bridge/bridge.key_secret",
  },
  "bus_security.curve_server_key": {
    type: "string",
    doc: "File with the public CURVE certificate of that Threat Bus",
    example: "/etc/bridge/bus.key",
  },
  "embedded.curve_key_file": {
    type: "string",
    doc: "CURVE certificate with the secret key of the embedded bus: it encrypts",
    example: "/etc/bridge/bus.key_secret",
  },
  "embedded.curve_clients": {
    type: "string",
    doc: "File or folder with the public certificates of those that the embedded bus lets in",
    example: "/etc/bridge/clients",
  },
  "embedded.plain_users_file": {
    type: "string",
    doc: "Logins that the embedded bus takes: user:password, one a line",
    example: "/etc/bridge/bus.users",
  },
  "embedded.insecure": {
    type: "boolean",
    default: false,
    doc: "Let the embedded bus listen beyond this machine without CURVE or PLAIN",
  },
  "embedded.pub_port": {
    type: "integer",
    minimum: 0,
    maximum: 65_535,
    doc:
      "Where the embedded bus's subscribers listen; unset takes the port after that of threatbus",
    example: "13371",
  },
  "embedded.sub_port": {
    type: "integer",
    minimum: 0,
    maximum: 65_535,
    doc: "Where apps publish to the embedded bus; unset takes the second port after threatbus",
    example: "13372",
  },
  "embedded.intel": {
    type: "string[]",
    doc:
      "STIX files or folders whose indicators the embedded bus publishes, again when they change",
    example: "/srv/intel",
  },
  "embedded.store": {
    type: "string",
    doc:
      "File in which the embedded bus keeps messages for snapshots, :memory: forgets them; unset takes bus.db in the state folder",
    example: "/var/lib/bridge/bus.db",
  },
  "embedded.retention": {
    type: "integer",
    minimum: 1,
    default: 365,
    doc: "Days that the bus keeps messages",
  },
  "embedded.max_store": {
    type: "bytes",
    default: "10GiB",
    doc:
      "Most that the bus keeps; beyond, the oldest sightings go, then indicators that are in no file",
  },
  "embedded.max_subscribers": {
    type: "integer",
    minimum: 2,
    default: 10_000,
    doc: "Most subscribers of the bus; more are refused. An app may need two for a moment",
  },
  "embedded.max_queued": {
    type: "bytes",
    default: "512MiB",
    doc:
      "Most that waits for all subscribers together; beyond, those lose their oldest for whom most waits",
  },
  "embedded.max_queued_each": {
    type: "bytes",
    default: "64MiB",
    doc: "Most that waits for one subscriber; beyond, it loses its oldest",
  },
  topics: {
    type: "string[]",
    default: ["stix2/indicator"],
    doc: "Topics to subscribe to",
  },
  snapshot: {
    type: "integer",
    minimum: 0,
    default: 30,
    doc: "Days of history to ask for at subscription",
  },
  live_match: { type: "boolean", default: false, doc: "Match indicators against new events" },
  matcher_name: {
    type: "string",
    doc: "Name of VAST's matcher for live matching; unset matches the event stream here",
    example: "threatbus",
  },
  retro_match: { type: "boolean", default: true, doc: "Match indicators against past events" },
  retro_match_max_events: {
    type: "integer",
    minimum: 0,
    default: 0,
    doc: "Most events reported an indicator in retro matching; 0 is unlimited",
  },
  retro_match_timeout: {
    type: "duration",
    default: 3600,
    doc: "Longest time for one retro query; 0 is unlimited",
  },
  retro_batch_size: {
    type: "integer",
    minimum: 1,
    default: 10_000,
    doc: "Most indicators gathered for one retro query or scan",
  },
  retro_batch_delay: {
    type: "duration",
    default: "500ms",
    doc: "Longest time that an indicator waits for others before a retro query or scan",
  },
  max_background_tasks: {
    type: "integer",
    minimum: 1,
    default: 500,
    doc: "Most retro matches and deliveries under way at once",
  },
  subdomains: { type: "boolean", default: false, doc: "Domains match their subdomains too" },
  unflatten: {
    type: "boolean",
    doc: "Of the ancestor's example file, where it has no effect either; nothing comes of it",
  },
  transform_context: {
    type: "string",
    doc:
      "Command that turns an event into another: JSON on standard input, JSON on standard output; %ioc and %matchtype are filled in",
    example: "fever alertify --alert-prefix 'Threat Bus' --extra-key ioc --ioc %ioc",
  },
  "transform.mode": {
    type: "string",
    choices: ["process", "lines"],
    default: "process",
    doc: "Start the command for each event, or keep it running and exchange lines",
  },
  "transform.timeout": {
    type: "duration",
    default: 10,
    doc: "Longest time for one transformation",
  },
  sink: {
    type: "string",
    doc:
      "Where matches go instead of Threat Bus, the ancestor's way: STDOUT, or a command started for each match",
    example: "STDOUT",
  },
  sinks: {
    type: "list",
    doc:
      "Where matches go instead of Threat Bus (run) or standard output (retro, snapshot): short forms as for --sink, or mappings with sink, format and options",
  },
  report: {
    type: "string",
    choices: ["auto", "threatbus", "sinks", "both"],
    default: "auto",
    doc: "Where matches are reported; auto takes the sinks if there are any, else Threat Bus",
  },
  format: {
    type: "string",
    choices: ["context", "match", "sighting", "csv", "table"],
    default: "context",
    doc: "Form of what goes to sinks",
  },
  min_confidence: {
    type: "integer",
    minimum: 0,
    maximum: 100,
    default: 0,
    doc: "Least STIX confidence of indicators that are used; those without one count as 0",
  },
  tlp: {
    type: "string[]",
    choices: ["white", "clear", "green", "amber", "red"],
    doc: "Only indicators with these TLP markings (or none) are used",
  },
  "include.types": { type: "string[]", doc: "Only indicators with one of these indicator_types" },
  "include.labels": { type: "string[]", doc: "Only indicators with one of these labels" },
  "exclude.types": { type: "string[]", doc: "No indicators with one of these indicator_types" },
  "exclude.labels": { type: "string[]", doc: "No indicators with one of these labels" },
  allow_lists: {
    type: "string[]",
    doc: "Files of values that never produce sightings: MISP warninglists or plain text",
  },
  guard: {
    type: "boolean",
    default: true,
    doc:
      "Hold back indicators that match almost everything (private ranges, localhost, top-level domains)",
  },
  dedup: { type: "boolean", default: true, doc: "Report the same indicator and event only once" },
  "aggregate.window": {
    type: "duration",
    doc:
      "Tell many hits of one indicator within so long (by event time) in one sighting with a count; unset tells each",
    example: "1h",
  },
  "aggregate.events": {
    type: "string",
    choices: ["keep", "drop"],
    default: "keep",
    doc:
      "What sinks of other formats than sighting get while hits are aggregated: each event, or none",
  },
  state_dir: {
    type: "string",
    doc:
      "Folder for the spool and what is remembered over restarts; unset takes $STATE_DIRECTORY or $XDG_STATE_HOME/bridge",
    example: "/var/lib/bridge",
  },
  "spool.enabled": {
    type: "boolean",
    default: true,
    doc: "Keep matches on disk until they are delivered",
  },
  "spool.max_size": { type: "bytes", default: "1GiB", doc: "Most room for undelivered matches" },
  "spool.when_full": {
    type: "string",
    choices: ["block", "drop-oldest"],
    default: "block",
    doc: "What happens when the spool is full",
  },
  "spool.max_attempts": {
    type: "integer",
    minimum: 0,
    default: 0,
    doc: "Deliveries tried before a match becomes a dead letter; 0 is unlimited",
  },
  "spool.max_age": {
    type: "duration",
    default: "7d",
    doc: "Age at which an undelivered match becomes a dead letter; 0 is unlimited",
  },
  shutdown_timeout: {
    type: "duration",
    default: 10,
    doc: "Longest time for draining at SIGTERM",
  },
} as const satisfies OptionTable;

/** Name of a key. */
export type ConfigKey = keyof typeof CONFIG_KEYS;
