import { BridgeError } from "../errors.ts";
import { toError } from "../wait.ts";
import { describeError } from "./report.ts";

/**
 * Has the process end with 2 and a message where the runtime would end it with a stack and 1,
 * which says that nothing matched, or with 0: an error that nobody caught (of a sink that a person
 * wrote, or our own), and a wait for something that will never come.
 */
export function endWithTwo(): void {
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    end(unexpected(event.error));
  });
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    end(unexpected(event.reason));
  });
  globalThis.addEventListener("beforeunload", () => {
    end(
      new BridgeError("Ended before all was done: what it waited for will never come", {
        hint: "A sink of your own whose promises never settle does this.",
      }),
    );
  });
}

function unexpected(cause: unknown): Error {
  const error = toError(cause);
  if (debug()) return error;
  return new BridgeError(error.message, { hint: "BRIDGE_DEBUG=1 shows where it happened.", cause });
}

function debug(): boolean {
  return Deno.env.get("BRIDGE_DEBUG") !== undefined;
}

function end(error: Error): never {
  console.error(describeError(error, debug()));
  Deno.exit(2);
}
