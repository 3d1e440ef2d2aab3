import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { JsonObject, JsonValue } from "../../src/json.ts";
import { type FieldKind, type FieldRow, FIELDS } from "../../src/match/fields/table.ts";
import { canonicalAt, parseForEvents } from "../../src/match/pattern_reading.ts";
import { createEventPatterns } from "../../src/match/patterns.ts";
import { createPatternGate } from "../../src/match/pattern_gate.ts";

/** Few values of each kind, so that patterns meet them. */
const VALUES: Record<FieldKind, readonly JsonValue[]> = {
  text: ["/gate-12.php?id=7", "Ünïcode-Agent/1.0", "https://evil.example/x", "a", "-"],
  number: [1, 443, "443", 5.5],
  boolean: [true, false],
  lower: ["TCP", "udp", "DEADBEEFDEADBEEFDEADBEEFDEADBEEF"],
  time: ["2024-01-01T00:00:00Z", 1704067200],
  address: ["10.0.0.1", "2001:db8::1", "no address"],
  host: ["10.0.0.1", "evil.example", "evil.example:8080"],
  domain: ["evil.example", "other.example.", "10.0.0.1"],
  mail: ["X <a@b.example>, c@d.example", "a@b.example"],
  hash: ["d41d8cd98f00b204e9800998ecf8427e", "D4:1D:8C:D9:8F:00:B2:04:E9:80:09:98:EC:F8:42:7E"],
  header: ["Mozilla/5.0 (bot-12)", "evil.example"],
};

/** Puts a value where a field of the table is. */
function put(event: JsonObject, field: string, value: JsonValue): void {
  const at = field.indexOf("[]");
  if (at < 0) {
    event[field] ??= value;
    return;
  }
  const list = (event[field.slice(0, at)] ??= []) as JsonValue[];
  const rest = field.slice(at + 2).replace(/^\./, "");
  if (rest === "") return void list.push(value);
  const item: JsonObject = {};
  put(item, rest, value);
  list.push(item);
}

const ROWS = FIELDS.flatMap(({ source, log, rows }) => rows.map((row) => ({ source, log, row })));

const event = fc.constantFrom(...FIELDS).chain(({ source, log, rows }) => {
  const always = FIELDS.find((group) => group.source === source && group.log === "*")!.rows;
  const filled = fc.constantFrom(...rows, ...always).chain(([field, , kind]: FieldRow) =>
    fc.tuple(fc.constant(field), fc.constantFrom(...VALUES[kind]))
  );
  return fc.array(filled, { minLength: 1, maxLength: 10 }).map((fields) => {
    const event: JsonObject = source === "Suricata" ? { event_type: log } : { _path: log };
    for (const [field, value] of fields) put(event, field, value);
    return event;
  });
});

const constant = (value: JsonValue) =>
  typeof value === "string" ? `'${value.replaceAll("\\", "\\\\")}'` : String(value);

/** Tests about paths of the table (some turned, so that references are followed further). */
const test = fc.constantFrom(...ROWS).chain(({ row: [, path, kind] }) => {
  const own = fc.constantFrom(...VALUES[kind], "evil.example", "10.0.0.1", "http://evil.example/x");
  const paths = fc.constantFrom(
    path,
    path,
    path,
    path.replace(/value$/, "type"),
    path.replace(/value$/, "resolves_to_refs[*].value"),
    path.replace("[*]", "[0]"),
    `${path.split(":")[0]}:type`,
    "network-traffic:dst_ref.value",
    "domain-name:value",
    "url:value",
  );
  return fc.tuple(paths, own, fc.nat(13), fc.boolean()).map(([path, value, choice, negated]) => {
    const not = negated && choice > 7 ? "NOT " : "";
    const text = String(value);
    const piece = text.slice(1, 9).replaceAll(/[%_]/g, "_");
    switch (choice) {
      case 0:
        return `${path} LIKE '%${piece}%'`;
      case 1:
        return `${path} MATCHES '${piece.replaceAll(/[^a-zA-Z0-9]/g, ".")}[^ ]*$'`;
      case 2:
        return `${path} MATCHES '(?i)${piece.toUpperCase().replaceAll(/[^a-zA-Z0-9]/g, ".")}'`;
      case 3:
        return `EXISTS ${path}`;
      case 4:
        return `${path} != ${constant(value)}`;
      case 5:
        return `${path} > ${constant(value)}`;
      case 6:
        return `${path} IN (${constant(value)})`;
      case 7:
        return `${path} ${not}ISSUBSET '10.0.0.0/8'`;
      default:
        return `${path} ${not}= ${constant(value)}`;
    }
  });
});

const pattern = fc.array(fc.tuple(test, fc.constantFrom(" AND ", " OR ")), {
  minLength: 1,
  maxLength: 3,
}).map((parts) => `[${parts.map(([one, by], n) => (n > 0 ? by : "") + one).join("")}]`);

/** Members with dots in their names as objects in objects. */
function nested(event: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const [key, value] of Object.entries(event)) {
    const parts = key.split(".");
    const last = parts.pop()!;
    let at = out;
    for (const part of parts) at = (at[part] ??= {}) as JsonObject;
    if (at !== null && typeof at === "object") at[last] ??= value;
  }
  return out;
}

Deno.test("the gate admits every event that fulfils a pattern", () => {
  let fulfilled = 0, ruledOut = 0, glanced = 0;
  fc.assert(
    fc.property(fc.array(pattern, { minLength: 1, maxLength: 4 }), event, (patterns, event) => {
      const closely = createEventPatterns<null>({ order: "stream" });
      const gate = createPatternGate({ canonical: canonicalAt, lenient: true });
      patterns.forEach((text, n) => {
        let expression;
        try {
          expression = parseForEvents(text);
          closely.add(n, text);
        } catch {
          return;
        }
        gate.add(n, expression);
      });
      const matches = closely.feed(event, null, true);
      const admitted = gate.admits(event);
      for (const shape of [event, nested(event)]) {
        if (!gate.admits(shape)) continue;
        for (const text of [JSON.stringify(shape), JSON.stringify(shape, null, 1)]) {
          const line = new TextEncoder().encode(`  ${text} `);
          assert(gate.glance(line, 1, line.length), `${patterns.join("\n")}\n${text}`);
        }
      }
      const line = new TextEncoder().encode(JSON.stringify(event));
      if (!gate.glance(line, 0, line.length)) glanced++;
      if (matches.length > 0) {
        fulfilled++;
        assert(admitted, `${patterns.join("\n")}\n${JSON.stringify(event)}`);
      } else if (!admitted) ruledOut++;
    }),
    { numRuns: Number(Deno.env.get("RUNS") ?? 1500) },
  );
  assert(fulfilled > 150 && ruledOut > 150, `${fulfilled} fulfilled, ${ruledOut} ruled out`);
  assert(glanced > 100, `${glanced} ruled out at a glance`);
});

Deno.test("the gate forgets what is removed", () => {
  const gate = createPatternGate({});
  const add = (handle: number, text: string) => gate.add(handle, parseForEvents(text));
  add(1, "[network-traffic:dst_port = 4444]");
  add(2, "[url:value LIKE '%/gate-12%']");
  add(3, "[url:value MATCHES '/gate-12$']");
  const port = { event_type: "flow", dest_port: 4444 };
  const url = { event_type: "http", http: { hostname: "a.example", url: "/gate-12" } };
  assert(gate.admits(port) && gate.admits(url));
  gate.remove(1);
  gate.remove(2);
  assert(!gate.admits(port) && gate.admits(url));
  gate.remove(3);
  assert(!gate.admits(url));
});
