/** Reading a single IoC: apart from lists of them, whose readers a hunt for one does not load. */
import { InputError } from "../../errors.ts";
import type { OwnIndicatorSet } from "../own_indicator_set.ts";
import { createIntake, type ReadReport } from "./intake.ts";
import type { ReadOptions } from "./mod.ts";

/**
 * Adds one value that a person named, as after `--ioc`: only allow-lists can hold it back.
 * Throws `InputError` if it is none, unless such are skipped. Returns the report, which says
 * what became of it.
 */
export function addValue(
  set: OwnIndicatorSet,
  text: string,
  { kind, skipInvalid }: Pick<ReadOptions, "kind" | "skipInvalid"> = {},
): ReadReport {
  const intake = createIntake(set, "--ioc", "value", true);
  intake.value(text, "", kind);
  const [invalid] = intake.report.invalid;
  if (invalid !== undefined && !skipInvalid) {
    throw new InputError(`Not an IoC: ${JSON.stringify(text)}`, {
      place: { key: "--ioc" },
      hint: `It ${invalid.reason}. IoCs are addresses, networks, domains, URLs, e-mail addresses ` +
        "and hashes; --ioc-type says which.",
    });
  }
  return intake.report;
}
