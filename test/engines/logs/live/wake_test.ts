import assert from "node:assert/strict";
import { createWake } from "../../../../src/engines/logs/live/wake.ts";
import { withFolder } from "../hunting.ts";

Deno.test("wait() ends at a change, and our own files are none", () =>
  withFolder(async (folder) => {
    const log = `${folder}/eve.json`;
    await Deno.writeTextFile(log, "");
    const isOwn = (path: string) => path.endsWith("/bridge.db");
    const wake = createWake(
      [{ path: folder, recursive: true }],
      isOwn,
      new AbortController().signal,
    );
    // Changes come in their order: that of the log is the first that counts.
    await Deno.writeTextFile(`${folder}/bridge.db`, "new");
    await Deno.writeTextFile(log, "{}\n", { append: true });
    await wake.wait(60_000);
    assert.equal(wake.takeStructureChanged(), false);
    await Deno.writeTextFile(`${folder}/other.json`, "");
    while (!wake.takeStructureChanged()) await wake.wait(60_000);
    wake.close();
  }));

Deno.test("wait() lets the time pass where nothing can be watched", async () => {
  const wake = createWake(
    [{ path: "/proc/no-such-folder", recursive: true }],
    () => false,
    new AbortController().signal,
  );
  await wake.wait(1);
  assert.equal(wake.takeStructureChanged(), false);
  const long = wake.wait(60_000);
  wake.ring();
  await long;
  wake.close();
});
