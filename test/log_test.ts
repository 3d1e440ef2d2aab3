import assert from "node:assert/strict";
import { getLogger, LEVELS, type LogRecord, setLog } from "../src/log.ts";

/** The records that a body logs. */
function recordsOf(body: () => void, levels = LEVELS as readonly LogRecord["level"][]) {
  const records: LogRecord[] = [];
  setLog({ levels: new Set(levels), write: (record) => void records.push(record) });
  try {
    body();
  } finally {
    setLog(undefined);
  }
  return records;
}

const logger = getLogger(["bridge", "test"]);

Deno.test("getLogger() fills properties into a text, as they are", () => {
  const error = new Error("odd");
  const [record] = recordsOf(() => logger.warn("{at}: {what}{at} {none}", { at: 7, what: error }));
  const { timestamp, ...rest } = record!;
  assert.deepEqual(rest, {
    category: ["bridge", "test"],
    level: "warning",
    message: ["", 7, ": ", error, "", 7, " ", "{none}", ""],
  });
  assert(Math.abs(Date.now() - timestamp) < 60_000);
});

Deno.test("getLogger() does not fill in what values say themselves, nor what objects inherit", () => {
  const [first, second] = recordsOf(() => {
    logger.error("{a}", { a: "{b}", b: "x" });
    logger.error("{toString}", {});
  });
  assert.equal(first!.message.join(""), "{b}");
  assert.equal(second!.message.join(""), "{toString}");
});

Deno.test("getLogger() gives tags of templates", () => {
  const [record] = recordsOf(() => logger.debug`${1} of ${"{two}"}`);
  assert.deepEqual(record!.message, ["", 1, " of ", "{two}", ""]);
});

Deno.test("setLog() gets records of its levels, and hears when there is another", () => {
  const logAll = () => {
    for (const name of ["debug", "info", "warn", "error", "fatal"] as const) logger[name](name);
  };
  const levels = recordsOf(logAll, ["warning", "fatal"]).map(({ level }) => level);
  assert.deepEqual(levels, ["warning", "fatal"]);
  let closed = 0;
  setLog({ levels: new Set(), write: () => assert.fail(), close: () => void closed++ });
  logAll();
  assert.equal(closed, 0);
  setLog(undefined);
  assert.equal(closed, 1);
  logAll();
});
