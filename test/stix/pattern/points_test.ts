import assert from "node:assert/strict";
import {
  parsePattern,
  patternPoints,
  type PointValue,
  prefilterPoints,
  printPath,
} from "../../../src/stix/pattern/mod.ts";

const show = (points: readonly PointValue[] | undefined) =>
  points?.map(({ path, relation, value }) =>
    `${printPath(path)} ${relation === "equal" ? "=" : "in"} ${value}`
  );

Deno.test("patternPoints() lists the values of disjunctions only", () => {
  const points = (text: string) => show(patternPoints(parsePattern(text)));
  assert.deepEqual(
    points(
      "[ipv4-addr:value = '1.2.3.4' OR domain-name:value IN ('a.b', 'c.d')] OR [(url:value = 'u')]",
    ),
    [
      "ipv4-addr:value = 1.2.3.4",
      "domain-name:value = a.b",
      "domain-name:value = c.d",
      "url:value = u",
    ],
  );
  assert.deepEqual(points("[ipv4-addr:value ISSUBSET '10.0.0.0/8']"), [
    "ipv4-addr:value in 10.0.0.0/8",
  ]);
  assert.equal(points("[a:b = '1' AND a:c = '2']"), undefined);
  assert.equal(points("[a:b = '1'] AND [a:c = '2']"), undefined);
  assert.equal(points("[a:b NOT = '1']"), undefined);
  assert.equal(points("[a:b = '1'] REPEATS 2 TIMES"), undefined);
  assert.equal(points("[a:b = 1]"), undefined);
});

Deno.test("prefilterPoints() covers every event that can take part", () => {
  const points = (text: string) => show(prefilterPoints(parsePattern(text)));
  assert.deepEqual(points("[a:b = 'x' AND a:n > 5] FOLLOWEDBY [a:c = 'y' OR a:d = 'z']"), [
    "a:b = x",
    "a:c = y",
    "a:d = z",
  ]);
  assert.deepEqual(points("[a:b IN ('1', '2') AND a:c = '3'] REPEATS 2 TIMES"), ["a:c = 3"]);
  assert.equal(points("[a:b = 'x'] AND [a:n > 5]"), undefined);
  assert.equal(points("[a:b = 'x' OR a:n > 5]"), undefined);
});
