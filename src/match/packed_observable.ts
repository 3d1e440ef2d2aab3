import { type Observable, OBSERVABLE_KINDS, type ObservableKind } from "./observable.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * An observable in bytes, which may be looked at before a string is made of them. A class, so that
 * it can be told from others.
 */
export class PackedObservable implements Observable {
  /** Among `OBSERVABLE_KINDS`. */
  number = 0;
  /** The value in UTF-8 is from `start` to `end`. */
  bytes: Uint8Array = new Uint8Array();
  start = 0;
  end = 0;

  get kind(): ObservableKind {
    return OBSERVABLE_KINDS[this.number]!;
  }

  get value(): string {
    return decoder.decode(this.bytes.subarray(this.start, this.end));
  }
}
