/** Child of spool_crash_test.ts: spools numbers and tells each once it is safe, until it is killed. */
import { openSpool } from "../../src/delivery/spool.ts";
import { openState } from "../../src/state/state.ts";
import { item } from "./items.ts";

const [folder, from] = Deno.args as [string, string];
const never = new AbortController().signal;
const state = openState(folder);
const spool = openSpool(state, { maxSize: 1e9, whenFull: "block", dedup: true });
for (let number = Number(from);; number += 10) {
  const items = Array.from({ length: 10 }, (_, at) => item(number + at, "a"));
  await spool.put(items, never);
  console.log(number + 9);
  // Some are delivered, so that removals are cut off, too.
  const [first] = spool.peek("a", 0, 1);
  if (number % 100 === 0) await spool.bury("a", [first!], "given up");
}
