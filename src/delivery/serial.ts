import type { Sink } from "../../sinks/sink.ts";

/** A sink whose calls wait for each other: a file must not be reopened in the middle of a write. */
export function oneAtATime(sink: Sink): Sink {
  let turn: Promise<unknown> = Promise.resolve();
  const next = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work, work);
    turn = done.catch(() => {});
    return done;
  };
  const { reopen } = sink;
  return {
    write: (batch, signal, progress) => next(() => sink.write(batch, signal, progress)),
    close: () => next(() => sink.close()),
    ...(reopen === undefined ? {} : { reopen: () => next(() => reopen.call(sink)) }),
  };
}
