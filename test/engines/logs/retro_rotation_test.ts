import assert from "node:assert/strict";
import { open } from "../../../src/engines/logs/mod.ts";
import { iocs, withFolder } from "./hunting.ts";

Deno.test("retro() finds what is in a log that is rotated between its being found and opened", () =>
  withFolder(async (folder) => {
    const log = `${folder}/eve.json`;
    const line = (id: number) =>
      `{"timestamp":"2024-05-14T10:00:0${id}.000000+0000","flow_id":${id},"event_type":"dns",` +
      `"dns":{"type":"query","rrname":"example.com"}}\n`;
    Deno.writeTextFileSync(log, line(1));
    // An empty file makes a trouble, which is told just before files are opened.
    Deno.writeTextFileSync(`${folder}/empty.json`, "");
    const positions = { load: () => Promise.resolve(undefined), save: () => Promise.resolve() };
    const engine = await open({ paths: [folder], positions });
    let rotated = false;
    const hooks = {
      trouble() {
        if (rotated) return;
        rotated = true;
        Deno.renameSync(log, `${log}.1`);
        Deno.writeTextFileSync(log, line(2));
      },
    };
    const found = new Set<unknown>();
    const query = { indicators: iocs(["domain:example.com"]), maxEvents: 0 };
    for await (const batch of engine.retro(query, hooks, new AbortController().signal)) {
      for (const match of batch) found.add(match.event.value["flow_id"]);
    }
    await engine.close();
    assert(rotated);
    assert.deepEqual(found, new Set([1, 2]));
  }));
