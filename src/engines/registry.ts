import type { EngineModule } from "./engine.ts";

/** An engine in the registry: its folder is loaded when it is named. */
interface EngineEntry<Options> {
  readonly name: string;
  readonly load: () => Promise<EngineModule<Options>>;
}

const entry = <Options>(
  name: string,
  load: EngineEntry<Options>["load"],
): EngineEntry<Options> => ({ name, load });

/** Every engine, by name. A new one is a folder and a line here. */
export const ENGINES = {
  logs: entry("logs", () => import("./logs/mod.ts")),
  vast: entry("vast", () => import("./vast/mod.ts")),
};
