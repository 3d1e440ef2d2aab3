import assert from "node:assert/strict";
import { createSets } from "../../src/cli/indicator_sets.ts";
import { loadConfig } from "../../src/config/load.ts";
import { indicatorFromStix } from "../../src/intel/from_stix.ts";
import { stix } from "../pipeline/run/indicators.ts";

Deno.test("createSets() keeps values on allow-lists out of the sets of retro hunts too", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [list, file] = [`${folder}/allow.txt`, `${folder}/config.yaml`];
    await Deno.writeTextFile(list, "good.example\n");
    await Deno.writeTextFile(file, `allow_lists: [${JSON.stringify(list)}]\n`);
    const { values } = await loadConfig({ file, env: () => undefined });
    const { createSet, indicators } = await createSets(values);
    const pattern = "[domain-name:value IN ('good.example', 'evil.example')]";
    const reading = indicatorFromStix(stix(1, "", 1, { pattern }));
    assert.equal(reading.type, "indicator");
    if (reading.type !== "indicator") return;
    for (const set of [indicators, createSet(2)]) {
      set.put(reading.indicator);
      const found = (name: string) => set.iocs.hits({ event_type: "dns", dns: { rrname: name } });
      assert.deepEqual([found("good.example").length, found("evil.example").length], [0, 1]);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
