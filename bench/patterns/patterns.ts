/**
 * What compound STIX patterns cost on logs: 10,000 of them against as many plain
 * IoCs, over the same events in the same run.
 *
 *     deno run -A bench/patterns/patterns.ts [EVENTS] [PATTERNS]
 *
 * Three sets: `points` are single values; `prefiltered` are patterns that all
 * hold a value (what feeds are made of: address and port, file and name, domain
 * and address, sequences); `mixed` has one in fifty without (ports and sizes, user
 * agents by LIKE and MATCHES), so that every event has to be looked at.
 */
import { open } from "../../src/engines/logs/mod.ts";
import { indicatorFromStix } from "../../src/intel/from_stix.ts";
import { createIndicatorSet } from "../../src/intel/indicator_set.ts";

const EVENTS = Number(Deno.args[0] ?? 1_000_000);
const PATTERNS = Number(Deno.args[1] ?? 10_000);

/** A small generator, so that every run has the same corpus. */
function random(seed: number): (below: number) => number {
  return (below) => {
    seed = (seed * 1664525 + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
}

const address = (n: number) => `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
const domain = (n: number) => `host-${n}.example`;
const hash = (n: number) => n.toString(16).padStart(32, "0");

/** Suricata EVE as a sensor writes it: flows, DNS, HTTP, TLS, files. */
function event(n: number, pick: (below: number) => number): string {
  const base = {
    timestamp: new Date(Date.UTC(2024, 0, 1) + n * 10).toISOString().replace("Z", "000+0000"),
    flow_id: n,
    src_ip: address(pick(1 << 16)),
    src_port: 1024 + pick(60_000),
    dest_ip: address((1 << 16) + pick(1 << 20)),
    dest_port: [80, 443, 53, 22, 8080][pick(5)],
    proto: "TCP",
  };
  const name = domain(pick(2_000_000));
  switch (pick(5)) {
    case 0:
      return JSON.stringify({
        ...base,
        event_type: "dns",
        dns: { type: "query", rrname: name, rrtype: "A" },
      });
    case 1: {
      const http = {
        hostname: name,
        url: `/p/${pick(1000)}`,
        http_user_agent: "Mozilla/5.0",
        http_method: "GET",
        status: 200,
      };
      return JSON.stringify({ ...base, event_type: "http", http });
    }
    case 2:
      return JSON.stringify({
        ...base,
        event_type: "tls",
        tls: { sni: name, ja3: { hash: hash(pick(1 << 30)) } },
      });
    case 3: {
      const fileinfo = {
        filename: `/f${pick(1000)}.exe`,
        md5: hash(pick(1 << 30)),
        size: pick(1 << 20),
      };
      return JSON.stringify({ ...base, event_type: "fileinfo", fileinfo });
    }
    default: {
      const flow = {
        bytes_toserver: pick(1 << 20),
        bytes_toclient: pick(1 << 20),
        pkts_toserver: 9,
        pkts_toclient: 9,
      };
      return JSON.stringify({ ...base, event_type: "flow", flow });
    }
  }
}

function point(n: number, pick: (below: number) => number): string {
  const kinds = [
    `[ipv4-addr:value = '${address((1 << 16) + pick(1 << 24))}']`,
    `[domain-name:value = '${domain(pick(200_000_000))}']`,
    `[file:hashes.MD5 = '${hash(pick(1 << 30))}']`,
  ];
  return kinds[n % kinds.length]!;
}

function prefiltered(n: number, pick: (below: number) => number): string {
  const ip = address((1 << 16) + pick(1 << 24));
  const name = domain(pick(200_000_000));
  const kinds = [
    `[network-traffic:dst_ref.value = '${ip}' AND network-traffic:dst_port = 443]`,
    `[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '${ip}' AND network-traffic:src_byte_count > 1000]`,
    `[domain-name:value = '${name}' AND domain-name:resolves_to_refs[*].value = '${ip}']`,
    `[file:hashes.MD5 = '${hash(pick(1 << 30))}' AND file:name LIKE '%.exe']`,
    `([domain-name:value = '${name}'] FOLLOWEDBY [ipv4-addr:value = '${ip}']) WITHIN 300 SECONDS`,
    `[ipv4-addr:value = '${ip}'] REPEATS 3 TIMES WITHIN 60 SECONDS`,
    `[network-traffic:dst_ref.value ISSUBSET '172.${16 + pick(16)}.${
      pick(256)
    }.0/24' AND network-traffic:dst_port IN (80, 443)]`,
    `[domain-name:value = '${name}'] AND [file:hashes.MD5 = '${hash(pick(1 << 30))}']`,
  ];
  return kinds[n % kinds.length]!;
}

function sweeping(n: number, pick: (below: number) => number): string {
  const kinds = [
    `[network-traffic:dst_port = ${1 + pick(60_000)} AND network-traffic:src_byte_count > ${
      pick(1 << 20)
    }]`,
    `[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'[*] LIKE '%bot-${n}%']`,
    `[url:value MATCHES '/gate-${n}\\\\.php\\\\?id=[0-9a-f]+$']`,
    `[file:name = 'dropper-${n}.exe' AND file:size < ${pick(1 << 20)}]`,
  ];
  return kinds[n % kinds.length]!;
}

function setOf(pattern: (n: number, pick: (below: number) => number) => string) {
  const pick = random(7);
  const set = createIndicatorSet();
  for (let n = 0; n < PATTERNS; n++) {
    const id = `indicator--00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
    const reading = indicatorFromStix({
      type: "indicator",
      id,
      pattern: pattern(n, pick),
      pattern_type: "stix",
    });
    if (reading.type !== "indicator") throw new Error(reading.reason);
    set.put(reading.indicator);
  }
  return set;
}

const SETS = {
  points: point,
  prefiltered,
  mixed: (n: number, pick: (below: number) => number) =>
    n % 50 === 0 ? sweeping(n / 50, pick) : prefiltered(n, pick),
};

const folder = await Deno.makeTempDir();
try {
  const path = `${folder}/eve.json`;
  const pick = random(1);
  const file = await Deno.open(path, { write: true, create: true });
  for (let n = 0; n < EVENTS; n += 10_000) {
    const lines = Array.from(
      { length: Math.min(10_000, EVENTS - n) },
      (_, k) => event(n + k, pick) + "\n",
    );
    await file.write(new TextEncoder().encode(lines.join("")));
  }
  file.close();
  const megabytes = (await Deno.stat(path)).size / 1e6;
  console.log(`${EVENTS} events (${megabytes.toFixed(0)} MB), ${PATTERNS} indicators`);
  let baseline = 0;
  for (const [name, pattern] of Object.entries(SETS)) {
    const loading = performance.now();
    const indicators = setOf(pattern);
    const loaded = performance.now() - loading;
    const engine = await open({ paths: [path] });
    const start = performance.now();
    let matches = 0;
    for await (
      const batch of engine.retro({ indicators, maxEvents: 0 }, {}, new AbortController().signal)
    ) {
      matches += batch.length;
    }
    const seconds = (performance.now() - start) / 1000;
    baseline ||= seconds;
    await engine.close();
    console.log(
      `${name.padEnd(12)} ${seconds.toFixed(2).padStart(7)} s  ${
        (EVENTS / seconds / 1000).toFixed(0).padStart(5)
      } k events/s  ` +
        `${(seconds / baseline).toFixed(2)} x points  ${matches} matches  (loaded in ${
          loaded.toFixed(0)
        } ms)`,
    );
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
