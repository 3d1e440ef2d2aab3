/**
 * What the engine can say to a node is what a real one was heard to answer: every
 * predicate, by its shape, and every word of every call stands in the recordings,
 * or is one of the few that have a recorded form to fall back to.
 */
import assert from "node:assert/strict";
import { planQuestions, queryOf, scalarQuestions } from "../../../src/engines/vast/plan.ts";
import { createTrust } from "../../../src/engines/vast/trust.ts";
import { collectUnits } from "../../../src/engines/vast/units.ts";
import { readCases } from "../../recorded_node/mod.ts";
import { type Expression, ParseError, parseQuery } from "../../recorded_node/query.ts";
import { hunt, withEngine } from "./hunting.ts";
import { indicatorSet } from "./indicators.ts";

/** Shapes in `cases.ndjson`. `field` is any field by name, in whole or its last part. */
const RECORDED = [
  "#type != string",
  "#type == string",
  ":addr == address",
  ":addr in [address]",
  ":addr in subnet",
  ":string == string",
  ":string in [string]",
  "address in field",
  "concept == string",
  "concept in [string]",
  "field == string",
  "field in [address]",
  "string in concept",
  "string in field",
];

/** Those that `trust.ts` keeps in check. */
const GUARDED = ["field in [string]", "hash concept in [string]"];

function shapesOf(expression: Expression): string[] {
  if (expression.type === "nothing") return [];
  if (expression.type !== "predicate") return expression.parts.flatMap(shapesOf);
  const { extractor: { type, name }, operator, value } = expression;
  const literal = value.type === "list" ? `[${value.items[0]?.type}]` : value.type;
  const extractor = type === "meta"
    ? `#${name}`
    : type === "type"
    ? `:${name}`
    : /^file\.hash\./.test(name) && value.type === "list"
    ? "hash concept"
    : /^(net|file)\./.test(name)
    ? "concept"
    : "field";
  return [operator === "ni" ? `${literal} in ${extractor}` : `${extractor} ${operator} ${literal}`];
}

/** Values of every kind, as many as it takes for the forms of many. */
function texts(count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const hex = i.toString(16).padStart(4, "0");
    return [
      `10.1.${i >> 8}.${i & 255}`,
      `fe80::${hex}`,
      `10.${i & 255}.0.0/16`,
      `host${i}.example`,
      `http://host${i}.example/`,
      `https://host${i}.example/a/path/that/few/have/${i}`,
      hex.repeat(8),
      hex.repeat(10),
      hex.repeat(16),
      hex.repeat(32),
      `user${i}@host.example`,
    ];
  }).flat();
}

const LAYOUTS = [
  ...["dns", "files", "http", "smtp", "ssl", "x509"].map((name) => `zeek.${name}`),
  ...["dns", "fileinfo", "http", "smtp", "tls"].map((name) => `suricata.${name}`),
];

function* emitted(): Generator<string> {
  for (const count of [1, 30]) {
    const units = collectUnits(indicatorSet(texts(count)));
    for (const rows of [undefined, 10, 1e9]) {
      const layouts = rows === undefined ? rows : new Map(LAYOUTS.map((name) => [name, rows]));
      for (const subdomains of [false, true]) {
        const context = { layouts, subdomains };
        const trusting = createTrust("node");
        for (const some of [units, units.slice(0, 3)]) {
          const questions = planQuestions(some, context, 5000, trusting);
          for (const question of questions) yield queryOf(question, context);
        }
        for (const question of scalarQuestions(units, context, 5000, "plain")) {
          yield queryOf(question, context);
        }
      }
    }
  }
}

Deno.test("every predicate that the engine asks was recorded or is kept in check", () => {
  const shapes = new Set([...emitted()].flatMap((query) => shapesOf(parseQuery(query))));
  const known = new Set([...RECORDED, ...GUARDED]);
  assert.deepEqual([...shapes].filter((shape) => !known.has(shape)), []);
  for (const shape of GUARDED) assert.ok(shapes.has(shape), `${shape} is never asked`);
});

Deno.test("queries in plain forms hold recorded predicates alone", () => {
  const units = collectUnits(indicatorSet(texts(30)));
  for (const subdomains of [false, true]) {
    const context = { layouts: undefined, subdomains };
    for (const question of scalarQuestions(units, context, 5000, "plain")) {
      const shapes = shapesOf(parseQuery(queryOf(question, context)));
      assert.deepEqual(shapes.filter((shape) => !RECORDED.includes(shape)), []);
    }
  }
});

const cases = readCases();

/** The query of a recorded command line, if it stands there. */
function queryIn(command: string): string | undefined {
  return /'([^']+)'\s*(?:#.*)?$/s.exec(command.trim())?.[1] ??
    /printf '([^']+)'/.exec(command)?.[1];
}

Deno.test({
  name: "the shapes that count as recorded were answered by a real node",
  ignore: cases.length === 0,
  fn() {
    const answered = new Set<string>();
    for (const { cmd = "", exit } of cases) {
      const query = /\b(export|count)\b/.test(cmd) && String(exit) === "0" && queryIn(cmd);
      if (!query) continue;
      try {
        for (const shape of shapesOf(parseQuery(query))) answered.add(shape);
      } catch (error) {
        if (!(error instanceof ParseError)) throw error;
      }
    }
    assert.deepEqual(RECORDED.filter((shape) => !answered.has(shape)), []);
  },
});

Deno.test({
  name: "every word of every call was recorded",
  ignore: cases.length === 0,
  async fn() {
    const word = (text: string) => text.replace(/=.*$/s, "");
    const recorded = new Set(
      cases.flatMap(({ cmd = "" }) => cmd.split(/\s+/)).map(word),
    );
    await withEngine(async (engine, vast) => {
      await engine.check(new AbortController().signal);
      await hunt(engine, texts(30), { maxEvents: 2 });
      const stop = new AbortController();
      const live = engine.live(indicatorSet(["1.2.3.4"]), stop.signal)[Symbol.asyncIterator]();
      const next = live.next();
      await vast.node.watching(1);
      stop.abort();
      await next.catch(() => {});
      const words = vast.calls().flatMap((call) => {
        const at = call.indexOf("-e");
        const known = at < 0 ? call : call.filter((_, i) => i !== at + 1);
        // The query of the stream is looked at above.
        return known.filter((text) => !text.startsWith("#type")).map(word);
      });
      assert.deepEqual([...new Set(words)].filter((text) => !recorded.has(text)), []);
      assert.ok(words.includes("--continuous") && words.includes("--max-events"));
    });
  },
});
