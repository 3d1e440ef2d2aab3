/**
 * Decoding without a stream around it: node:zlib's own decoders, called in this thread and
 * writing where their bytes are wanted. As streams they take half as long again by CPU time
 * and more on the clock: each step goes to another thread and back, and its bytes come in a
 * new buffer.
 */
import * as zlib from "node:zlib";
import { BridgeError } from "../../../errors.ts";

/** A decoder that is fed step by step. */
export interface SyncDecoder {
  /**
   * Decodes what fits; to be called again with the rest of `input` until all is taken
   * and `output` was not filled.
   *
   * @throws Error if the bytes are damaged; what this step decoded before is lost then
   */
  decode(input: Uint8Array, output: Uint8Array): Step;
  /** @throws Error if the stream can't end here */
  end(): void;
  close(): void;
}

/** Bytes that a step took and gave. */
export interface Step {
  readonly taken: number;
  readonly given: number;
}

/**
 * What stands behind a stream of node:zlib. No documentation promises it, but Node has it
 * and well-known packages (minizlib) rely on it.
 */
interface ZlibHandle {
  /** Returns the bytes left of input and output, unless the stream has a `_writeState` for them (Deno 2.4 has none). */
  writeSync(
    flush: number,
    input: Uint8Array,
    inputAt: number,
    inputLength: number,
    output: Uint8Array,
    outputAt: number,
    outputLength: number,
  ): readonly [inputLeft: number, outputLeft: number] | undefined;
  onerror: (message: string) => void;
}

interface ZlibInternals {
  readonly _handle?: ZlibHandle;
  /** Bytes left of output and input. */
  readonly _writeState: Uint32Array;
  destroy(): void;
}

const NOTHING = new Uint8Array(0);

/** Makes a decoder for gzip, several members too, with zeros between them or not. */
export function createGunzip(): SyncDecoder {
  const { write, close } = writerOf(zlib.createGunzip());
  return {
    decode(input, output) {
      const step = write(zlib.constants.Z_NO_FLUSH, input, output);
      if (step.taken > 0 || step.given > 0 || input.length === 0) return step;
      // It goes on where something other than zeros begins, with which tapes are filled up.
      const zeros = input.findIndex((byte) => byte !== 0);
      return { taken: zeros < 0 ? input.length : zeros, given: 0 };
    },
    end: () => void write(zlib.constants.Z_FINISH, NOTHING, new Uint8Array(1)),
    close,
  };
}

/** Whether the runtime has zstd (Deno has from 2.6 on). */
export const hasZstd = typeof zlib.createZstdDecompress === "function";

/** Makes a decoder for zstd, several frames too; it takes any end for one. */
export function createUnzstd(): SyncDecoder {
  const { write, close } = writerOf(zlib.createZstdDecompress());
  return {
    decode: (input, output) => write(zlib.constants.ZSTD_e_continue, input, output),
    end: () => {},
    close,
  };
}

function writerOf(stream: unknown) {
  const { _handle: handle, _writeState: state } = stream as ZlibInternals;
  if (typeof handle?.writeSync !== "function") {
    throw new BridgeError("This Deno's node:zlib can't decompress step by step", {
      hint: "Use bridge's own binary, or Deno 2.4 to 2.9",
    });
  }
  let failure: string | undefined;
  handle.onerror = (message) => failure = message;
  return {
    write(flush: number, input: Uint8Array, output: Uint8Array): Step {
      const left = handle.writeSync(flush, input, 0, input.length, output, 0, output.length);
      if (failure !== undefined) throw new Error(failure);
      const [inputLeft, outputLeft] = left ?? [state[1]!, state[0]!];
      return { taken: input.length - inputLeft, given: output.length - outputLeft };
    },
    close: () => (stream as ZlibInternals).destroy(),
  };
}
