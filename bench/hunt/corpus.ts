/**
 * Makes the logs and IoC lists that the hunt benchmark runs on: deterministic
 * (one seed, one result), with the mix of events and spellings that sensors
 * write. Nothing in them is anyone's traffic.
 */

/** What a log file holds. */
export type CorpusKind = "eve" | "zeek-json" | "zeek-tsv";

/** A source of pseudo-random numbers (xorshift32), the same on every machine. */
export interface Dice {
  /** A whole number below `bound`. */
  below(bound: number): number;
  /** `length` hex digits. */
  hex(length: number): string;
}

export function dice(seed: number): Dice {
  let state = (seed * 2654435761 + 0x9e3779b9) >>> 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const hex = (length: number): string => {
    let text = "";
    while (text.length < length) text += next().toString(16).padStart(8, "0");
    return text.slice(0, length);
  };
  return { below: (bound) => next() % bound, hex };
}

const WORDS = (
  "alpha bravo cloud delta edge frost green harbor iris jade kilo lumen metro north orbit pixel " +
  "quartz river solar tango union vector winter xenon yield zephyr mail cdn api static img update " +
  "login portal assets media shop news blog data sync auth push stats track"
).split(" ");
const TLDS = ["com", "com", "com", "net", "org", "de", "io", "co.uk", "info", "ru"];
const AGENTS = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
  "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
  "curl/8.5.0",
  "Microsoft-CryptoAPI/10.0",
];
const SIGNATURES = [
  "ET POLICY Outbound request to a free hosting provider",
  'ET INFO "quoted" user agent\\/library seen',
  "SURICATA STREAM excessive retransmissions",
];

const pick = <T>(d: Dice, list: readonly T[]): T => list[d.below(list.length)]!;

const domain = (d: Dice): string =>
  `${pick(d, WORDS)}${d.below(400)}.${pick(d, WORDS)}${pick(d, WORDS)}${d.below(90)}.${
    pick(d, TLDS)
  }`;

const ipv4 = (d: Dice): string =>
  d.below(2) === 0
    ? `10.${d.below(4)}.${d.below(64)}.${d.below(254) + 1}`
    : `${d.below(200) + 11}.${d.below(256)}.${d.below(256)}.${d.below(254) + 1}`;

/** IPv6 as Suricata writes it: eight groups of four digits. */
const ipv6Long = (d: Dice): string =>
  `2001:0db8:${d.hex(4)}:0000:0000:0000:${d.hex(4)}:${d.hex(4)}`;

const ipv6Short = (d: Dice): string => {
  const group = () => (d.below(0xffff) + 1).toString(16);
  return `2001:db8:${group()}::${group()}:${group()}`;
};

const path = (d: Dice, slash: string): string =>
  `${slash}${pick(d, WORDS)}${slash}${pick(d, WORDS)}${d.below(5000)}.${
    pick(d, ["html", "js", "png", "php"])
  }` +
  (d.below(3) === 0 ? `?id=${d.hex(8)}&q=${pick(d, WORDS)}` : "");

const pad = (value: number, width: number): string => String(value).padStart(width, "0");

interface Clock {
  second: number;
}

const stamp = (clock: Clock, d: Dice): string => {
  const second = Math.floor(clock.second);
  return `2026-03-${pad(1 + (Math.floor(second / 86400) % 28), 2)}T${
    pad(Math.floor(second / 3600) % 24, 2)
  }:` +
    `${pad(Math.floor(second / 60) % 60, 2)}:${pad(second % 60, 2)}.${pad(d.below(1e6), 6)}`;
};

function eveLine(d: Dice, clock: Clock): string {
  const six = d.below(10) === 0;
  const addr = six ? ipv6Long : ipv4;
  const time = stamp(clock, d);
  const flowId = 1e14 + d.below(2 ** 31) * 1000;
  const kind = d.below(100);
  // One sensor in five escapes slashes, as older ones do.
  const slash = d.below(5) === 0 ? "\\/" : "/";
  const head = (type: string, port: number, proto: string) =>
    `{"timestamp":"${time}+0000","flow_id":${flowId},"in_iface":"eth1","event_type":"${type}",` +
    `"src_ip":"${addr(d)}","src_port":${1024 + d.below(60000)},"dest_ip":"${addr(d)}",` +
    `"dest_port":${port},"proto":"${proto}"`;
  const http = () =>
    `"http":{"hostname":"${domain(d)}","url":"${path(d, slash)}","http_user_agent":"${
      pick(d, AGENTS).replaceAll("/", slash)
    }","http_content_type":"text${slash}html","http_method":"GET","protocol":"HTTP${slash}1.1",` +
    `"status":200,"length":${d.below(90000)}}`;
  if (kind < 30) {
    const name = domain(d);
    const query = `${head("dns", 53, "UDP")},"dns":{"type":"`;
    if (d.below(2) === 0) {
      return `${query}query","id":${d.below(65536)},"rrname":"${name}","rrtype":"A","tx_id":0}}`;
    }
    return `${query}answer","id":${d.below(65536)},"flags":"8180","qr":true,"rd":true,"ra":true,` +
      `"rrname":"${name}","rrtype":"A","rcode":"NOERROR","answers":[{"rrname":"${name}","rrtype":"CNAME",` +
      `"ttl":${d.below(3600)},"rdata":"${
        domain(d)
      }"},{"rrname":"${name}","rrtype":"A","ttl":60,"rdata":"${ipv4(d)}"}],"grouped":{"A":["${
        ipv4(d)
      }"]}}}`;
  }
  if (kind < 60) {
    return `${head("flow", 443, "TCP")},"app_proto":"tls","flow":{"pkts_toserver":${
      d.below(900)
    },` +
      `"pkts_toclient":${d.below(900)},"bytes_toserver":${d.below(1e6)},"bytes_toclient":${
        d.below(1e6)
      },` +
      `"start":"${time}+0000","end":"${time}+0000","age":${d.below(60)},"state":"closed",` +
      `"reason":"timeout","alerted":false},"tcp":{"tcp_flags":"1b","tcp_flags_ts":"1b",` +
      `"tcp_flags_tc":"1b","syn":true,"fin":true,"psh":true,"ack":true,"state":"closed"}}`;
  }
  if (kind < 75) return `${head("http", 80, "TCP")},"tx_id":0,${http()}}`;
  if (kind < 88) {
    const name = domain(d);
    return `${
      head("tls", 443, "TCP")
    },"tls":{"subject":"CN=${name}","issuerdn":"C=US, O=Example Trust, CN=R3",` +
      `"serial":"${d.hex(20).toUpperCase().replace(/(..)(?=.)/g, "$1:")}","fingerprint":"${
        d.hex(40).replace(/(..)(?=.)/g, "$1:")
      }","sni":"${name}","version":"TLS 1.3","notbefore":"2026-01-01T00:00:00",` +
      `"notafter":"2026-12-31T23:59:59","ja3":{"hash":"${
        d.hex(32)
      }","string":"771,4865-4866-4867-49195,0-23-65281,29-23-24,0"},` +
      `"ja3s":{"hash":"${d.hex(32)}","string":"771,4865,43-51"}}}`;
  }
  if (kind < 95) {
    return `${head("fileinfo", 80, "TCP")},${http()},"app_proto":"http","fileinfo":{"filename":"${
      path(d, slash)
    }","gaps":false,"state":"CLOSED","md5":"${d.hex(32)}","sha1":"${d.hex(40)}","sha256":"${
      d.hex(64)
    }",` +
      `"stored":false,"size":${d.below(1e6)},"tx_id":0}}`;
  }
  return `${head("alert", 80, "TCP")},"alert":{"action":"allowed","gid":1,"signature_id":${
    2e6 + d.below(1e5)
  },` +
    `"rev":4,"signature":"${
      pick(d, SIGNATURES).replaceAll('"', '\\"')
    }","category":"Potentially Bad Traffic",` +
    `"severity":2},${http()},"app_proto":"http","flow":{"pkts_toserver":4,"pkts_toclient":3,"start":"${time}+0000"}}`;
}

const UNIX_BASE = 1772323200;

function zeekJsonLine(d: Dice, clock: Clock): string {
  const six = d.below(10) === 0;
  const addr = six ? ipv6Short : ipv4;
  const head = (kind: string, port: number) =>
    `{"_path":"${kind}","ts":${UNIX_BASE + Math.floor(clock.second)}.${
      pad(d.below(1e6), 6)
    },"uid":"C${d.hex(16)}","id.orig_h":"${addr(d)}","id.orig_p":${
      1024 + d.below(60000)
    },"id.resp_h":"${addr(d)}","id.resp_p":${port}`;
  const kind = d.below(100);
  if (kind < 50) {
    return `${head("conn", 443)},"proto":"tcp","service":"ssl","duration":${d.below(100)}.${
      d.below(1e6)
    },` +
      `"orig_bytes":${d.below(1e5)},"resp_bytes":${
        d.below(1e6)
      },"conn_state":"SF","local_orig":true,` +
      `"local_resp":false,"missed_bytes":0,"history":"ShADadFf","orig_pkts":${d.below(99)},` +
      `"orig_ip_bytes":${d.below(1e5)},"resp_pkts":${d.below(99)},"resp_ip_bytes":${d.below(1e6)}}`;
  }
  if (kind < 75) {
    return `${head("dns", 53)},"proto":"udp","trans_id":${d.below(65536)},"query":"${
      domain(d)
    }","qclass":1,` +
      `"qclass_name":"C_INTERNET","qtype":1,"qtype_name":"A","rcode":0,"rcode_name":"NOERROR","AA":false,` +
      `"TC":false,"RD":true,"RA":true,"Z":0,"answers":["${domain(d)}","${
        ipv4(d)
      }"],"TTLs":[60.0,30.0],"rejected":false}`;
  }
  if (kind < 88) {
    return `${head("http", 80)},"trans_depth":1,"method":"GET","host":"${domain(d)}","uri":"${
      path(d, "/")
    }",` +
      `"version":"1.1","user_agent":"${pick(d, AGENTS)}","request_body_len":0,"response_body_len":${
        d.below(1e5)
      },` +
      `"status_code":200,"status_msg":"OK","tags":[],"resp_fuids":["F${
        d.hex(16)
      }"],"resp_mime_types":["text/html"]}`;
  }
  return `${head("ssl", 443)},"version":"TLSv13","cipher":"TLS_AES_256_GCM_SHA384","server_name":"${
    domain(d)
  }",` +
    `"resumed":false,"established":true,"ja3":"${d.hex(32)}","ja3s":"${d.hex(32)}"}`;
}

const TSV_HEAD =
  "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\thttp\n" +
  "#open\t2026-03-01-00-00-00\n" +
  "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\ttrans_depth\tmethod\thost\turi\tuser_agent\t" +
  "request_body_len\tresponse_body_len\tstatus_code\tstatus_msg\ttags\tresp_mime_types\n" +
  "#types\ttime\tstring\taddr\tport\taddr\tport\tcount\tstring\tstring\tstring\tstring\tcount\tcount\tcount\t" +
  "string\tset[enum]\tvector[string]\n";

function zeekTsvLine(d: Dice, clock: Clock): string {
  const addr = d.below(10) === 0 ? ipv6Short : ipv4;
  return `${UNIX_BASE + Math.floor(clock.second)}.${pad(d.below(1e6), 6)}\tC${d.hex(16)}\t${
    addr(d)
  }\t` +
    `${1024 + d.below(60000)}\t${addr(d)}\t80\t1\tGET\t${domain(d)}\t${path(d, "/")}\t${
      pick(d, AGENTS)
    }\t0\t` +
    `${d.below(1e5)}\t200\tOK\t(empty)\ttext/html,image/png`;
}

const LINES: Record<CorpusKind, (d: Dice, clock: Clock) => string> = {
  "eve": eveLine,
  "zeek-json": zeekJsonLine,
  "zeek-tsv": zeekTsvLine,
};

/** Yields about `bytes` bytes of log in blocks of whole lines; every `plantEvery`th line carries a planted IoC. */
export function* corpus(kind: CorpusKind, bytes: number, seed: number): Generator<Uint8Array> {
  const d = dice(seed);
  const clock: Clock = { second: 0 };
  const encoder = new TextEncoder();
  let written = 0;
  let head = kind === "zeek-tsv" ? TSV_HEAD : "";
  for (let planted = 0; written < bytes;) {
    let text = head;
    head = "";
    for (let i = 0; i < 2000; i++) {
      clock.second += 0.01;
      let line = LINES[kind](d, clock);
      if (i === 1000) line = plant(line, planted++);
      text += line + "\n";
    }
    const block = encoder.encode(text);
    written += block.length;
    yield block;
  }
}

/** Number of IoCs that stand in every corpus, each in a few lines. */
export const PLANTED = 64;

/** Writes the first domain of a line over with a planted one, or its first address where it has none. */
function plant(line: string, index: number): string {
  const name = plantedDomain(index % PLANTED);
  const swapped = line.replace(
    /("(?:rrname|hostname|sni|query|host|server_name)":")[^"]+/,
    `$1${name}`,
  );
  if (swapped !== line) return swapped;
  return line.replace(/("(?:dest_ip|id\.resp_h)":")[^"]+/, `$1${plantedAddress(index % PLANTED)}`)
    .replace(/\tGET\t[^\t]+/, `\tGET\t${name}`);
}

const plantedDomain = (index: number): string => `planted${index}.evil-domain.example`;
const plantedAddress = (index: number): string => `198.51.100.${index + 1}`;

/** `count` IoCs, one a line: the planted ones first, then ones that no corpus has. */
export function iocList(count: number, seed = 7): string {
  const d = dice(seed);
  const lines: string[] = [];
  for (let i = 0; i < Math.min(PLANTED, Math.ceil(count / 2)); i++) {
    lines.push(plantedDomain(i));
    if (lines.length < count) lines.push(plantedAddress(i));
  }
  while (lines.length < count) {
    const kind = d.below(10);
    if (kind < 5) lines.push(`${d.hex(9)}.${pick(d, WORDS)}-${d.hex(4)}.${pick(d, TLDS)}`);
    else if (kind < 8) {
      lines.push(`${d.below(100) + 100}.${d.below(256)}.${d.below(256)}.${255 - d.below(2) * 255}`);
    } else if (kind < 9) lines.push(d.hex(32));
    else lines.push(d.hex(64));
  }
  return lines.join("\n") + "\n";
}

/** Writes a corpus unless a file of that name stands there already. */
export async function writeCorpus(
  file: string,
  kind: CorpusKind,
  bytes: number,
  seed: number,
): Promise<void> {
  try {
    await Deno.stat(file);
    return;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const part = `${file}.part`;
  using out = await Deno.open(part, { write: true, create: true, truncate: true });
  for (const block of corpus(kind, bytes, seed)) {
    for (let at = 0; at < block.length;) at += await out.write(block.subarray(at));
  }
  await Deno.rename(part, file);
}
