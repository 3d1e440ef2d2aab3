import assert from "node:assert/strict";
import { flushLog, getLogger, LEVELS, type LogRecord, setLog } from "../src/log.ts";

/** The records that a body logs, as level and text. */
async function recordsOf(body: () => void, levels: readonly LogRecord["level"][] = LEVELS) {
  const records: string[] = [];
  setLog({
    levels: new Set(levels),
    write: ({ category, level, message }) =>
      void records.push(`${category.join(".")} ${level}: ${message.join("")}`),
  });
  try {
    body();
    await flushLog();
  } finally {
    setLog(undefined);
  }
  return records;
}

const logger = getLogger(["bridge", "test"]);

Deno.test("getLogger() keeps records until they can be written, in their order", async () => {
  const records = await recordsOf(() => {
    logger.warn("{at}: {what}", { at: 7, what: "{at}" });
    logger.debug`${1} of ${"{two}"}`;
  });
  assert.deepEqual(records, ["bridge.test warning: 7: {at}", "bridge.test debug: 1 of {two}"]);
});

Deno.test("setLog() gets records of its levels, and hears when there is another", async () => {
  const logAll = () => {
    for (const name of ["debug", "info", "warn", "error", "fatal"] as const) logger[name](name);
  };
  const records = await recordsOf(logAll, ["warning", "fatal"]);
  assert.deepEqual(records, ["bridge.test warning: warn", "bridge.test fatal: fatal"]);
  let closed = 0;
  setLog({ levels: new Set(), write: () => assert.fail(), close: () => void closed++ });
  logAll();
  await flushLog();
  assert.equal(closed, 0);
  setLog(undefined);
  assert.equal(closed, 1);
  logAll();
});
