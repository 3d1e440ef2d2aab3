import assert from "node:assert/strict";
import fc from "fast-check";
import { idOf } from "../../src/intel/id_words.ts";
import { createIndicatorReader, LONGEST } from "../../src/intel/indicator_reader.ts";
import { observeAs } from "../../src/intel/points.ts";
import { instantToMillis, parseTimestamp } from "../../src/stix/timestamp.ts";
import { holds, ID, parsed, utf8 } from "./received.ts";

const reader = createIndicatorReader()!;
/** What makes an indicator that is read. */
const SOUND = `"type": "indicator", "id": "${ID}", "pattern": "[domain-name:value = 'a.example']"`;
const reads = (json: string) => reader.read(utf8(json));
const joined = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]));

/** Members that decide; others may stand beside them. */
const MEMBERS = ["type", "id", "pattern", "pattern_type", "created", "modified", "valid_from"]
  .concat("valid_until", "revoked", "x_threatbus_update");
const name = fc.oneof(
  fc.constantFrom("name", "i", "idd", "toString"),
  fc.string({ unit: "binary" }),
)
  .filter((name) => !MEMBERS.includes(name));
const others = fc.dictionary(name, fc.jsonValue({ stringUnit: "binary" }));

/** Deeper than the reader goes. */
function isDeep(value: unknown, depth = 0): boolean {
  return depth > 32 || (typeof value === "object" && value !== null &&
    Object.values(value).some((inner) => isDeep(inner, depth + 1)));
}

Deno.test("IndicatorReader takes what JSON.stringify writes, however it is spaced", () => {
  fc.assert(
    fc.property(others, fc.constantFrom("", "  ", "\t"), (others, space) => {
      const json = JSON.stringify(others, undefined, space).replaceAll("\n", space ? "\r\n" : "");
      const isPlain = Object.keys(others).every((name) => !JSON.stringify(name).includes("\\"));
      const comma = Object.keys(others).length > 0 ? " ," : "";
      const bytes = utf8(` ${json.replace(/\}$/, `${comma}${SOUND} } \n\t`)}`);
      assert.equal(holds(bytes), isPlain && Object.values(others).every((value) => !isDeep(value)));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("IndicatorReader takes nothing that JSON.parse refuses", () => {
  const token = fc.constantFrom(
    ...['"', "\\", "{", "}", "[", "]", ":", ",", "0", "-", ".", "e5", "1E+", "true", "nul", "null"],
    ...['"id":', '"id"', '"pattern":1', "\\u00e9", "\\u12", "\\x", " ", "\n", "\u000b", "\u00e9"],
    ...["\ufeff", "\u0000", "-0", "00", "1.5", "1.", "1e", '""', "{}", "[]", '"toString":{}'],
    ...[
      '"revoked":true',
      '"modified":"2026-11-21T10:00:00Z"',
      '"modified":"',
      "tru",
      "falsee",
      "'",
    ],
  );
  const piece = fc.oneof(token.map(utf8), fc.uint8Array({ minLength: 1, maxLength: 2 }));
  const change = fc.tuple(fc.nat(), piece, fc.nat(3));
  let taken = 0;
  fc.assert(
    fc.property(others, fc.array(change, { minLength: 1, maxLength: 3 }), (others, changes) => {
      const json = JSON.stringify({ ...others, name: "bücher" });
      let bytes = utf8(json.replace(/\}$/, `,${SOUND}}`));
      for (const [place, piece, cut] of changes) {
        const at = place % (bytes.length + 1);
        bytes = joined(bytes.subarray(0, at), piece, bytes.subarray(at + cut));
      }
      taken += Number(holds(bytes));
    }),
    { numRuns: 10_000 },
  );
  assert.ok(taken > 100, String(taken));
  fc.assert(
    fc.property(fc.array(token), (tokens) => void holds(utf8(`{${SOUND},${tokens.join("")}}`))),
    { numRuns: 5000 },
  );
});

Deno.test("IndicatorReader reads numbers, words and escapes as JSON.parse does", () => {
  const number = fc.string({ unit: fc.constantFrom(..."0123456789-+.eE"), maxLength: 8 });
  const word = fc.constantFrom("true", "false", "null", "True", "nulll", "tru", "fals", "truee");
  const escape = fc.string({ unit: fc.constantFrom(...'\\"/bfnrtux0aF9g'), maxLength: 9 })
    .map((text) => `"${text}"`);
  fc.assert(
    fc.property(fc.oneof(number, word, escape), fc.boolean(), (value, isLast) => {
      const other = `"x": ${value}`;
      const json = isLast ? `{${SOUND}, ${other}}` : `{${other}, ${SOUND}}`;
      assert.equal(holds(utf8(json)), parsed(utf8(json)) !== undefined, json);
    }),
    { numRuns: 20_000 },
  );
});

Deno.test("IndicatorReader takes UTF-8 alone, wherever it stands", () => {
  const byte = fc.oneof(
    fc.constantFrom(0xc1, 0xc3, 0xe0, 0xe2, 0xed, 0xef, 0xf0, 0xf4, 0xf5), // heads
    fc.integer({ min: 0x80, max: 0xff }),
    fc.integer({ min: 0x80, max: 0xbf }),
  );
  const sequence = fc.array(byte, { minLength: 1, maxLength: 5 }).map((bytes) =>
    Uint8Array.from(bytes)
  );
  const character = fc.string({ unit: "binary", minLength: 1, maxLength: 3 })
    .map((text) => utf8(JSON.stringify(text).slice(1, -1)));
  const before = fc.string({ unit: fc.constant("x"), maxLength: 20 });
  fc.assert(
    fc.property(fc.oneof(sequence, character), before, fc.boolean(), (bytes, before, isName) => {
      const [head, tail] = isName
        ? [`{"${before}`, `": 1, ${SOUND}}`]
        : [`{"x": ["${before}`, `"], ${SOUND}}`];
      const all = joined(utf8(head), bytes, utf8(tail));
      const isSound = parsed(all) !== undefined && !(isName && bytes.includes(0x5c));
      assert.equal(holds(all), isSound, String(bytes));
    }),
    { numRuns: 20_000 },
  );
  // Outside of strings it is no JSON.
  for (let at = 0; at < SOUND.length; at++) {
    const all = joined(
      utf8(`{${SOUND.slice(0, at)}`),
      Uint8Array.of(0xc3),
      utf8(`${SOUND.slice(at)}}`),
    );
    assert.equal(holds(all), false, String(at));
  }
});

Deno.test("IndicatorReader reads no further than the message, however long it is", () => {
  for (let length = 0; length < 80; length++) {
    const whole = utf8(`{${SOUND}, "name": "${"n".repeat(length)}"}`);
    for (const at of [0, 1, 7, 15]) {
      const frame = joined(new Uint8Array(at).fill(0x7b), whole);
      assert.ok(holds(frame.subarray(at)));
    }
    // What is left of the one before stands behind it.
    for (let end = 0; end < whole.length; end++) {
      reader.read(whole);
      assert.equal(reader.read(whole.subarray(0, end)), false, `${length} ${end}`);
    }
  }
  const head = `{${SOUND}, "name": "`;
  const longest = (length: number) => `${head}${"n".repeat(length - head.length - 2)}"}`;
  assert.equal(reads(longest(LONGEST)), true);
  assert.equal(reads(longest(LONGEST + 1)), false);
  assert.equal(reads(longest(LONGEST).slice(0, -1)), false);
  assert.equal(reads(longest(LONGEST + 2).slice(0, -2)), false);
  for (const byte of [...'{["\\-0tn ,:']) assert.equal(reads(byte.repeat(LONGEST)), false);
  assert.equal(reads(`{"x": ${"[".repeat(LONGEST - 6)}`), false);
  const value = (length: number) =>
    `{${SOUND.replace("a.example", `${"a".repeat(length)}.example`)}}`;
  for (const length of [63, 64, 180, 190, 250, 300, 8000, 8200, 20_000]) holds(utf8(value(length)));
});

Deno.test("IndicatorReader leaves what is not plain to JSON.parse", () => {
  const refused = [
    `{${SOUND}, "id": "${ID}"}`,
    `{${SOUND}, "\\u0069d": 1}`,
    `{${SOUND}, "x": ${"[".repeat(40)}${"]".repeat(40)}}`,
    `{${SOUND}, "x": 01}`,
    `{${SOUND},}`,
    `{${SOUND}} x`,
    `{${SOUND}, "x": "\u0001"}`,
    `\ufeff{${SOUND}}`,
    `[{${SOUND}}]`,
    `{"x": {${SOUND}}}`,
    `{${SOUND.replace("a.example", "it\\'s")}}`,
    `{${SOUND.replace("a.example", "a\\u002eexample")}}`,
    `{${SOUND.replace("indicator--", "indicator--\\u0064").replace("df", "f")}}`,
    `{${SOUND}, "revoked": "true"}`,
    `{${SOUND}, "revoked": "tr\\u0075e"}`,
    `{${SOUND}, "revoked": null}`,
    `{${SOUND}, "modified": "2026-11-21T10:00:00\\u005a"}`,
    `{${SOUND}, "modified": {}}`,
    "[]",
    "{}",
    "",
    "{",
  ];
  for (const json of refused) assert.equal(holds(utf8(json)), false, json);
  for (const json of [`{${SOUND}}`, `{"x": "\\u00e9\\n", "y": [[], {}, null], ${SOUND}}`]) {
    assert.equal(holds(utf8(json)), true, json);
  }
});

Deno.test("IndicatorReader reads times as parseTimestamp() does", () => {
  const number = (most: number) =>
    fc.oneof({ weight: 9, arbitrary: fc.nat(most) }, fc.nat(99)).map((it) =>
      String(it).padStart(2, "0")
    );
  const fraction = fc.oneof(fc.constant(""), fc.stringMatching(/^\.\d{0,12}$/));
  const zone = fc.oneof(
    fc.constantFrom("Z", "z", "", "ZZ", "+1:00"),
    fc.stringMatching(/^[+-]\d\d:\d\d$/),
  );
  const time = fc.tuple(
    number(99),
    number(99),
    number(13),
    number(32),
    number(24),
    number(60),
    number(60),
  )
    .map(([century, year, month, day, hour, minute, second]) =>
      `${century}${year}-${month}-${day}T${hour}:${minute}:${second}`
    );
  const date = fc.date({ noInvalidDate: true, min: new Date(-62e12), max: new Date(253e12) })
    .map((date) => date.toISOString().slice(0, 19));
  const text = fc.tuple(fc.oneof(time, date), fraction, zone).map((parts) => parts.join(""));
  const odd = fc.tuple(text, fc.nat(), fc.constantFrom(..."0 :-TtZ.x")).map(
    ([text, place, byte]) => {
      const at = place % text.length;
      return text.slice(0, at) + byte + text.slice(at + 1);
    },
  );
  let taken = 0;
  const keys = ["created", "modified", "valid_from", "valid_until"] as const;
  fc.assert(
    fc.property(
      fc.oneof({ weight: 3, arbitrary: text }, odd),
      fc.constantFrom(...keys),
      (text, key) => {
        const instant = parseTimestamp(text);
        assert.equal(reads(`{${SOUND}, "${key}": "${text}"}`), instant !== undefined, text);
        if (instant === undefined) return;
        taken++;
        const { modified, from, until } = reader;
        const read = { created: modified, modified, valid_from: from, valid_until: until }[key];
        assert.equal(read, instantToMillis(instant), text);
      },
    ),
    { numRuns: 20_000 },
  );
  assert.ok(taken > 4000, String(taken));
});

Deno.test("IndicatorReader finds canonical values that observeAs() leaves as they are", () => {
  const label = fc.oneof(
    fc.stringMatching(/^[a-z0-9_-]{0,12}$/),
    fc.stringMatching(/^[a-z0-9A-Z.]{0,4}$/),
    fc.constantFrom(
      "a".repeat(63),
      "b".repeat(64),
      "0",
      "255",
      "256",
      "01",
      "com",
      "xn--p1ai",
      "é",
    ),
  );
  const domain = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join("."));
  const octet = fc.oneof(
    { weight: 4, arbitrary: fc.nat(255).map(String) },
    fc.constantFrom("256", "01", "", "1e"),
  );
  const address = fc.oneof(
    fc.array(octet, { minLength: 3, maxLength: 5 }).map((octets) => octets.join(".")),
    fc.tuple(octet, octet, octet, octet).map((octets) => octets.join(".")),
    fc.ipV6(),
  );
  const host = fc.oneof(domain, address, fc.constantFrom("a:80", "u@a.example", "[::1]"));
  const path = fc.oneof(
    fc.constantFrom("", "/", "/a b?c#d", "?q", "/\u007f", "/é", "//x", "/%41"),
    fc.webPath(),
  );
  const url = fc.tuple(
    fc.constantFrom("http://", "https://", "HTTP://", "ftp://", "", "http:/"),
    host,
    path,
  )
    .map((parts) => parts.join(""));
  const local = fc.oneof(
    fc.stringMatching(/^[a-z0-9._+-]{0,10}$/),
    fc.constantFrom("A", "a@b", "a b", "x".repeat(64), "x".repeat(65)),
  );
  const email = fc.tuple(local, domain).map((parts) => parts.join("@"));
  const hash = fc.tuple(
    fc.constantFrom(31, 32, 40, 64, 128),
    fc.constantFrom("0", "f", "g", "F"),
    fc.nat(),
  )
    .map(([length, digit, place]) => {
      const at = place % length;
      return "a9".repeat(64).slice(0, at) + digit + "0f".repeat(64).slice(0, length - at - 1);
    });
  const heads: [string, fc.Arbitrary<string>][] = [
    ["ipv4-addr:value", address],
    ["ipv6-addr:value", address],
    ["domain-name:value", domain],
    ["url:value", url],
    ["email-addr:value", email],
    ["file:hashes.MD5", hash],
    ["file:hashes.'MD5'", hash],
    ["file:hashes.'SHA-1'", hash],
    ["file:hashes.'SHA-256'", hash],
    ["file:hashes.'SHA-512'", hash],
  ];
  for (const [head, value] of heads) {
    let canonical = 0;
    fc.assert(
      fc.property(value, fc.constantFrom("", " ", "  "), (value, space) => {
        const pattern = `[${head}${space}=${space}'${value}']`;
        const json = JSON.stringify({ type: "indicator", id: ID, pattern });
        holds(utf8(json));
        if (!reads(json)) return;
        assert.deepEqual([idOf(reader.uuid()), reader.value()], [ID, value]);
        if (!reader.isCanonical) return;
        canonical++;
        const { kinds } = reader;
        assert.deepEqual(observeAs(kinds, value), { kind: kinds[0], value });
        const { valueStart, valueEnd } = reader;
        assert.equal(new TextDecoder().decode(utf8(json).subarray(valueStart, valueEnd)), value);
      }),
      { numRuns: 3000 },
    );
    assert.ok(head.startsWith("ipv6") ? canonical === 0 : canonical > 30, `${head} ${canonical}`);
  }
});
