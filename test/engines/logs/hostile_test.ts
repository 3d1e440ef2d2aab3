import assert from "node:assert/strict";
import type { JsonObject } from "../../../src/json.ts";
import { HOSTILE } from "../../sinks/deliveries.ts";
import { eventText, hunt, iocs, withFolder } from "./hunting.ts";

/** Lone surrogates have no UTF-8. */
const wellFormed = HOSTILE.map((value) => value.toWellFormed());

Deno.test("retro() finds hostile values exactly and reports their events byte for byte", () =>
  withFolder(async (folder) => {
    const urls = wellFormed.map((value) => `http://evil.example/${encodeURIComponent(value)}`);
    const event = (value: string, n: number): JsonObject => ({
      timestamp: "2024-05-14T10:00:00.000000+0200",
      flow_id: n,
      event_type: "http",
      src_ip: "10.0.0.1",
      http: { url: urls[n]!, http_user_agent: value },
    });
    const lines = HOSTILE.map((value, n) => JSON.stringify(event(value, n)));
    const invalid =
      '{"event_type":"http","http":{"url":"http://evil.example/raw","bad":"\xff\xfe"}}';
    const bytes = Uint8Array.from(invalid, (letter) => letter.charCodeAt(0));
    const path = `${folder}/eve.json`;
    await Deno.writeTextFile(path, lines.join("\n") + "\n");
    await Deno.writeFile(path, bytes, { append: true });
    const set = iocs([...urls, "http://evil.example/raw"].map((url) => `url:${url}`));
    const { matches, troubles } = await hunt([path], set);
    assert.deepEqual(matches.slice(0, -1).map(eventText), lines);
    assert.deepEqual(
      matches.map(({ indicator }) => indicator.id).slice(0, -1),
      urls.map((url) => `url:${url}`),
    );
    assert.deepEqual([...matches.at(-1)!.event.bytes], [...bytes]);
    assert.deepEqual(troubles.map(({ what }) => what), ["lines are not valid UTF-8"]);
  }));
