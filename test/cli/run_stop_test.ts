import assert from "node:assert/strict";
import { openExisting } from "../../src/state/state.ts";
import { startReceiver } from "../chaos/receivers.ts";
import { type Process, until } from "../chaos/processes.ts";
import { freePorts } from "../free_ports.ts";
import { type Stage, STATE, SUBSCRIBED, withStage } from "./running.ts";

const unix = { ignore: Deno.build.os === "windows" };

/** A run with one hit, of which a webhook never confirms what the file sink has. */
function withHangingSink(
  shutdownTimeout: string,
  play: (stage: Stage, process: Process) => Promise<void>,
): Promise<void> {
  return withStage(async (stage) => {
    const [port] = freePorts(1);
    const receiver = startReceiver(port!);
    receiver.temper = "hangs";
    try {
      stage.publish(1, "bad.example");
      stage.grow("bad.example");
      const sinks = [`http://127.0.0.1:${port}/#timeout=1h`, `file:${stage.hits}`];
      const process = stage.run({ sinks, shutdown_timeout: shutdownTimeout });
      await stage.arrival(1);
      await play(stage, process);
    } finally {
      await receiver.close();
    }
  });
}

Deno.test(
  "SIGTERM delivers what was found, unsubscribes and exits 0",
  unix,
  () =>
    withStage(async (stage) => {
      stage.publish(1, "bad.example");
      stage.grow(...Array<string>(500).fill("bad.example"));
      const process = stage.run();
      await process.said(SUBSCRIBED);
      await stage.arrival(1);
      process.kill("SIGTERM");
      assert.equal(await process.ended, 0);
      assert.equal(stage.bus.stats().subscribers, 0);
      // All of what was queued is in the file, and nothing is left behind.
      const db = openExisting(`${stage.folder}/state`);
      assert.equal(Number(db.prepare("SELECT count(*) AS n FROM spool").get()!["n"]), 0);
      assert.equal(
        Number(db.prepare("SELECT count(*) AS n FROM seen").get()!["n"]),
        stage.arrived().length,
      );
      db.close();
    }),
);

Deno.test(
  "SIGTERM ends within shutdown_timeout though a sink hangs; the rest waits",
  unix,
  () =>
    withHangingSink("500ms", async (stage, process) => {
      process.kill("SIGTERM");
      // The sink itself would wait for an hour.
      await until(() => process.outcome !== undefined, 60_000, () => process.log);
      assert.equal(process.outcome, 0);
      assert.match(process.log, /the rest stays for the next start/);
      assert.equal(stage.ask(STATE.waiting), 1);
    }),
);

Deno.test(
  "SIGTERM does not wait for a bus that is away: what waits stays, and is counted",
  unix,
  () =>
    withStage(async (stage) => {
      stage.publish(1, "bad.example");
      const process = stage.run({ sinks: [], shutdown_timeout: "1h", retro_match: false });
      await stage.holds(STATE.held, 1);
      await stage.holds(STATE.following, 1);
      await stage.closeBus();
      await process.said(/Not subscribed at Threat Bus/);
      stage.grow("bad.example", "bad.example", "bad.example");
      await stage.holds(STATE.waiting, 3);
      process.kill("SIGTERM");
      assert.equal(await process.ended, 0);
      assert.match(process.log, /3 matches wait for threatbus until the next start/);
      assert.equal(stage.ask(STATE.waiting), 3);
    }),
);

Deno.test(
  "a second signal ends it at once",
  unix,
  () =>
    withHangingSink("1h", async (_, process) => {
      // Signals that come while one is pending count as one: they are sent until it has ended.
      await until(
        () => {
          process.kill("SIGTERM");
          return process.outcome !== undefined;
        },
        60_000,
        () => process.log,
      );
      assert.equal(process.outcome, 143);
    }),
);

Deno.test(
  "SIGHUP takes over sinks and allow-lists, opens files anew, and says so",
  unix,
  () =>
    withStage(async (stage) => {
      stage.publish(1, "bad.example");
      stage.publish(2, "spared.example");
      const process = stage.run({ retro_match: false });
      await process.said(SUBSCRIBED);
      stage.grow("other.example");
      await stage.holds(STATE.held, 2);
      await stage.holds(STATE.following, 1);
      stage.grow("bad.example", "spared.example");
      await stage.arrival(2);
      // The file is moved away (logrotate), a sink comes, a list spares a domain.
      Deno.renameSync(stage.hits, `${stage.hits}.1`);
      Deno.writeTextFileSync(`${stage.folder}/allow.txt`, "spared.example\n");
      const more = `${stage.folder}/more.json`;
      stage.configure({
        retro_match: false,
        sinks: [`file:${stage.hits}`, `file:${more}`],
        allow_lists: [`${stage.folder}/allow.txt`],
        snapshot: 7,
      });
      process.kill("SIGHUP");
      await process.said(/Configuration read again: .*new sinks file:.*more\.json/);
      await process.said(/need a restart: snapshot/);
      await process.said(/0 more indicators are looked for, 1 no longer/);
      stage.grow("bad.example", "spared.example", "bad.example");
      await stage.arrival(2);
      await stage.arrival(2, more);
      assert.deepEqual(stage.arrived(), [4, 6]);
      assert.deepEqual(stage.arrived(more), [4, 6]);
      // Back again: the sink goes, the domain is looked for again.
      stage.configure({ retro_match: false });
      process.kill("SIGHUP");
      await process.said(/sinks gone file:.*more\.json/);
      await process.said(/1 more indicators are looked for, 0 no longer/);
      stage.grow("spared.example");
      await stage.arrival(3);
      assert.deepEqual(stage.arrived(more), [4, 6]);
    }),
);

Deno.test(
  "SIGHUP with a wrong configuration leaves everything as it was",
  unix,
  () =>
    withStage(async (stage) => {
      stage.publish(1, "bad.example");
      const process = stage.run();
      await process.said(SUBSCRIBED);
      stage.configure({ sinks: [`file:${stage.folder}/nowhere/hits.json?mode=abc`], snapshto: 1 });
      process.kill("SIGHUP");
      await process.said(/configuration stays as it was: .*snapsho/);
      stage.grow("bad.example");
      await stage.arrival(1);
    }),
);

Deno.test(
  "a second run on the same state directory says so and exits 2",
  unix,
  () =>
    withStage(async (stage) => {
      const first = stage.run();
      await first.said(SUBSCRIBED);
      const second = stage.run();
      assert.equal(await second.ended, 2);
      assert.match(second.log, /Another bridge uses this state directory/);
      assert.equal(first.outcome, undefined);
      first.kill("SIGKILL");
      await first.ended;
      const third = stage.run();
      await third.said(SUBSCRIBED);
    }),
);

Deno.test(
  "the state directory is 0700 and all in it 0600, the embedded bus's store too",
  unix,
  () =>
    withStage(async (stage) => {
      stage.publish(1, "bad.example");
      const process = stage.run({ bus: "embedded", threatbus: "127.0.0.1:0" });
      await process.said(SUBSCRIBED);
      const folder = `${stage.folder}/state`;
      assert.equal(Deno.statSync(folder).mode! & 0o777, 0o700);
      const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
      assert(["bridge.db", "bus.db", "lock"].every((name) => names.includes(name)), names.join());
      for (const name of names) {
        assert.equal(Deno.statSync(`${folder}/${name}`).mode! & 0o777, 0o600, name);
      }
    }),
);
