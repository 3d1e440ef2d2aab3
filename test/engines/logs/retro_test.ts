import assert from "node:assert/strict";
import { eventText, hunt, iocs } from "./hunting.ts";

const LOGS = new URL("../../fixtures/logs", import.meta.url).pathname;

Deno.test("retro() hunts in Suricata and Zeek logs of all forms, in the order of time", async () => {
  const { spots, troubles } = await hunt([LOGS], iocs(["domain:example.com"]));
  assert.deepEqual(troubles, []);
  assert.deepEqual(spots, [
    "domain:example.com eve.json.2.gz:6 dns.rrname",
    "domain:example.com eve.json.1:3 dns.rrname",
    "domain:example.com dns.2024-05-13-22-00-00.log.gz:10 query",
    "domain:example.com dns.log:12 query",
    "domain:example.com dns.log:13 query",
    "domain:example.com eve.json:3 dns.rrname",
    "domain:example.com eve.json:5 dns.rrname",
    "domain:example.com dns.log:3 query",
  ]);
});

Deno.test("retro() finds each kind of value", async () => {
  const set = iocs([
    "ipv4:198.51.100.23",
    "ipv6:2001:db8::bad:1",
    "url:http://download.example.org/update.bin",
    "email:phish@example.com",
    "md5:daa175facb38167b5e9be21a169f1f98",
    "md5:e7d705a3286e19ea42f587b344ee6865",
    "sha1:59399f5f250d588dc5c924266b065ab1c15c23be",
    "sha256:4d8d200878a5771e374162334961802cc065265b0dd1882d4c253ce6e9f16b9a",
    "cidr:192.0.2.64/29",
  ]);
  const { matches } = await hunt([LOGS], set);
  const counts = Object.groupBy(matches, (match) => match.indicator.id);
  assert.deepEqual(
    Object.fromEntries(Object.entries(counts).map(([id, found]) => [id, found!.length])),
    {
      "ipv4:198.51.100.23": 7,
      "ipv6:2001:db8::bad:1": 5,
      "url:http://download.example.org/update.bin": 4,
      "email:phish@example.com": 2,
      "md5:daa175facb38167b5e9be21a169f1f98": 2,
      "md5:e7d705a3286e19ea42f587b344ee6865": 2,
      "sha1:59399f5f250d588dc5c924266b065ab1c15c23be": 2,
      "sha256:4d8d200878a5771e374162334961802cc065265b0dd1882d4c253ce6e9f16b9a": 2,
      "cidr:192.0.2.64/29": 16,
    },
  );
});

Deno.test("retro() gives JSON events byte for byte and TSV rows as Zeek's JSON", async () => {
  const { matches } = await hunt([`${LOGS}/suricata/eve.json`], iocs(["email:phish@example.com"]));
  const lines = (await Deno.readTextFile(`${LOGS}/suricata/eve.json`)).split("\n");
  assert.equal(eventText(matches[0]!), lines[matches[0]!.where.line! - 1]);

  const rows = await hunt([`${LOGS}/zeek/smtp.log`], iocs(["email:phish@example.com"]));
  const event = JSON.parse(eventText(rows.matches[0]!));
  assert.deepEqual(event, rows.matches[0]!.event.value);
  assert.equal(event._path, "smtp");
  assert.equal(event.ts, 1715674200);
  assert.equal(event.subject, "Überfällige Rechnung");
  assert.deepEqual(event.path, ["10.20.30.5", "203.0.113.9"]);
  assert.equal(event.tls, false);
  assert.equal("cc" in event, false);
});

Deno.test("retro() keeps to the time bounds", async () => {
  const since = Date.parse("2024-05-13T22:00:00Z"), until = Date.parse("2024-05-14T08:02:11Z");
  const { spots } = await hunt([LOGS], iocs(["domain:example.com"]), { since, until });
  assert.deepEqual(spots, [
    "domain:example.com dns.2024-05-13-22-00-00.log.gz:10 query",
    "domain:example.com dns.log:12 query",
    "domain:example.com eve.json:3 dns.rrname",
    "domain:example.com eve.json:5 dns.rrname",
  ]);
});

Deno.test("retro() stops at so many events an indicator", async () => {
  const set = iocs(["domain:example.com", "email:phish@example.com"]);
  const { spots } = await hunt([LOGS], set, { maxEvents: 1 });
  assert.deepEqual(spots, [
    "domain:example.com eve.json.2.gz:6 dns.rrname",
    "email:phish@example.com eve.json:18 smtp.mail_from",
  ]);
});
