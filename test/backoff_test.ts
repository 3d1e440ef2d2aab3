import assert from "node:assert/strict";
import { backoff } from "../src/backoff.ts";

const BOUNDS = { initial: 100, maximum: 5000 };

Deno.test("backoff() doubles up to the maximum, with between half and all of it", () => {
  for (let attempt = 0; attempt < 2000; attempt++) {
    const full = Math.min(5000, 100 * 2 ** attempt);
    const wait = backoff(attempt, BOUNDS);
    assert.ok(wait >= full / 2 && wait <= full, `${wait} at try ${attempt}`);
  }
});

Deno.test("backoff() differs from one caller to another", () => {
  assert.ok(new Set(Array.from({ length: 100 }, () => backoff(3, BOUNDS))).size > 50);
});
