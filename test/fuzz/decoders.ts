import { BridgeError } from "../../src/errors.ts";
import { checkOptions } from "../../src/config/check.ts";
import { parseConfigFile } from "../../src/config/file.ts";
import { CONFIG_KEYS } from "../../src/config/keys.ts";
import { createEventReader } from "../../src/engines/logs/events/event_reader.ts";
import { DEFAULT_HEADER, formatOf } from "../../src/engines/logs/events/tsv_header.ts";
import { indicatorFromStix } from "../../src/intel/from_stix.ts";
import { createIndicatorSet } from "../../src/intel/indicator_set.ts";
import { isJsonObject } from "../../src/json.ts";
import { observedData } from "../match/fields/observed.ts";
import { walkEvent } from "../../src/match/walk.ts";
import { planPattern } from "../../src/stix/eval/plan.ts";
import { compileRegex } from "../../src/stix/eval/regex.ts";
import { parsePattern, PatternError, patternProblems } from "../../src/stix/pattern/mod.ts";
import { decodeReply, decodeRequest, encodeRequest } from "../../src/threatbus/management.ts";
import { decodeDelivery, decodeEnvelope, encodeStix } from "../../src/threatbus/messages.ts";
import {
  decodeCommand,
  decodeMetadata,
  encodeCommand,
  encodeMetadata,
} from "../../src/zmtp/command.ts";
import { encodeFrame, findFrames, framesOf, PLACE } from "../../src/zmtp/frame.ts";
import { decodeGreeting, encodeGreeting } from "../../src/zmtp/greeting.ts";
import { stix } from "../pipeline/run/indicators.ts";

/** Something that reads bytes of strangers. */
export interface Decoder {
  /** Good input to begin with. */
  readonly seeds: readonly Uint8Array[];
  /** What its grammar is made of. */
  readonly tokens: readonly string[];
  /** Reads input to the end; throws where it is refused. */
  decode(bytes: Uint8Array): void;
}

/** Whether an error is a refusal rather than a crash. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isRefusal);
  return error instanceof BridgeError || error instanceof PatternError;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const utf8 = (text: string) => encoder.encode(text);
const P2P = "abcdefghijklmnopqrstuvwxyzabcdef";

/** Frames of an input are looked into so far: a connection ends with the first that is none. */
const MOST = 500 * PLACE;

const JSON_TOKENS = [
  ...'{}[],:"\\0-.e',
  "null",
  "true",
  "1e999",
  "\\u0000",
  "\\ud800",
  '{"a":',
  "__proto__",
  '"constructor"',
  // What can't be made a text or a number.
  '{"toString":0,"valueOf":0}',
  "é",
];
const PATTERN_TOKENS = [
  ..."[]()'=:.,*\\ ",
  " AND ",
  " OR ",
  " FOLLOWEDBY ",
  " NOT ",
  " IN ('a','b')",
  " MATCHES '(a+)+$'",
  " LIKE '%a_'",
  " WITHIN 5 SECONDS",
  " REPEATS 3 TIMES",
  " START t'2020-01-01T00:00:00Z' STOP t'2021-01-01T00:00:00Z'",
  "domain-name:value",
  "file:hashes.'SHA-256'",
  "h'ff'",
  "b'AA=='",
  "ISSUBSET '10.0.0.0/8'",
  "EXISTS ",
];

const PATTERNS = [
  "[domain-name:value = 'bad.example']",
  "[file:hashes.'SHA-256' = 'ab' AND file:name LIKE '%.exe'] FOLLOWEDBY [url:value MATCHES '^a+'] WITHIN 5 SECONDS",
  "([ipv4-addr:value ISSUBSET '10.0.0.0/8'] OR [x:y[*].z IN (1, 2.5, true)]) REPEATS 2 TIMES",
  "[a:b = h'00ff' OR a:c = b'AAAA'] START t'2020-01-01T00:00:00Z' STOP t'2021-01-01T00:00:00Z'",
];
const EVE = [
  '{"timestamp":"2024-05-14T10:00:00.000000+0200","flow_id":1,"event_type":"dns","src_ip":"10.0.0.1","src_port":53,"proto":"UDP","dns":{"type":"query","rrname":"bad.example","answers":[{"rdata":"1.2.3.4"}]}}',
  '{"timestamp":"2024-05-14T10:00:00.000000+0200","event_type":"http","http":{"hostname":"a.b","url":"/x?y=1","http_method":"GET","request_headers":[{"name":"x","value":"y"}]},"fileinfo":{"filename":"a","sha256":"00"}}',
  '{"ts":1591367999.305988,"uid":"C5bLoe2Mvxqhawzqqd","id.orig_h":"192.168.4.76","id.resp_h":"1.1.1.1","query":"testmyids.com","answers":["31.3.245.133"]}',
];
const ZEEK = [
  "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tquery\tanswers\n#types\ttime\tstring\taddr\tport\tstring\tvector[string]\n1591367999.305988\tCMdzit1AMNsmfAIiQc\t192.168.4.76\t36844\ttestmyids.com\t31.3.245.133,a\\x2cb\n",
];
const CONFIGS = [
  "threatbus: localhost:13370\nlogs:\n  - /var/log\nsinks:\n  - sink: file:hits.json\n    format: match\nspool:\n  max_size: 1GiB\n  max_age: 7d\n",
  "logging:\n  console: true\n  console_verbosity: DEBUG\nmetrics: {interval: 10, filename: &a m.log}\nsink: STDOUT\ntopics: [white, *a]\nexclude: {<<: {types: [b]}}\n",
];

const frames = [
  encodeFrame(encodeCommand("READY", encodeMetadata([["Socket-Type", utf8("SUB")]])), {
    command: true,
  }),
  encodeFrame(utf8("stix2/indicator {}"), { more: true }),
  encodeFrame(new Uint8Array(300)),
  encodeGreeting("NULL", false),
];
const MESSAGES = [
  JSON.stringify(stix(1, "bad.example")),
  JSON.stringify(stix(1, "bad.example", 1, { revoked: true, x_threatbus_update: "remove" })),
  '{"type":"sighting","id":"sighting--df0f9a0e-c3b6-4f53-b0cf-5e9c454ee0cc","sighting_of_ref":"indicator--df0f9a0e-c3b6-4f53-b0cf-5e9c454ee0cc","created":"2020-01-01T00:00:00Z"}',
  '{"type":"snapshotrequest","snapshot_type":"indicator","snapshot_id":"df0f9a0e-c3b6-4f53-b0cf-5e9c454ee0cc","snapshot":86400}',
];

/** Every decoder of what comes from others, by name. */
export const DECODERS: Readonly<Record<string, Decoder>> = {
  zmtp: {
    seeds: frames,
    tokens: ["\u0005READY", "\u0000\u0000\u0000\u0001", "\u0004", "\u0006", "\u0002", "\u007f"],
    decode(bytes) {
      attempt(() => {
        const places: number[] = [];
        findFrames(bytes, 0, bytes.length, 1 << 16, places);
        for (const { body } of framesOf({ buffer: bytes, places: places.slice(0, MOST) })) {
          attempt(() => void decodeMetadata(decodeCommand(body).data));
        }
      });
      attempt(() => void decodeGreeting(bytes.slice(0, 64)));
    },
  },
  management: {
    seeds: [
      encodeRequest({ action: "subscribe", topics: ["stix2/indicator"], snapshotDays: 3 }),
      encodeRequest({ action: "heartbeat", topics: [P2P] } as never),
      utf8('{"topic":"' + P2P + '","pub_port":"13371","sub_port":"13372","status":"success"}'),
      utf8('{"action":"unsubscribe","topic":"a"}'),
    ],
    tokens: JSON_TOKENS,
    decode(bytes) {
      attempt(() => void decodeRequest(bytes));
      attempt(() => void decodeReply(bytes));
    },
  },
  messages: {
    seeds: MESSAGES.flatMap((json) =>
      ["stix2/indicator", `${P2P}indicator`].map((topic) => utf8(`${topic} ${json}`))
    ),
    tokens: [...JSON_TOKENS, "stix2/sighting ", `${P2P}indicator `],
    decode(bytes) {
      decodeDelivery(bytes, P2P);
      const text = decoder.decode(bytes);
      decodeEnvelope(text.slice(text.indexOf(" ") + 1));
      encodeStix(text.slice(text.indexOf(" ") + 1));
    },
  },
  stix: {
    seeds: MESSAGES.slice(0, 2).map(utf8),
    tokens: [...JSON_TOKENS, ...PATTERN_TOKENS, "valid_until", "2020-01-01T00:00:00Z"],
    decode(bytes) {
      const value = parseJson(bytes);
      if (!isJsonObject(value)) return;
      const reading = indicatorFromStix(value);
      if (reading.type === "indicator") createIndicatorSet().put(reading.indicator);
    },
  },
  patterns: {
    seeds: PATTERNS.map(utf8),
    tokens: PATTERN_TOKENS,
    decode(bytes) {
      const text = decoder.decode(bytes);
      patternProblems(text);
      planPattern(parsePattern(text));
    },
  },
  regex: {
    seeds: ["^(a+)+$", "(?i)[a-z]{2,9}\\.(exe|dll)", "(x|y)*?z\\d+", "(?P<n>a)(?:b)[^c]"].map(utf8),
    tokens: [..."()[]{}*+?|^$.\\", "(?i)", "{1,1000}", "\\d", "\\p{L}", "(a|a)*", "(?=a)", "\\1"],
    decode(bytes) {
      // As long as an expression in a pattern may well be.
      const test = compileRegex(decoder.decode(bytes.subarray(0, 300)));
      test("a".repeat(500) + "!");
    },
  },
  eve: {
    seeds: EVE.map(utf8),
    tokens: JSON_TOKENS,
    decode(bytes) {
      const line = createEventReader({ type: "json" }).read(bytes);
      if (line.type !== "event") return;
      line.time();
      const event = line.parse();
      if (event === undefined) return;
      walkEvent(event.value, (_text, field) => void field());
      void observedData(event.value).objects;
    },
  },
  zeek: {
    seeds: ZEEK.map(utf8),
    tokens: [
      "\t",
      "\n",
      "#fields\t",
      "#types\t",
      "#separator ",
      "\\x09",
      "\\x",
      "-",
      "(empty)",
      ",",
    ],
    decode(bytes) {
      const reader = createEventReader(formatOf(DEFAULT_HEADER));
      for (const text of decoder.decode(bytes).split("\n")) {
        const line = reader.read(utf8(text));
        if (line.type !== "event") continue;
        line.time();
        const event = line.parse();
        if (event !== undefined) walkEvent(event.value, (_text, field) => void field());
      }
    },
  },
  config: {
    seeds: CONFIGS.map(utf8),
    tokens: [
      ..."\n:-{}[]&*!|>'\"#%@ ",
      "  ",
      "- ",
      "&a ",
      "*a",
      "<<: ",
      "!!binary ",
      "sinks:\n",
      "1e9",
      "~",
    ],
    decode(bytes) {
      const { value, locate } = parseConfigFile(
        "config.yaml",
        decoder.decode(bytes.subarray(0, 4000)),
      );
      checkOptions(CONFIG_KEYS, value, locate);
    },
  },
};

function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    return undefined;
  }
}
