import { type Observable, OBSERVABLE_KINDS, type ObservableKind } from "./observable.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * An observable in bytes, which may be looked at before a string is made of them. A class, so that
 * it can be told from others.
 */
export class PackedObservable implements Observable {
  constructor(
    /** Among `OBSERVABLE_KINDS`. */
    public number: number,
    /** The value in UTF-8 is from `start` to `end`. */
    readonly bytes: Uint8Array,
    public start: number,
    public end: number,
  ) {}

  get kind(): ObservableKind {
    return OBSERVABLE_KINDS[this.number]!;
  }

  get value(): string {
    return decoder.decode(this.bytes.subarray(this.start, this.end));
  }
}
