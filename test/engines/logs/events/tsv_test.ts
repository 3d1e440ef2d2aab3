import assert from "node:assert/strict";
import fc from "fast-check";
import { createEventReader } from "../../../../src/engines/logs/events/event_reader.ts";
import type { JsonObject } from "../../../../src/json.ts";

/** Events of a Zeek TSV log, `null` for rows that are none. */
function read(log: string): (JsonObject | null)[] {
  const reader = createEventReader({ type: "tsv", separator: 9, setSeparator: 44 });
  const events: (JsonObject | null)[] = [];
  for (const line of log.split("\n")) {
    if (line === "") continue;
    const read = reader.read(new TextEncoder().encode(line));
    if (read.type === "event") events.push(read.parse()?.value ?? null);
    else if (read.type === "bad") events.push(null);
  }
  return events;
}

/** The line of JSON of the only row. */
function text(fields: string, types: string, row: string): string {
  const reader = createEventReader({ type: "tsv", separator: 9, setSeparator: 44 });
  const encode = (line: string) => new TextEncoder().encode(line);
  for (const line of ["#separator \\x09", `#fields\t${fields}`, `#types\t${types}`]) {
    reader.read(encode(line));
  }
  const event = reader.read(encode(row));
  assert.equal(event.type, "event");
  return new TextDecoder().decode(event.parse()!.bytes);
}

Deno.test("read() gives Zeek's types as Zeek's JSON writer does", () => {
  const types = "time\tinterval\tdouble\tcount\tint\tport\tbool\taddr\tsubnet\tenum\tstring";
  const fields = "a\tb\tc\td\te\tf\tg\th\ti\tj\tk";
  assert.equal(
    text(
      fields,
      types,
      "1715673720.120000\t0.163820\t85794.000000\t18446744073709551615\t-7\t53\tT\tfe80::1\t10.0.0.0/8\ttcp\t7",
    ),
    '{"a":1715673720.12,"b":0.16382,"c":85794.0,"d":18446744073709551615,"e":-7,"f":53,"g":true,' +
      '"h":"fe80::1","i":"10.0.0.0/8","j":"tcp","k":"7"}',
  );
  assert.equal(text(fields, types, "-\t-\tnan\t-\t-\t-\tF\t-\t-\t-\t-"), '{"c":null,"g":false}');
});

Deno.test("read() gives sets and vectors as arrays", () => {
  const types = "set[addr]\tvector[interval]\ttable[string]\tvector[string]\tset[count]";
  const row = "10.0.0.1,::1\t60.000000,-\t(empty)\t(empty),a\\x2cb,-\t-";
  assert.equal(
    text("a\tb\tc\td\te", types, row),
    '{"a":["10.0.0.1","::1"],"b":[60.0,null],"c":[],"d":["","a,b",null]}',
  );
});

Deno.test("read() undoes escapes and keeps bytes that are no text", () => {
  const unescaped = (cell: string) => JSON.parse(text("a", "string", cell)).a;
  assert.equal(unescaped("caf\\xc3\\xa9"), "café");
  assert.equal(unescaped("a\\x09b"), "a\tb");
  assert.equal(unescaped("\\x2d"), "-");
  assert.equal(unescaped("C:\\\\x41"), "C:\\x41");
  assert.equal(unescaped("\\xff\\xc3\\xa9\\xf0\\x9f"), "\\xffé\\xf0\\x9f");
  assert.equal(unescaped("(empty)"), "");
});

Deno.test("read() takes several logs one after another, each with its own header", () => {
  const dns =
    "#separator \\x09\n#path\tdns\n#fields\tts\tquery\n#types\ttime\tstring\n1.0\ta.example\n" +
    "#close\t2024-05-14-08-00-00\n";
  const conn =
    "#separator |\n#set_separator|;\n#empty_field|EMPTY\n#unset_field|NONE\n#path|conn\n" +
    "#fields|ts|hosts|note|x\n#types|time|set[addr]|string|count\n2.0|::1;::2|EMPTY|NONE\n";
  const fields = ["ts", "query"];
  assert.deepEqual(read(dns + conn + dns), [
    { _path: "dns", ts: 1, [fields[1]!]: "a.example" },
    { _path: "conn", ts: 2, hosts: ["::1", "::2"], note: "" },
    { _path: "dns", ts: 1, query: "a.example" },
  ]);
  const headless = dns.slice(dns.indexOf("#path"));
  assert.deepEqual(read(conn + headless).at(-1), { _path: "dns", ts: 1, query: "a.example" });
});

Deno.test("read() names rows without header and rows that don't fit", () => {
  assert.deepEqual(read("1.0\ta\n#fields\tts\tq\n#types\ttime\tstring\n1.0\n1.0\ta\tb\n1.0\ta\n"), [
    null,
    null,
    null,
    { ts: 1, q: "a" },
  ]);
});

/** Writes a text as Zeek's ASCII writer would. */
function escape(text: string, also: string): string {
  if (text === "-" || text === "(empty)") return hex(text[0]!) + text.slice(1);
  if (text === "") return "(empty)";
  return [...text].map((char) => {
    if (char === "\\") return "\\\\";
    return char < " " || char === "\x7f" || also.includes(char) ? hex(char) : char;
  }).join("").replace(/^#/, hex("#"));
}

function hex(char: string): string {
  return [...new TextEncoder().encode(char)]
    .map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
}

Deno.test("read() undoes what Zeek's writer does, for any text", () => {
  const text = fc.string({ unit: "grapheme" });
  fc.assert(
    fc.property(text, fc.array(text), fc.boolean(), (one, many, raw) => {
      const cell = (value: string) =>
        raw
          ? escape(value, ",")
          : [...value].map((char) => char > "~" ? hex(char) : escape(char, ",")).join("") ||
            "(empty)";
      const row = `${escape(one, "")}\t${many.length === 0 ? "(empty)" : many.map(cell).join(",")}`;
      const log = `#fields\ta\tb\n#types\tstring\tvector[string]\n${row}\n`;
      // One empty element can't be told from none.
      const expected = many.length === 1 && many[0] === "" ? [] : many;
      assert.deepEqual(read(log), [{ a: one, b: expected }]);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("read() never throws, whatever the bytes", () => {
  const line = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.constantFrom(
      "#separator ",
      "#separator \\x",
      "#fields",
      "#fields\ta\ta",
      "#types\tbool",
      "#set_separator",
    )
      .map((text) => new TextEncoder().encode(text)),
  );
  fc.assert(
    fc.property(fc.array(line), fc.boolean(), (lines, json) => {
      const reader = createEventReader(
        json ? { type: "json" } : { type: "tsv", separator: 9, setSeparator: 44 },
      );
      for (const bytes of lines) {
        const read = reader.read(bytes);
        if (read.type !== "event") continue;
        read.time();
        const event = read.parse();
        if (event !== undefined) JSON.parse(new TextDecoder().decode(event.bytes));
      }
    }),
    { numRuns: 2000 },
  );
});
