/** A person's own sink: a JavaScript module from anywhere, of which nothing is known. */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { UsageError } from "../src/errors.ts";
import { toError } from "../src/wait.ts";
import { readForm } from "./form.ts";
import { type Sink, SinkError, type SinkModule } from "./sink.ts";

const INTERFACE = "docs/sinks.md shows the interface.";

/**
 * Imports a person's own sink and makes sure that it is one.
 *
 * @throws UsageError when it can't be loaded, or lacks something
 */
export async function loadUserSink(path: string): Promise<SinkModule> {
  const { spec, parse, open } = await importModule(path);
  const faults = [
    typeof open === "function" ? "" : "a function open(options, context, signal)",
    typeof spec?.name === "string" ? "" : "an object spec with a name",
    typeof spec?.options === "object" && spec.options !== null ? "" : "spec.options as a table",
  ].filter((fault) => fault !== "");
  if (faults.length > 0) {
    throw new UsageError(`The module is no sink: it does not export ${faults.join(", nor ")}`, {
      place: { file: path },
      hint: INTERFACE,
    });
  }
  return {
    spec: spec!,
    parse: parse ?? ((form: string) => readForm(form).options),
    open: (...args) => openUserSink(path, open!, args),
  };
}

async function importModule(path: string): Promise<Partial<SinkModule>> {
  const url = path.startsWith("file:") ? path : pathToFileURL(resolve(path)).href;
  try {
    return await import(url);
  } catch (error) {
    const { message } = toError(error);
    throw new UsageError(`Can't load the sink module: ${message}`, {
      place: { file: path },
      hint: /Module not found/.test(message)
        ? "Check the path, and those that it imports."
        : "The compiled binary loads JavaScript that stands on its own.",
      cause: error,
    });
  }
}

/** Opens it; what it opens has to be a sink, too. */
async function openUserSink(
  path: string,
  open: SinkModule["open"],
  args: Parameters<SinkModule["open"]>,
): Promise<Sink> {
  const sink: Partial<Sink> | undefined = await openedBy(path, open, args);
  const missing = (["write", "close"] as const).filter((name) =>
    typeof sink?.[name] !== "function"
  );
  if (missing.length === 0) return sink as Sink;
  throw new UsageError(
    `What open() of the module gives is no sink: it has no ${missing.join("(), no ")}()`,
    { place: { file: path }, hint: INTERFACE },
  );
}

async function openedBy(
  path: string,
  open: SinkModule["open"],
  args: Parameters<SinkModule["open"]>,
): Promise<Sink> {
  try {
    return await open(...args);
  } catch (error) {
    const { message } = toError(error);
    throw new SinkError(`Can't open the sink: ${message}`, {
      place: { file: path },
      cause: error,
    });
  }
}
