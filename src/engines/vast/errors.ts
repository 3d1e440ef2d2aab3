import { BridgeError, type BridgeErrorOptions, NotConnectedError } from "../../errors.ts";

/**
 * Why the node can't be asked: nothing listens (`unreachable`), something else
 * listens (`no_vast`), it went away midway (`gone`), or it gave no rows and seems
 * to have ended the query before its end although the exit code is 0 (`cut_short`).
 */
export type AwayReason = "unreachable" | "no_vast" | "gone" | "cut_short";

/** The node is away; trying again later may help. */
export class NodeAwayError extends NotConnectedError {
  override name = "NodeAwayError";
  constructor(readonly reason: AwayReason, message: string, options?: BridgeErrorOptions) {
    super(message, options);
  }
}

/**
 * Why the node or its client did not do what it was asked: it does not
 * understand the query (`refused`), has too much to do (`overloaded`), the time
 * is up (`timeout`), it lacks a command or option (`unsupported`), or it said
 * something that no recording knows (`unknown`).
 */
export type VastFailure = "refused" | "overloaded" | "timeout" | "unsupported" | "unknown";

/** VAST was there but failed. */
export class VastError extends BridgeError {
  override name = "VastError";
  constructor(readonly failure: VastFailure, message: string, options?: BridgeErrorOptions) {
    super(message, options);
  }
}

/** The end of a `vast` process, as far as it tells what happened. */
export interface ChildEnd {
  readonly code: number;
  readonly signal: string | null;
  /** Standard error, its middle left out when it is long. */
  readonly stderr: string;
}

/** Reads the outcome of a call from exit code and messages; undefined if all went well. */
export function errorOf(
  end: ChildEnd,
  endpoint: string,
): NodeAwayError | VastError | undefined {
  const message = end.stderr.match(/^!! .*$/m)?.[0].slice(3) ?? "";
  if (end.code === 0 && message === "") return undefined;
  const kind = message.match(/^[a-z_]+/)?.[0] ?? "";
  switch (kind) {
    case "cannot_connect_to_node":
      return new NodeAwayError("unreachable", unreachable(message, endpoint), {
        hint: "Start the node, or set the key vast (--vast) to its host:port.",
      });
    case "exit":
      return new NodeAwayError("gone", `The VAST node at ${endpoint} went away during a query`);
    case "request_timeout":
      return new VastError("overloaded", `The VAST node at ${endpoint} has too much to do`);
    case "timeout":
      return new VastError("timeout", `VAST ended a query at its own time limit`);
    case "invalid_query":
    case "parse_error":
      if (message.includes("invalid endpoint")) {
        return new VastError("unsupported", `VAST does not take ${endpoint} for an endpoint`, {
          hint: "Set the key vast (--vast) to the host:port of the node.",
        });
      }
      return new VastError("refused", `VAST does not understand the query: ${message}`);
  }
  if (/^error: (unrecognized subcommand|invalid option parameter)/m.test(end.stderr)) {
    const what = end.stderr.match(/^error: (.*)$/m)![1];
    return new VastError("unsupported", `This version of VAST lacks what was asked of it: ${what}`);
  }
  if (end.signal !== null && message === "") {
    return new NodeAwayError("gone", `The vast process was ended by ${end.signal}`);
  }
  const said = message || lastLine(end.stderr) || `exit code ${end.code}`;
  return new VastError("unknown", `vast failed: ${said}`);
}

function unreachable(message: string, endpoint: string): string {
  return message.includes("no such host")
    ? `The host of the VAST node ${endpoint} is unknown`
    : `Nothing answers at the VAST node's endpoint ${endpoint}`;
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1)!.slice(0, 300);
}

/** Whether trying again may help. */
export function isPassing(error: unknown): boolean {
  return error instanceof NodeAwayError ||
    (error instanceof VastError && (error.failure === "overloaded" || error.failure === "unknown"));
}
