import assert from "node:assert/strict";
import fc from "fast-check";
import { createMemberFinder } from "../../src/stix/json_members.ts";

const NAMES = ["id", "type", "pattern", "toString"];
const finder = createMemberFinder(NAMES);
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const utf8 = (text: string) => new TextEncoder().encode(text);

/** What JSON.parse makes of the bytes; undefined if they are no object to it. */
function parsed(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(decoder.decode(bytes));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Holds the finder to JSON.parse; says whether it took the bytes. */
function holds(bytes: Uint8Array): boolean {
  // Bytes around it must not matter.
  const padded = new Uint8Array([0x7b, ...bytes, 0x7d, 0x22]);
  const found = finder.find(padded, 1, 1 + bytes.length);
  if (!found) return false;
  const object = parsed(bytes);
  assert.ok(object !== undefined, `taken, but JSON.parse refuses: ${decode(bytes)}`);
  NAMES.forEach((name, place) => {
    const [start, end] = [finder.starts[place]!, finder.ends[place]!];
    assert.equal(start >= 0, Object.hasOwn(object, name), name);
    if (start < 0) return;
    const value = decoder.decode(padded.subarray(start, end));
    assert.deepEqual(JSON.parse(value), object[name]);
    const isPlain = /^"[^\\]*"$/.test(value) && /^[^\u0080-\uffff]*$/.test(value);
    assert.equal(finder.plain[place], Number(isPlain), value);
  });
  return true;
}

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const key = fc.oneof(fc.constantFrom(...NAMES, "name", "i", "idd"), fc.string({ unit: "binary" }));
const object = fc.dictionary(key, fc.jsonValue({ stringUnit: "binary" }));

Deno.test("createMemberFinder() takes what JSON.stringify writes, however it is spaced", () => {
  fc.assert(
    fc.property(object, fc.constantFrom("", "  ", "\t"), (object, space) => {
      const json = JSON.stringify(object, undefined, space).replaceAll("\n", space ? "\r\n" : "");
      const isPlain = Object.keys(object).every((name) => !JSON.stringify(name).includes("\\"));
      assert.equal(holds(utf8(` ${json}\n`)), isPlain && !hasDeep(object));
    }),
    { numRuns: 2000 },
  );
});

/** Deeper than the finder goes. */
function hasDeep(value: unknown, depth = 0): boolean {
  return depth > 32 || (typeof value === "object" && value !== null &&
    Object.values(value).some((inner) => hasDeep(inner, depth + 1)));
}

Deno.test("createMemberFinder() takes nothing that JSON.parse refuses, and finds the same members", () => {
  const token = fc.constantFrom(
    ...['"', "\\", "{", "}", "[", "]", ":", ",", "0", "-", ".", "e5", "1E+", "true", "nul", "null"],
    ...['"id":', '"id"', '"pattern":1', "\\u00e9", "\\u12", "\\x", " ", "\n", "\u000b", "\u00e9"],
    ...["\ufeff", "\u0000", "-0", "00", "1.5", "1.", "1e", '""', "{}", "[]", '"toString":{}'],
  );
  const piece = fc.oneof(token.map(utf8), fc.uint8Array({ minLength: 1, maxLength: 2 }));
  fc.assert(
    fc.property(
      object,
      fc.array(fc.tuple(fc.nat(), piece, fc.nat(3)), { minLength: 1, maxLength: 3 }),
      (object, changes) => {
        let bytes = utf8(JSON.stringify(object));
        for (const [place, piece, cut] of changes) {
          const at = place % (bytes.length + 1);
          bytes = new Uint8Array([...bytes.subarray(0, at), ...piece, ...bytes.subarray(at + cut)]);
        }
        holds(bytes);
      },
    ),
    { numRuns: 5000 },
  );
  fc.assert(
    fc.property(fc.array(token), (tokens) => void holds(utf8(`{${tokens.join("")}}`))),
    { numRuns: 5000 },
  );
});

Deno.test("createMemberFinder() leaves what is not plain to JSON.parse", () => {
  const refused = [
    '{"id": 1, "id": 2}',
    '{"\\u0069d": 1}',
    `{"id": ${"[".repeat(40)}${"]".repeat(40)}}`,
    "[]",
    "",
    "{",
    '{"id": 01}',
    '{"id": 1,}',
    '{"id": 1} x',
    '{"id": "\u0001"}',
    '\ufeff{"id": 1}',
  ];
  for (const json of refused) assert.equal(holds(utf8(json)), false, json);
  assert.equal(holds(new Uint8Array([...utf8('{"id": "'), 0xc3, ...utf8('"}')])), false);
  for (const json of ["{}", ' {"id" : -1.5e+3 } ', '{"id": "\\u00e9\\n", "x": [[], {}, null]}']) {
    assert.equal(holds(utf8(json)), true, json);
  }
});
