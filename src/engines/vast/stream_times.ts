/** How the stream is watched over, ms. */
export interface StreamTimes {
  /** The past is asked for new events so often where the stream does not work. */
  readonly poll: number;
  /** A stream without events is first doubted after so long, then less and less often. */
  readonly doubt: number;
  /** An event that the node counts is on the stream after so long for sure. */
  readonly shown: number;
  /** A new stream is open for sure after so long; what is committed from then on it shows. */
  readonly settling: number;
}

/** What fits a real node. */
export const STREAM_TIMES: StreamTimes = {
  poll: 10_000,
  doubt: 60_000,
  // A long import commits every 5 to 15 s.
  shown: 30_000,
  settling: 2_000,
};
