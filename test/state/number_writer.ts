/** Child of checkpoints_test.ts: commits numbers and tells each once it is safe, until it is killed. */
import { insert, openNumbers } from "./numbers.ts";

const [folder, from] = Deno.args as [string, string];
const state = openNumbers(folder, { bounds: { begin: 300_000, rest: 50_000, most: 1_000_000 } });
for (let number = Number(from);; number += 4) {
  await Promise.all([0, 1, 2, 3].map((at) => insert(state, number + at, 20_000)));
  console.log(number + 3);
}
