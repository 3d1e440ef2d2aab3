/** Options as commander takes them. */
import { InvalidArgumentError, Option } from "commander";
import type { Flag } from "./flags.ts";

/** An option that is described as data. */
export function optionOf({ flags, doc, choices, default: value, repeatable }: Flag): Option {
  const option = new Option(flags, doc);
  if (repeatable !== undefined) {
    return option.argParser(choices === undefined ? collect : collectAmong(choices))
      .default([], repeatable);
  }
  if (choices !== undefined) option.choices(choices);
  return value === undefined ? option : option.default(value);
}

/** Gathers the values of an option that may be given again and again. */
export function collect(value: string, before: readonly string[] = []): string[] {
  // Commander takes whatever comes next: `--ioc --logs x` would hunt for `--logs`.
  if (value.startsWith("--")) {
    throw new InvalidArgumentError("It is an option: the value is missing.");
  }
  return [...before, value];
}

function collectAmong(choices: readonly string[]) {
  return (value: string, before: readonly string[] = []): string[] => {
    if (choices.includes(value)) return [...before, value];
    throw new InvalidArgumentError(`Allowed choices are ${choices.join(", ")}.`);
  };
}
