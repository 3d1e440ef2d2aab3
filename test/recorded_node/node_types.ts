/** What tests and benches see of a recorded node. */

/** What goes wrong with the next export, for tests of the engine. */
export interface Fault {
  /** Exports that are affected; all if absent. */
  readonly times?: number;
  readonly when?: (query: string) => boolean;
  /** Bytes on standard output before anything else, newline and all. */
  readonly stdout?: string | Uint8Array;
  readonly stderr?: string;
  /** Rows that still go out before the end; all if absent. */
  readonly rows?: number;
  /** Never answers. */
  readonly hang?: boolean;
  /** Ends with this instead of what it would have done. */
  readonly exit?: number;
  /** The connection breaks after the rows. */
  readonly drop?: boolean;
}

/** Options of `startNode`. */
export interface NodeOptions {
  readonly events: Iterable<Uint8Array>;
  /** How much of the real time things take: 0 none, 1 all. */
  readonly scale?: number;
  readonly port?: number;
}

/** A running node. */
export interface RecordedNode {
  readonly endpoint: string;
  readonly port: number;
  /** Queries that were asked, in order. */
  readonly queries: readonly string[];
  /** Number of exports that are over, however they ended. */
  readonly answered: number;
  /** Values by matcher. */
  readonly matchers: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** Number of open continuous exports and attached matchers. */
  readonly watchers: number;
  /** Most exports at work at the same time. */
  readonly peak: number;
  /** Resolves when so many watch (or fewer, if `exactly`). */
  watching(count: number): Promise<void>;
  /** Resolves when something holds; looked at whenever anything happens to the node. */
  until(condition: () => boolean): Promise<void>;
  /** Resolves when so many queries were asked. */
  asked(count: number): Promise<void>;
  /** Commits events, one JSON object a line. */
  feed(lines: readonly string[]): void;
  /** Sends a line to all attached matchers, as it stands. */
  emit(line: string | Uint8Array): void;
  fail(fault: Fault): void;
  /** SIGTERM: clients end with exit code 0. */
  stop(): Promise<void>;
  /** SIGKILL: connections break. */
  kill(): Promise<void>;
}
