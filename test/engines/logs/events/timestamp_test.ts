import assert from "node:assert/strict";
import fc from "fast-check";
import {
  jsonEventTime,
  parseTime,
  tsvEventTime,
} from "../../../../src/engines/logs/events/timestamp.ts";

const encode = (text: string) => new TextEncoder().encode(text);

Deno.test("parseTime() reads what Suricata and Zeek write", () => {
  const at = Date.UTC(2024, 4, 14, 8, 2, 0);
  assert.equal(parseTime("2024-05-14T10:02:00.250000+0200"), at + 250);
  assert.equal(parseTime("2024-05-14T08:02:00.250000Z"), at + 250);
  assert.equal(parseTime("2024-05-14T03:02:00.25-05:00"), at + 250);
  assert.equal(parseTime("2024-05-14T08:02:00"), at);
  assert.equal(parseTime(`${at / 1000}.250000`), at + 250);
  assert.equal(parseTime(`${at + 250}.0`), at + 250);
  for (const text of ["", "-", "yesterday", "2024-05-14", "12:00", "T", "1.2.3", "0x10"]) {
    assert.equal(parseTime(text), undefined, text);
  }
});

Deno.test("parseTime() agrees with Date on any instant and zone", () => {
  const instant = fc.date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true });
  const minutes = fc.integer({ min: -14 * 60, max: 14 * 60 });
  fc.assert(fc.property(instant, minutes, fc.boolean(), (instant, minutes, colon) => {
    const local = new Date(instant.getTime() + minutes * 60_000).toISOString().slice(0, -1);
    const two = (number: number) => String(number).padStart(2, "0");
    const size = Math.abs(minutes);
    const zone = `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}${colon ? ":" : ""}${
      two(size % 60)
    }`;
    assert.equal(Math.round(parseTime(local + zone)!), instant.getTime());
  }));
});

Deno.test("jsonEventTime() finds the time without being misled by what stands inside", () => {
  assert.equal(jsonEventTime(encode('{"a":{"timestamp":"1"},"b":"\\"ts\\":5","ts":2.5}')), 2500);
  assert.equal(jsonEventTime(encode(' { "x" : [ "]", {"ts":1} ] , "timestamp" : 3 }')), 3000);
  assert.equal(jsonEventTime(encode('{"a":{"ts":1}}')), undefined);
  assert.equal(jsonEventTime(encode('{"ts":null,"time":1}')), 1000);
  for (const cut of ["", "{", '{"ts', '{"ts":', '{"ts":"20', "[]", '{"a":"\\']) {
    assert.equal(jsonEventTime(encode(cut)), undefined, cut);
  }
});

Deno.test("jsonEventTime() finds the member that JSON.parse finds", () => {
  const member = fc.tuple(fc.string().filter((name) => !/time|ts/.test(name)), fc.jsonValue());
  const time = fc.integer({ min: 0, max: 4e9 });
  fc.assert(fc.property(fc.array(member), fc.array(member), time, (before, after, time) => {
    const event = Object.fromEntries([...before, ["timestamp", time], ...after]);
    assert.equal(jsonEventTime(encode(JSON.stringify(event))), time * 1000);
  }));
});

Deno.test("tsvEventTime() reads the column", () => {
  assert.equal(tsvEventTime(encode("a\t1.5\tb"), "\t", 1), 1500);
  assert.equal(tsvEventTime(encode("1.5"), "\t", 0), 1500);
  assert.equal(tsvEventTime(encode("1.5"), "\t", 1), undefined);
  assert.equal(tsvEventTime(encode("-\t2"), "\t", 0), undefined);
  assert.equal(tsvEventTime(encode("1.5"), "\t", -1), undefined);
});
