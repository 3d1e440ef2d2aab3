import assert from "node:assert/strict";
import { join } from "node:path";
import { createSystemdNotifier } from "../../src/metrics/systemd.ts";

Deno.test("createSystemdNotifier() calls systemd-notify, and does nothing without systemd", async () => {
  const folder = await Deno.makeTempDir();
  const path = Deno.env.get("PATH")!;
  try {
    const log = join(folder, "calls");
    const tool = join(folder, "systemd-notify");
    await Deno.writeTextFile(tool, `#!/bin/sh\necho "$@" >> ${log}\n`, { mode: 0o755 });
    Deno.env.set("PATH", `${folder}:${path}`);
    const stop = new AbortController();
    await createSystemdNotifier(() => undefined, () => true, stop.signal).ready("unseen");
    const env = (name: string) => name === "NOTIFY_SOCKET" ? "/run/x" : undefined;
    const notifier = createSystemdNotifier(env, () => true, stop.signal);
    await notifier.ready("3 indicators");
    await notifier.stopping();
    stop.abort();
    assert.deepEqual((await Deno.readTextFile(log)).trim().split("\n"), [
      `--pid=${Deno.pid} --ready --status=3 indicators`,
      `--pid=${Deno.pid} STOPPING=1`,
    ]);
  } finally {
    Deno.env.set("PATH", path);
    await Deno.remove(folder, { recursive: true });
  }
});
