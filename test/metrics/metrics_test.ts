import assert from "node:assert/strict";
import { serveMetrics } from "../../src/metrics/health.ts";
import { influxLine, writeInfluxFile } from "../../src/metrics/influx.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { ConfigError } from "../../src/errors.ts";

Deno.test("influxLine() has the ancestor's names and order", () => {
  const metrics = createMetrics();
  metrics.indicatorAdded();
  metrics.indicatorAdded();
  metrics.indicatorRemoved();
  metrics.retroQuery(0.25, 1, [1]);
  metrics.retroQuery(0.75, 1, [2]);
  assert.equal(
    influxLine(metrics, "host 1", 17n),
    "vast-threatbus,host=host\\ 1 added_iocs=2,removed_iocs=1,retro_query_time_per_ioc_min=0.25," +
      "retro_query_time_per_ioc_max=0.75,retro_query_time_per_ioc_avg=0.5," +
      "retro_matches_per_ioc_min=1,retro_matches_per_ioc_max=2,retro_matches_per_ioc_avg=1.5 17",
  );
});

Deno.test("influxLine() starts each interval anew and says nothing when nothing happened", () => {
  const metrics = createMetrics();
  metrics.sighting("LIVE");
  assert.match(influxLine(metrics, "h", 1n)!, /live_matcher_sightings=1/);
  assert.equal(influxLine(metrics, "h", 2n), undefined);
});

Deno.test("writeInfluxFile() writes the last interval when it is stopped", async () => {
  const path = await Deno.makeTempFile();
  const metrics = createMetrics();
  const stop = new AbortController();
  const writing = writeInfluxFile(metrics, path, 3_600_000, stop.signal);
  metrics.indicatorAdded(3);
  stop.abort();
  await writing;
  assert.match(await Deno.readTextFile(path), /^vast-threatbus,host=\S+ added_iocs=3 \d{19}\n$/);
  await Deno.remove(path);
});

Deno.test("writeInfluxFile() writes what was counted while it wrote, and was stopped", async () => {
  const path = await Deno.makeTempFile();
  const metrics = createMetrics();
  const stop = new AbortController();
  metrics.indicatorAdded(1);
  const takeInterval = () => {
    const taken = metrics.takeInterval();
    if (!stop.signal.aborted) metrics.indicatorAdded(3);
    stop.abort();
    return taken;
  };
  await writeInfluxFile({ ...metrics, takeInterval }, path, 1, stop.signal);
  assert.deepEqual((await Deno.readTextFile(path)).match(/added_iocs=\d/g), [
    "added_iocs=1",
    "added_iocs=3",
  ]);
  await Deno.remove(path);
});

Deno.test("serveMetrics() serves metrics, health and readiness", async () => {
  const metrics = createMetrics();
  metrics.sighting("RETRO");
  metrics.refused("not STIX 2.1");
  let ok = false;
  const server = serveMetrics("127.0.0.1:0", metrics, () => ({ bus: { ok, state: "subscribed" } }));
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
    return { status: response.status, text: await response.text() };
  };
  try {
    const exposition = await get("/metrics");
    assert.match(exposition.text, /^bridge_sightings_total\{match="RETRO"\} 1$/m);
    assert.match(exposition.text, /^bridge_refused_total\{reason="not STIX 2\.1"\} 1$/m);
    assert.equal((await get("/healthz")).status, 200);
    assert.deepEqual(await get("/readyz"), { status: 503, text: "not bus: subscribed\n" });
    ok = true;
    assert.equal((await get("/readyz")).status, 200);
    assert.equal((await get("/else")).status, 404);
  } finally {
    await server.close();
  }
});

Deno.test("serveMetrics() refuses what is no address", () => {
  assert.throws(() => serveMetrics("nowhere", createMetrics(), () => ({})), ConfigError);
});
