import assert from "node:assert/strict";
import fc from "fast-check";
import { pythonFloat, pythonJson, respell, respellMembers } from "../../src/stix/python_json.ts";

Deno.test("pythonFloat() writes floats as Python's repr does", () => {
  const cases: [number, string][] = [
    [1e16, "1e+16"],
    [1e15, "1000000000000000.0"],
    [1.5e300, "1.5e+300"],
    [0.0001, "0.0001"],
    [0.00001, "1e-05"],
    [123456.789, "123456.789"],
    [-1e22, "-1e+22"],
    [5e-324, "5e-324"],
    [100, "100.0"],
    [-0, "-0.0"],
    [-0.25, "-0.25"],
  ];
  for (const [value, expected] of cases) assert.equal(pythonFloat(value), expected);
});

Deno.test("respell() changes the spelling, never the content", () => {
  assert.equal(
    respell('{"b":[ 1,2.50 ,"\\u00FC\\/"],"10":{},"2":9007199254740993,"a":-0,"c":1E5}'),
    '{"b": [1, 2.5, "\\u00fc/"], "10": {}, "2": 9007199254740993, "a": 0, "c": 100000.0}',
  );
  assert.equal(respell(" null "), "null");
  assert.throws(() => respell("[1e999]"), RangeError);
});

Deno.test("respell() walks depth without using up the stack", () => {
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  assert.equal(respell(deep), deep);
});

Deno.test("respellMembers() gives each member's text", () => {
  const members = respellMembers('{ "a" : [1,2], "\\u0062":"x", "a":{"c":null} }');
  assert.deepEqual([...members], [["a", '{"c": null}'], ["b", '"x"']]);
  assert.deepEqual([...respellMembers(" { } ")], []);
});

Deno.test("respell() and pythonJson() agree, in ASCII, on any JSON value", () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ noUnicodeString: false }),
      fc.constantFrom(0, 2),
      (value, indent) => {
        const text = respell(JSON.stringify(value, null, indent));
        assert.match(text, /^[ -~]*$/);
        assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
        // deno-lint-ignore no-explicit-any -- fast-check's JSON type is ours under another name
        const direct = pythonJson(value as any);
        assert.deepEqual(JSON.parse(direct), JSON.parse(text));
        assert.equal(respell(text), text);
      },
    ),
  );
});
