/** Random patterns over a small world of observed-data, so that verdicts of both kinds are common. */
import * as fc from "fast-check";
import { richObject, richTest } from "./rich_cases.ts";

type Json = Record<string, unknown>;

const TEXTS = ["a", "b", "A", "abc", "ab%", "a_c", "é", "e\u0301", "\u{1F600}", "", "x y", "a.b"];
const ADDRESSES = ["10.0.0.1", "10.0.0.200", "10.1.0.0/16", "192.168.1.1", "10.0.0.0/24"];
const TIMES = ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00.5Z", "2024-01-01T00:00:10.123456Z"];

const any = <T>(...values: T[]) => fc.constantFrom(...values);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const text = any(...TEXTS);
const whole = fc.integer({ min: -3, max: 9 });
const number = fc.oneof(whole, any(0.5, 2.5, -1.5, 3.0));

const file = fc.record({
  type: any("file"),
  name: maybe(text),
  size: maybe(number),
  is_x: maybe(fc.boolean()),
  nothing: maybe(any(null)),
  created: maybe(any(...TIMES)),
  magic_hex: maybe(any("", "61", "616263", "ff00")),
  data_bin: maybe(any("", "YQ==", "YWJj", "/wA=")),
  hashes: maybe(fc.record({ MD5: maybe(text), "SHA-256": maybe(text) })),
  tags: maybe(
    fc.array(fc.oneof<fc.Arbitrary<unknown>[]>(text, number, fc.array(text, { maxLength: 2 })), {
      maxLength: 3,
    }),
  ),
});
const address = fc.record({ type: any("ipv4-addr"), value: any(...ADDRESSES) });
const traffic = fc.record({
  type: any("network-traffic"),
  src_ref: maybe(any(0, 1, 2, 9)),
  dst_ref: maybe(any(0, 1, 2)),
  some_refs: maybe(fc.array(any(0, 1, 2, 9), { maxLength: 3 })),
  dst_port: maybe(whole),
  protocols: maybe(fc.array(any("tcp", "http"), { maxLength: 2 })),
});
const object = fc.oneof<fc.Arbitrary<Json>[]>(file, file, address, traffic);

const second = (n: number) => new Date(Date.UTC(2024, 0, 1) + n * 500).toISOString();
/** STIX allows any number of digits; here six, a microsecond off. */
const micro = (n: number) => second(n).replace("Z", "001Z");
const observed = fc.record({
  objects: fc.array(fc.oneof(object, richObject), { minLength: 1, maxLength: 5 }),
  first: fc.nat({ max: 12 }),
  length: any(0, 0, 0, 1, 4),
  count: any(1, 1, 1, 2, 3),
  odd: fc.boolean(),
});

type World = readonly {
  objects: Json[];
  first: number;
  length: number;
  count: number;
  odd: boolean;
}[];

/** References are whole numbers in the world; here they become ids. */
function named<T>(value: T, id: (n: number) => string): T {
  const text = JSON.stringify(value, (key, member) => {
    if (member === undefined) return undefined;
    if (key.endsWith("_ref")) return id(member as number);
    return key.endsWith("_refs") ? (member as number[]).map(id) : member;
  });
  return JSON.parse(text);
}

function timesOf({ first, length, count, odd }: World[number]): Json {
  const at = odd ? micro : second;
  return {
    type: "observed-data",
    number_observed: count,
    first_observed: at(first),
    last_observed: at(first + length),
  };
}

/** The world as STIX 2.0 observed-data. */
export function asStix20(world: World): Json[] {
  return world.map((observation) => ({
    ...timesOf(observation),
    objects: Object.fromEntries(
      observation.objects.map((object, n) => [String(n), named(object, String)]),
    ),
  }));
}

const uuid = (a: number, b: number) =>
  `${String(a).padStart(8, "0")}-0000-4000-8000-${String(b).padStart(12, "0")}`;

/** The world as one STIX 2.1 bundle. */
export function asStix21(world: World): Json[] {
  const objects = world.flatMap((observation, n) => {
    const id = (m: number) => `${observation.objects[m]?.type ?? "file"}--${uuid(n, m)}`;
    const own: Json[] = observation.objects.map((object, m) => ({
      ...named(object, id),
      id: id(m),
    }));
    const data = {
      ...timesOf(observation),
      id: `observed-data--${uuid(n, 0)}`,
      object_refs: own.map(({ id }) => id),
    };
    return [data, ...own];
  });
  return [{ type: "bundle", id: `bundle--${uuid(0, 0)}`, objects }];
}

export const world: fc.Arbitrary<World> = fc.array(observed, { minLength: 1, maxLength: 5 });

const quoted = (value: string) => `'${value.replace(/['\\]/g, "\\$&")}'`;
const string = fc.oneof(text, any(...ADDRESSES, ...TIMES, "tcp")).map(quoted);
const time = any(...TIMES).map((value) => `t'${value}'`);
const bytes = any("h''", "h'61'", "h'616263'", "h'ff00'", "b'YQ=='", "b'YWJj'", "b'/wA='");
const numeral = number.map(String);
const PATHS = {
  text: [
    "file:name",
    "file:hashes.MD5",
    "file:hashes.'SHA-256'",
    "file:tags[*]",
    "file:tags[0]",
    "file:tags[*][*]",
    "file:tags[1][0]",
    "network-traffic:protocols[*]",
    "ipv4-addr:type",
  ],
  number: ["file:size", "network-traffic:dst_port", "file:tags[*]", "file:tags[2]"],
  address: [
    "ipv4-addr:value",
    "network-traffic:src_ref.value",
    "network-traffic:dst_ref.value",
    "network-traffic:some_refs[*].value",
    "network-traffic:some_refs[0].value",
  ],
  other: [
    "file:is_x",
    "file:nothing",
    "file:hashes",
    "file:tags",
    "network-traffic:src_ref",
    "network-traffic:some_refs",
    "nothing:at_all",
    "file:missing",
  ],
  bytes: ["file:magic_hex", "file:data_bin"],
  time: ["file:created"],
};
const set = (member: fc.Arbitrary<string>) =>
  fc.array(member, { maxLength: 3 }).map((members) => `(${members.join(", ")})`);
const not = any("", "", "NOT ");
const equality = any("=", "!=");
const order = any("<", "<=", ">", ">=");
const LIKES = ["%", "a%", "_", "__", "%b%", "a\\\\%", "A", "%é%", "_bc", "10.%"].map(quoted);
const REGEXES = [
  "a",
  "^a",
  "b$",
  "^[a-c]+$",
  ".",
  "(?i)^a$",
  "a|x",
  "^$",
  "\\.",
  "[^a]",
  "^.{2}$",
  "\\w+ \\w",
  "e\u0301",
  "(ab|a)(c|bc)",
].map(quoted);

const line = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map((all) => all.join(" "));
const test = fc.oneof(
  line(any(...PATHS.text), not, equality, string),
  line(any(...PATHS.text), not, order, string),
  line(any(...PATHS.text), not, any("IN"), set(string)),
  line(any(...PATHS.text, ...PATHS.bytes), not, any("LIKE"), any(...LIKES)),
  line(any(...PATHS.text, ...PATHS.bytes), not, any("MATCHES"), any(...REGEXES)),
  line(any(...PATHS.number), not, fc.oneof(equality, order), numeral),
  line(any(...PATHS.number), not, any("IN"), set(numeral)),
  line(
    any(...PATHS.address),
    not,
    any("ISSUBSET"),
    any("10.0.0.0/24", "10.0.0.0/8", "10.1.0.0/17").map(quoted),
  ),
  line(
    any(...PATHS.address),
    not,
    any("ISSUPERSET"),
    any("10.0.0.1", "10.1.0.0/17", "10.0.0.0/8").map(quoted),
  ),
  line(any(...PATHS.address), not, equality, any(...ADDRESSES).map(quoted)),
  line(any(...PATHS.bytes), not, fc.oneof(equality, order), fc.oneof(bytes, string)),
  line(any(...PATHS.text), not, fc.oneof(equality, order), bytes),
  line(any(...PATHS.time), not, fc.oneof(equality, order), fc.oneof(time, string)),
  line(any(...PATHS.time), not, any("IN"), set(time)),
  line(any(...PATHS.other), not, equality, fc.oneof(string, numeral, any("true", "false"))),
);

const { comparison } = fc.letrec<{ comparison: string }>((tie) => ({
  comparison: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    fc.oneof(test, richTest),
    fc.tuple(tie("comparison"), any(" AND ", " OR "), tie("comparison")).map((all) => all.join("")),
    tie("comparison").map((inner) => `(${inner})`),
  ),
}));

const startStop = fc.tuple(fc.nat({ max: 8 }), fc.nat({ max: 8 }), any(second, micro))
  .map(([a, b, at]) => `START t'${at(a)}' STOP t'${at(a + b)}'`);

/** Of 2.0's START and STOP the reference takes neither spelling: strings are refused, timestamps fail. */
const qualifier = (version: string) =>
  fc.oneof(
    any("0.4", "1", "2.5", "60", "0.000001", "0.500001", "+1", "86400").map((n) =>
      `WITHIN ${n} SECONDS`
    ),
    any(1, 2, 3).map((n) => `REPEATS ${n} TIMES`),
    ...(version === "2.0" ? [] : [startStop]),
  );

/** Patterns of one edition. */
export function pattern(version: "2.0" | "2.1"): fc.Arbitrary<string> {
  const simple = comparison.map((inner) => `[${inner}]`);
  const common = any(
    "[file:size >= 0]",
    "[file:name != 'zz']",
    "[ipv4-addr:value LIKE '10.%']",
    "[network-traffic:dst_port > -9]",
  );
  const { expression } = fc.letrec<{ expression: string }>((tie) => ({
    expression: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      simple,
      common,
      fc.tuple(tie("expression"), any(" AND ", " OR ", " FOLLOWEDBY "), tie("expression")).map((
        all,
      ) => all.join("")),
      fc.tuple(tie("expression"), qualifier(version)).map(([inner, rest]) => `(${inner}) ${rest}`),
      fc.tuple(fc.oneof(simple, common), qualifier(version)).map((all) => all.join(" ")),
      fc.tuple(tie("expression"), qualifier(version), qualifier(version))
        .map(([inner, ...rest]) => `(${inner}) ${rest.join(" ")}`),
    ),
  }));
  return expression;
}
