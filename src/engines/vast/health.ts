import { getLogger } from "../../log.ts";
import type { EngineHealth } from "../engine.ts";

/** Keeps whether the node is there, and says each change once. */
export interface Health {
  readonly state: EngineHealth;
  up(): void;
  away(error: Error): void;
}

/** Makes the health of a node of which nothing is known yet. */
export function createHealth(endpoint: string): Health {
  const logger = getLogger(["bridge", "vast"]);
  let state: EngineHealth = { type: "unknown" };
  return {
    get state() {
      return state;
    },
    up() {
      if (state.type === "up") return;
      if (state.type === "away") logger.warn`The VAST node at ${endpoint} is back`;
      state = { type: "up", since: Date.now() };
    },
    away(error) {
      if (state.type === "away") return;
      logger.warn`${error.message}; trying again until it is back`;
      state = { type: "away", since: Date.now(), reason: error.message };
    },
  };
}
