import type { Match, RetroHooks, RetroQuery } from "../engine.ts";
import { followCompounds } from "../logs/compounds.ts";
import { lossTroubles } from "../logs/losses.ts";
import { createAnswers } from "./answer.ts";
import { produce } from "./channel.ts";
import type { VastContext } from "./context.ts";
import { createHunt } from "./hunt.ts";
import { collectUnits } from "./units.ts";

/**
 * Looks all values of a set up, in as few queries as is good. Compound patterns
 * are evaluated here on the events that hold any value that they need.
 */
export async function* retro(
  context: VastContext,
  query: RetroQuery,
  hooks: RetroHooks,
  signal: AbortSignal,
): AsyncGenerator<readonly Match[], void, void> {
  const units = collectUnits(query.indicators);
  if (units.length === 0) return;
  yield* produce<readonly Match[]>(signal, async (deliver, inner) => {
    const compounds = await followCompounds(query.indicators, "any", inner);
    const answers = createAnswers(query, compounds);
    await createHunt(context, query, answers, hooks, deliver, inner)(units);
    for (const trouble of lossTroubles(compounds.losses)) hooks.trouble?.(trouble);
  });
}
