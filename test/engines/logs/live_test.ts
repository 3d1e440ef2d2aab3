import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import type { Match } from "../../../src/engines/engine.ts";
import type { Position } from "../../../src/engines/logs/live/positions.ts";
import { type LogsOptions, open } from "../../../src/engines/logs/mod.ts";
import type { IndicatorSet } from "../../../src/intel/indicator.ts";
import { eventText, ioc, iocs, withFolder } from "./hunting.ts";

/** An EVE line that names `example.com`; the number makes it unlike others. */
function hit(number: number): string {
  const at = `2024-05-14T10:00:${String(number % 60).padStart(2, "0")}.000000+0200`;
  const event = {
    timestamp: at,
    flow_id: number,
    event_type: "dns",
    src_ip: "10.0.0.1",
    dns: { type: "query", rrname: "example.com", note: "x".repeat(200) },
  };
  return JSON.stringify(event) + "\n";
}

const numberOf = (match: Match) => match.event.value["flow_id"] ?? match.event.value["id"];

/** Keeps positions as a store on disk would; `nextSave` resolves when a round of reading is over. */
function memoryStore() {
  let saved: readonly Position[] | undefined;
  let next = Promise.withResolvers<void>();
  return {
    load: () => Promise.resolve(saved),
    save(positions: readonly Position[]) {
      // What can't be stored can't be loaded.
      saved = JSON.parse(JSON.stringify(positions));
      next.resolve();
      next = Promise.withResolvers();
      return Promise.resolve();
    },
    get saved() {
      return saved;
    },
    get nextSave() {
      return next.promise;
    },
  };
}

type FollowOptions = Omit<LogsOptions, "paths" | "positions"> & {
  positions?: ReturnType<typeof memoryStore>;
};

/** A running follower whose matches are taken one after another. */
async function follow(
  path: string,
  options: FollowOptions = {},
  indicators: IndicatorSet = iocs(["domain:example.com"]),
) {
  const engine = await open({ paths: [path], ...options });
  const stop = new AbortController();
  const batches = engine.live(indicators, stop.signal)[Symbol.asyncIterator]();
  let waiting: Match[] = [];
  return {
    indicators,
    /** Takes the next matches; the first call begins to follow. */
    async take(count: number): Promise<Match[]> {
      while (waiting.length < count) {
        const { value, done } = await batches.next();
        if (done) break;
        waiting.push(...value);
      }
      const taken = waiting.slice(0, count);
      waiting = waiting.slice(count);
      return taken;
    },
    /**
     * Stops, after a whole round if positions are kept; what was taken last counts
     * as safe. Gives what came besides.
     */
    async stop(): Promise<Match[]> {
      const roundOver = options.positions?.nextSave;
      const pending = batches.next();
      await Promise.race([pending, roundOver]);
      stop.abort();
      const { value, done } = await pending;
      await batches.return?.();
      return done ? waiting : [...waiting, ...value];
    },
    /** Dies: what was taken last is not safe. */
    async die() {
      stop.abort();
      await batches.return?.();
    },
  };
}

const append = (path: string, text: string) => Deno.writeTextFile(path, text, { append: true });

/** Follows from a file that has one hit at its end already taken, so that the start is certain. */
async function started(path: string, options: FollowOptions = {}, set?: IndicatorSet) {
  const follower = await follow(path, { ...options, fromStart: true }, set);
  await follower.take(1);
  return follower;
}

Deno.test("live() matches lines as they are completed", () =>
  withFolder(async (folder) => {
    const path = `${folder}/eve.json`;
    await append(path, hit(1));
    const follower = await started(path);
    const line = hit(2);
    await append(path, line.slice(0, 40));
    await append(path, line.slice(40) + hit(3));
    const matches = await follower.take(2);
    assert.deepEqual(matches.map(eventText), [hit(2).trimEnd(), hit(3).trimEnd()]);
    assert.deepEqual(matches.map(({ where, type }) => [type, where.source, where.line]), [
      ["LIVE", path, 2],
      ["LIVE", path, 3],
    ]);
    assert.deepEqual(await follower.stop(), []);
  }));

Deno.test("live() begins at the end of what is there", () =>
  withFolder(async (folder) => {
    await append(`${folder}/eve.json`, hit(1));
    await Deno.writeFile(`${folder}/eve.json.1.gz`, gzipSync(hit(0)));
    const store = memoryStore();
    const first = await follow(folder, { positions: store });
    await first.stop();
    assert.equal(store.saved?.length, 2);
    await append(`${folder}/eve.json`, hit(2));
    const second = await follow(folder, { positions: store });
    assert.deepEqual((await second.take(1)).map(numberOf), [2]);
    assert.deepEqual(await second.stop(), []);
  }));

Deno.test("live() goes on through rotation by renaming, and reads the old file to its end", () =>
  withFolder(async (folder) => {
    const path = `${folder}/eve.json`;
    await append(path, hit(1));
    const follower = await started(path);
    await Deno.rename(path, `${path}.1`);
    await append(`${path}.1`, hit(2));
    await append(path, hit(3));
    const matches = await follower.take(2);
    assert.deepEqual(matches.map(numberOf).sort(), [2, 3]);
    await append(path, hit(4));
    assert.deepEqual((await follower.take(1)).map(numberOf), [4]);
    assert.deepEqual(await follower.stop(), []);
  }));

Deno.test("live() goes on through rotation by copying and truncating", () =>
  withFolder(async (folder) => {
    const path = `${folder}/eve.json`;
    await append(path, hit(1));
    const follower = await started(path);
    await append(path, hit(2));
    await Deno.copyFile(path, `${path}.1`);
    await Deno.truncate(path, 0);
    await append(path, hit(3));
    assert.deepEqual((await follower.take(2)).map(numberOf), [2, 3]);
    assert.deepEqual(await follower.stop(), []);
  }));

Deno.test("live() takes up new files in a folder from their start", () =>
  withFolder(async (folder) => {
    await append(`${folder}/eve.json`, hit(1));
    const follower = await started(folder);
    await Deno.mkdir(`${folder}/2024-05-14`);
    await append(`${folder}/2024-05-14/eve-dns.json`, hit(2));
    await append(`${folder}/notes.txt`, "example.com\n");
    assert.deepEqual((await follower.take(1)).map(numberOf), [2]);
    assert.deepEqual(await follower.stop(), []);
  }));

Deno.test("live() closes the gap after a restart, whatever rotation did meanwhile", () =>
  withFolder(async (folder) => {
    const path = `${folder}/eve.json`;
    const rotations: Record<string, () => Promise<void>> = {
      async none() {},
      async rename() {
        await Deno.rename(path, `${path}.1`);
        await append(`${path}.1`, hit(3));
        await append(path, hit(4));
      },
      async packed() {
        await append(path, hit(3));
        await Deno.writeFile(`${path}.1.gz`, gzipSync(await Deno.readFile(path)));
        await Deno.remove(path);
        await append(path, hit(4));
      },
      async copyTruncated() {
        await append(path, hit(3));
        await Deno.copyFile(path, `${path}.1`);
        await Deno.truncate(path, 0);
        await append(path, hit(4));
      },
    };
    for (const root of [path, folder]) {
      for (const [name, rotate] of Object.entries(rotations)) {
        for await (const { name } of Deno.readDir(folder)) await Deno.remove(`${folder}/${name}`);
        await append(path, hit(0) + hit(1));
        const store = memoryStore();
        const first = await started(root, { positions: store });
        await first.stop();
        await append(path, hit(2));
        await rotate();
        const expected = name === "none" ? [2] : [2, 3, 4];
        const second = await follow(root, { positions: store });
        const matches = await second.take(expected.length);
        assert.deepEqual(matches.map(numberOf).sort(), expected, `${name} under ${root}`);
        assert.deepEqual((await second.stop()).map(numberOf), [], `${name} under ${root}`);
        // And nothing is seen a second time.
        const third = await follow(root, { positions: store });
        assert.deepEqual((await third.stop()).map(numberOf), [], `${name} under ${root}`);
      }
    }
  }));

Deno.test("live() reads a log from its start that has the inode of one that is gone", () =>
  withFolder(async (folder) => {
    const path = `${folder}/eve.json`;
    await append(path, hit(1) + hit(2));
    const store = memoryStore();
    const first = await started(path, { positions: store });
    await first.take(1);
    await first.stop();
    await Deno.writeTextFile(path, hit(3) + hit(4) + hit(5));
    // Whatever the file system did: the position is that of this inode.
    const { dev, ino } = await Deno.stat(path);
    await store.save(store.saved!.map((one) => ({ ...one, identity: `${dev}:${ino}` })));
    const second = await follow(path, { positions: store });
    assert.deepEqual((await second.take(3)).map(numberOf), [3, 4, 5]);
    assert.deepEqual(await second.stop(), []);
  }));

Deno.test("live() matches again what was not taken for sure", () =>
  withFolder(async (folder) => {
    const path = `${folder}/eve.json`;
    await append(path, hit(1));
    const store = memoryStore();
    const first = await started(path, { positions: store });
    await append(path, hit(2));
    await first.take(1);
    await first.die();
    const second = await follow(path, { positions: store });
    assert.deepEqual((await second.take(1)).map(numberOf), [2]);
    assert.deepEqual(await second.stop(), []);
  }));

Deno.test("live() knows the header of a Zeek log that it takes up in the middle", () =>
  withFolder(async (folder) => {
    const path = `${folder}/dns.log`;
    await append(
      path,
      "#separator \\x09\n#path\tdns\n#fields\tts\tid\tquery\n#types\ttime\tcount\tstring\n",
    );
    await append(path, "1715680000.5\t1\texample.com\n");
    const store = memoryStore();
    const first = await started(path, { positions: store });
    await first.stop();
    await append(path, "1715680001.5\t2\texample.com\n");
    const second = await follow(path, { positions: store });
    const [match] = await second.take(1);
    assert.equal(
      eventText(match!),
      '{"_path":"dns","ts":1715680001.5,"id":2,"query":"example.com"}',
    );
    assert.equal(match!.where.line, 6);
    await second.stop();
  }));

Deno.test("live() counts indicators that come while it follows", () =>
  withFolder(async (folder) => {
    const path = `${folder}/eve.json`;
    await append(path, hit(1));
    const follower = await started(path);
    follower.indicators.put(ioc("ipv4:10.0.0.1"));
    await append(path, hit(2));
    const matches = await follower.take(2);
    assert.deepEqual(matches.map(({ indicator }) => indicator.id).sort(), [
      "domain:example.com",
      "ipv4:10.0.0.1",
    ]);
    await follower.stop();
  }));

/** A pace at which each round looks at everything. */
const SOON = { poll: 1, lookAgain: 0, save: 0, idle: 60_000 };

Deno.test("live() follows no pipe, and does not wait for its writer", () =>
  withFolder(async (folder) => {
    await new Deno.Command("mkfifo", { args: [`${folder}/pipe`] }).output();
    const engine = await open({ paths: [`${folder}/pipe`] });
    const batches = engine.live(iocs(["domain:example.com"]), new AbortController().signal);
    await assert.rejects(batches[Symbol.asyncIterator]().next(), /A pipe can't be followed/);
    await assert.rejects(open({ paths: [`${folder}/pipe`], live: true }), /can't be followed/);
    await assert.rejects(open({ paths: ["-"], live: true }), /can't be followed/);
    await engine.close();
  }));

Deno.test("live() passes over files that the program itself writes", () =>
  withFolder(async (folder) => {
    const store = memoryStore();
    const isOwn = (path: string) => path.endsWith("/bridge.db");
    await append(`${folder}/bridge.db`, hit(1));
    await append(`${folder}/eve.json`, hit(2));
    const follower = await follow(folder, {
      fromStart: true,
      positions: store,
      isOwn,
      pace: SOON,
    });
    assert.deepEqual((await follower.take(1)).map(numberOf), [2]);
    await append(`${folder}/bridge.db`, hit(3));
    await append(`${folder}/eve.json`, hit(4));
    assert.deepEqual((await follower.take(1)).map(numberOf), [4]);
    assert.deepEqual(await follower.stop(), []);
    assert.deepEqual(store.saved?.map(({ path }) => path), [`${folder}/eve.json`]);
  }));

Deno.test("live() reads a file from its start that was written anew and shorter", () =>
  withFolder(async (folder) => {
    const path = `${folder}/eve.json`;
    await append(path, hit(1) + hit(2) + hit(3));
    const follower = await started(path, { pace: SOON });
    await follower.take(2);
    // The same inode.
    const { ino } = await Deno.stat(path);
    await Deno.writeTextFile(path, hit(4) + hit(5));
    assert.equal((await Deno.stat(path)).ino, ino);
    assert.deepEqual((await follower.take(2)).map(numberOf), [4, 5]);
    assert.deepEqual(await follower.stop(), []);
  }));

Deno.test("live() goes on in a folder that is removed and made again", () =>
  withFolder(async (outer) => {
    const folder = `${outer}/logs`;
    await Deno.mkdir(folder);
    await append(`${folder}/eve.json`, hit(1));
    const follower = await started(folder, { pace: SOON });
    await Deno.remove(folder, { recursive: true });
    await Deno.mkdir(folder);
    await append(`${folder}/eve.json`, hit(2));
    assert.deepEqual((await follower.take(1)).map(numberOf), [2]);
    await append(`${folder}/eve.json`, hit(3));
    assert.deepEqual((await follower.take(1)).map(numberOf), [3]);
    assert.deepEqual(await follower.stop(), []);
  }));

Deno.test("live() follows a link to where it leads, also when it leads elsewhere then", () =>
  withFolder(async (folder) => {
    const link = `${folder}/current.json`;
    await append(`${folder}/monday`, hit(1));
    await append(`${folder}/tuesday`, hit(2));
    await Deno.symlink(`${folder}/monday`, link);
    const follower = await started(link, { pace: SOON });
    await append(`${folder}/monday`, hit(3));
    assert.deepEqual((await follower.take(1)).map(numberOf), [3]);
    await append(`${folder}/monday`, hit(4));
    await Deno.symlink(`${folder}/tuesday`, `${folder}/next`);
    await Deno.rename(`${folder}/next`, link);
    const matches = await follower.take(2);
    assert.deepEqual(matches.map(numberOf).sort(), [2, 4]);
    await append(`${folder}/tuesday`, hit(5));
    assert.deepEqual((await follower.take(1)).map(numberOf), [5]);
    assert.deepEqual(await follower.stop(), []);
  }));

Deno.test("live() reads files with old content that came while it was stopped, once", () =>
  withFolder(async (folder) => {
    await append(`${folder}/eve.json`, hit(1));
    const store = memoryStore();
    const first = await started(folder, { positions: store });
    await first.stop();
    const old = new Date("2020-01-01");
    await append(`${folder}/moved-in.json`, hit(2) + hit(3));
    await Deno.utime(`${folder}/moved-in.json`, old, old);
    await Deno.writeFile(`${folder}/packed.json.gz`, gzipSync(hit(4)));
    // What was read already, under another name.
    await Deno.copyFile(`${folder}/eve.json`, `${folder}/copy.json`);
    const second = await follow(folder, { positions: store });
    assert.deepEqual((await second.take(3)).map(numberOf).sort(), [2, 3, 4]);
    assert.deepEqual(await second.stop(), []);
  }));
