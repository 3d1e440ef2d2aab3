import assert from "node:assert/strict";
import { bridge } from "./bridge.ts";

/** Three DNS queries for one name in two hours, one for another. */
const LOG = [
  ["2024-05-14T10:10:00.000001+0000", "bad.example"],
  ["2024-05-14T11:59:59.999999+0000", "bad.example"],
  ["2024-05-14T10:00:00.000000+0000", "bad.example"],
  ["2024-05-14T10:00:00.000000+0000", "worse.example"],
].map(([timestamp, rrname]) => ({ timestamp, event_type: "dns", dns: { type: "query", rrname } }))
  .map((event) => JSON.stringify(event) + "\n").join("");

const HUNT = ["retro", "--ioc", "bad.example", "--ioc", "worse.example", "--logs", "-"];

interface Sighting {
  readonly type: string;
  readonly id: string;
  readonly count: number;
  readonly first_seen: string;
  readonly last_seen: string;
}

function told(sightings: readonly Sighting[]) {
  return sightings.map((one) => [one.count, one.first_seen, one.last_seen]).sort();
}

const EXPECTED = [
  [1, "2024-05-14T10:00:00Z", "2024-05-14T10:00:00Z"],
  [1, "2024-05-14T11:59:59.999999Z", "2024-05-14T11:59:59.999999Z"],
  [2, "2024-05-14T10:00:00Z", "2024-05-14T10:10:00.000001Z"],
];

Deno.test("bridge retro --aggregate tells one sighting a window, with stable ids", async () => {
  const hunt = async () => {
    const args = [...HUNT, "--format", "sighting", "--aggregate", "1h"];
    const { code, stdout, stderr } = await bridge(args, { stdin: LOG });
    assert.equal(code, 0, stderr);
    return stdout.trimEnd().split("\n").map((line) => JSON.parse(line) as Sighting);
  };
  const [first, second] = [await hunt(), await hunt()];
  assert.deepEqual(told(first), EXPECTED);
  assert.deepEqual(first.map(({ id }) => id).sort(), second.map(({ id }) => id).sort());
});

Deno.test("bridge retro --aggregate writes them into a bundle too", async () => {
  const { stdout } = await bridge([...HUNT, "--bundle", "--aggregate", "60m"], { stdin: LOG });
  const { objects } = JSON.parse(stdout) as { objects: Sighting[] };
  assert.deepEqual(told(objects.filter(({ type }) => type === "sighting")), EXPECTED);
});

Deno.test("bridge retro --aggregate wants sightings and a length", async () => {
  const wrong = [["--aggregate", "1h"], ["--format", "sighting", "--aggregate", "0"]];
  for (const flags of wrong) {
    const { code, stderr } = await bridge([...HUNT, ...flags], { stdin: LOG });
    assert.equal(code, 2);
    assert.match(stderr, /--aggregate/);
  }
});
