import { UsageError } from "../errors.ts";
import type { IndicatorSet } from "../intel/indicator.ts";
import { reasonOf } from "../system_error.ts";
import type { CliContext } from "./context.ts";

/** Where `bridge snapshot --dump` writes. */
export interface Dump extends AsyncDisposable {
  /** Writes the indicators as one STIX 2.1 bundle, an object a line. */
  write(indicators: IndicatorSet): Promise<void>;
}

/**
 * Opens the target, standard output if it is `true` or `-`: before the snapshot is waited for.
 * A file is written under another name and takes its own when it is whole.
 *
 * @throws UsageError when it can't be written
 */
export async function openDump(target: string | true, context: CliContext): Promise<Dump> {
  if (target === true || target === "-") {
    return {
      write: (indicators) => writeBundle(indicators, context.print),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  const failed = (error: unknown) =>
    new UsageError(`--dump: Can't write ${target}: ${reasonOf(error)}`, { cause: error });
  const place = await Deno.realPath(target).catch(() => target);
  const found = await Deno.stat(place).catch(() => undefined);
  if (found?.isDirectory) throw failed(new Deno.errors.IsADirectory());
  // A device or a pipe is no file that another can take the place of.
  const isPlain = found?.isFile ?? true;
  const path = isPlain ? `${place}.part` : place;
  const file = await Deno.open(path, { write: true, create: isPlain, truncate: isPlain })
    .catch((error) => Promise.reject(failed(error)));
  let done = false;
  const encoder = new TextEncoder();
  const put = async (text: string) => {
    const bytes = encoder.encode(text);
    for (let sent = 0; sent < bytes.length;) sent += await file.write(bytes.subarray(sent));
  };
  return {
    async write(indicators) {
      try {
        await writeBundle(indicators, put);
        if (isPlain) await Deno.rename(path, place);
        done = true;
      } catch (error) {
        throw failed(error);
      }
    },
    async [Symbol.asyncDispose]() {
      file.close();
      if (isPlain && !done) await Deno.remove(path).catch(() => {});
    },
  };
}

/** Characters that are written at once. */
const PIECE = 1 << 16;

async function writeBundle(
  indicators: IndicatorSet,
  put: (text: string) => Promise<void>,
): Promise<void> {
  let text = `{"type":"bundle","id":"bundle--${crypto.randomUUID()}","objects":[`;
  let separator = "\n";
  for (const handle of indicators.handles()) {
    text += separator + JSON.stringify(indicators.get(handle).stix);
    separator = ",\n";
    if (text.length < PIECE) continue;
    await put(text);
    text = "";
  }
  await put(`${text}\n]}\n`);
}
