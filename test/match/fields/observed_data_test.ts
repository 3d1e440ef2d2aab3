import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { JsonObject } from "../../../src/json.ts";
import { observedData } from "./observed.ts";
import { FIELDS } from "../../../src/match/fields/table.ts";
import { createEventPatterns } from "../../../src/match/patterns.ts";
import { parsePath } from "../../../src/stix/pattern/mod.ts";

/** Whether an event fulfils a pattern. */
function holds(pattern: string, event: JsonObject): boolean {
  const patterns = createEventPatterns<null>({ order: "stream" });
  patterns.add(1, pattern);
  return patterns.feed(event, null).length > 0;
}

const HTTP: JsonObject = {
  timestamp: "2011-08-12T15:00:36.378914+0200",
  event_type: "http",
  src_ip: "147.32.84.165",
  src_port: 1027,
  dest_ip: "74.125.232.202",
  dest_port: 80,
  proto: "TCP",
  http: {
    hostname: "CR-tools.clients.google.com",
    url: "/service/check2?appid=1",
    http_user_agent: "Google Update/1.3",
    http_method: "GET",
    status: 200,
  },
};
const CONN = {
  ts: 1313379376.74883,
  uid: "C1",
  proto: "tcp",
  service: "ssl,http",
  conn_state: "SF",
  orig_bytes: 10,
  resp_bytes: 2_000_000,
};
const ENDS = { orig_h: "2001:DB8::1", orig_p: 4000, resp_h: "10.0.0.7", resp_p: 443 };
const FLAT = Object.fromEntries(Object.entries(ENDS).map(([key, value]) => [`id.${key}`, value]));

Deno.test("observedData() makes objects of an EVE event that patterns can ask for", () => {
  const observed = observedData(HTTP);
  assert.equal(observed.first, Date.UTC(2011, 7, 12, 13, 0, 36) * 1000 + 378_914);
  const types = Object.values(observed.objects).map(({ type }) => type);
  assert.deepEqual(types.toSorted(), [
    "domain-name",
    "ipv4-addr",
    "ipv4-addr",
    "network-traffic",
    "network-traffic",
    "url",
  ]);
  const yes = [
    "[ipv4-addr:value = '147.32.84.165']",
    "[network-traffic:dst_ref.value = '74.125.232.202' AND network-traffic:dst_port = 80]",
    "[network-traffic:dst_ref.type = 'domain-name' AND network-traffic:dst_ref.value = 'cr-tools.clients.google.com']",
    "[network-traffic:src_ref.type = 'ipv4-addr' AND network-traffic:src_ref.value ISSUBSET '147.32.0.0/16']",
    "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'Google Update/1.3']",
    "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'[*] LIKE 'Google%']",
    "[network-traffic:extensions.'http-request-ext'.request_method = 'GET']",
    "[network-traffic:protocols[*] = 'tcp' AND network-traffic:extensions.'http-request-ext'.request_value MATCHES 'appid=[0-9]+']",
    "[url:value = 'http://cr-tools.clients.google.com/service/check2?appid=1']",
    "[domain-name:value = 'cr-tools.clients.google.com']",
    "[ipv4-addr:value = '74.125.0.0/16']",
  ];
  for (const pattern of yes) assert(holds(pattern, HTTP), pattern);
  const no = [
    "[network-traffic:src_ref.value = '74.125.232.202']",
    "[network-traffic:dst_port = 81]",
    "[ipv4-addr:value NOT ISSUBSET '0.0.0.0/0']",
  ];
  for (const pattern of no) assert(!holds(pattern, HTTP), pattern);
});

Deno.test("observedData() reads Zeek's id flat and nested alike", () => {
  const flat = { ...CONN, ...FLAT };
  const nested = { ...CONN, id: ENDS };
  assert.deepEqual(observedData(flat), observedData(nested));
  for (const event of [flat, nested]) {
    assert(holds("[ipv6-addr:value = '2001:0db8:0:0::1']", event));
    assert(
      holds(
        "[network-traffic:protocols[*] = 'http' AND network-traffic:dst_byte_count > 1000000]",
        event,
      ),
    );
    assert(holds("[network-traffic:start > t'2011-08-15T00:00:00Z']", event));
  }
});

const CASES: readonly (readonly [name: string, event: JsonObject, pattern: string])[] = [
  ["EVE dns", {
    event_type: "dns",
    dns: { rrname: "a.b", answers: [{ rrname: "a.b", rrtype: "A", rdata: "1.2.3.4" }] },
  }, "[domain-name:value = 'a.b' AND domain-name:resolves_to_refs[*].value = '1.2.3.4']"],
  ["EVE dns grouped", {
    event_type: "dns",
    dns: { rrname: "a.b", grouped: { A: ["1.2.3.4"], CNAME: ["c.d"] } },
  }, "[domain-name:resolves_to_refs[*].value = 'c.d']"],
  [
    "EVE tls",
    {
      event_type: "tls",
      tls: {
        sni: "x.y",
        ja3: { hash: "E7D705A3286E19EA42F587B344EE6865" },
        fingerprint: "aa:".repeat(19) + "aa",
      },
    },
    "[network-traffic:x_ja3_hash = 'e7d705a3286e19ea42f587b344ee6865'] AND [network-traffic:x_tls_server_name = 'x.y']",
  ],
  [
    "EVE certificate",
    { event_type: "tls", tls: { fingerprint: "aa:".repeat(19) + "aa" } },
    `[x509-certificate:hashes.'SHA-1' = '${"AA".repeat(20)}']`,
  ],
  [
    "EVE fileinfo",
    {
      event_type: "fileinfo",
      fileinfo: { filename: "/a.exe", md5: "d41d8cd98f00b204e9800998ecf8427e", size: 7 },
    },
    "[file:hashes.MD5 = 'D41D8CD98F00B204E9800998ECF8427E' AND file:size < 10 AND file:name LIKE '%.exe']",
  ],
  [
    "EVE smtp",
    {
      event_type: "smtp",
      smtp: { mail_from: "<A@b.c>" },
      email: { from: "X <a@b.c>", to: ["d@e.f, G <g@h.i>"], subject: "hi" },
    },
    "[email-message:from_ref.value = 'a@b.c' AND email-message:to_refs[*].value = 'g@h.i' AND email-message:subject = 'hi']",
  ],
  [
    "Zeek dns",
    { query: "a.b", qtype_name: "A", answers: ["c.d", "1.2.3.4"] },
    "[domain-name:resolves_to_refs[*].value = '1.2.3.4']",
  ],
  ["Zeek http", {
    ...FLAT,
    trans_depth: 1,
    method: "POST",
    host: "h.i:8080",
    uri: "/x",
    user_agent: "curl",
  }, "[url:value = 'http://h.i:8080/x'] OR [url:value = 'nothing']"],
  [
    "Zeek ssl",
    { ...FLAT, server_name: "s.t", version: "TLSv12", cipher: "x", ja3: "a".repeat(32) },
    `[network-traffic:x_ja3_hash = '${"a".repeat(32)}']`,
  ],
  [
    "Zeek x509",
    { "certificate.subject": "CN=x", "certificate.serial": "0AB", "san.dns": ["q.r"] },
    "[x509-certificate:subject = 'CN=x' AND x509-certificate:serial_number = '0ab']",
  ],
  ["Zeek files", {
    fuid: "F1",
    source: "HTTP",
    seen_bytes: 1,
    sha256: "ab".repeat(32),
    mime_type: "text/html",
  }, "[file:mime_type = 'text/html' AND EXISTS file:hashes.'SHA-256']"],
  [
    "Zeek smtp",
    { mailfrom: "a@b.c", rcptto: ["d@e.f"], subject: "s" },
    "[email-message:to_refs[0].value = 'd@e.f']",
  ],
  [
    "Zeek kerberos",
    { request_type: "AS", client: "joe/X", service: "krbtgt" },
    "[user-account:account_login = 'joe/X']",
  ],
  [
    "Zeek ntlm",
    { username: "joe", domainname: "CORP", hostname: "PC1" },
    "[user-account:user_id = 'joe' AND user-account:x_domain = 'CORP']",
  ],
  [
    "Zeek smb_files",
    { action: "SMB::FILE_OPEN", path: "\\\\srv\\c$", name: "a.dll", size: 3 },
    "[directory:path = '\\\\\\\\srv\\\\c$'] ",
  ],
  ["Zeek by _path", { _path: "known_hosts", host: "10.9.8.7" }, "[ipv4-addr:value = '10.9.8.7']"],
  [
    "Zeek dhcp",
    { mac: "00:AA:bb:00:00:01", assigned_addr: "10.0.0.9", msg_types: ["ACK"] },
    "[mac-addr:value = '00:aa:bb:00:00:01']",
  ],
  ["Zeek software", {
    software_type: "HTTP::BROWSER",
    name: "Firefox",
    unparsed_version: "Firefox/3",
    host: "10.0.0.1",
  }, "[software:name = 'Firefox']"],
  [
    "Zeek ssh",
    { ...FLAT, auth_success: true, client: "SSH-2.0-Go", hassh: "b".repeat(32) },
    `[network-traffic:x_hassh = '${"b".repeat(32)}']`,
  ],
];

Deno.test("observedData() knows the logs", () => {
  for (const [name, event, pattern] of CASES) {
    // Of an AND of observations each side must be there; one event can't be two.
    for (const part of pattern.split("] AND [")) {
      const whole = `${part.startsWith("[") ? "" : "["}${part}${
        part.trimEnd().endsWith("]") ? "" : "]"
      }`;
      assert(
        holds(whole, event),
        `${name}: ${whole} on ${JSON.stringify(observedData(event).objects)}`,
      );
    }
  }
});

Deno.test("observedData() takes any event", () => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (event) => {
    observedData(event as JsonObject);
  }));
  const fields = FIELDS.flatMap(({ rows }) => rows.map(([field]) => field.split(/[.[]/)[0]!));
  const odd = fc.dictionary(fc.constantFrom(...fields, "event_type"), fc.jsonValue());
  fc.assert(fc.property(odd, (event) => void observedData(event as JsonObject)));
});

Deno.test("FIELDS names paths that patterns can ask for", () => {
  for (const { rows } of FIELDS) for (const [, path] of rows) parsePath(path);
});
