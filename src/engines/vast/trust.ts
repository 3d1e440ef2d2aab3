import { getLogger } from "../../log.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../json.ts";
import { VastError } from "./errors.ts";
import { isAskable, layoutOf, type Layouts, list, quote } from "./predicates.ts";

/**
 * What is known of how a node takes query forms that no recording shows. Each has
 * a recorded form to fall back to, used once the node refuses it or is found to
 * answer it with silence; that is said once and remembered.
 */
export interface Trust {
  /** Lists of texts on fields by name (`named_forms.ts`); else `:string in […]`, fewer at once. */
  readonly named: boolean;
  distrustNamed(why: string): void;
  /** Events of the layout are read, as its lists can't be asked for single values. */
  isSwept(layout: string): boolean;
  sweep(layout: string, why: string): void;
  /** The stream of all new events; else the past is asked again and again. */
  readonly stream: boolean;
  distrustStream(why: string): void;
  /**
   * Asks for values that the node is known to hold, once; resolves with whether lists on
   * named fields may be trusted.
   */
  check(ask: AskRows, layouts: Layouts): Promise<boolean>;
}

/** Asks the node for at most so many rows. */
export type AskRows = (query: string, maxEvents: number) => Promise<readonly JsonObject[]>;

/** A field by which a form is tried; the form may be a concept that holds the field. */
interface Trial {
  readonly field: string;
  readonly form: string;
}

/** Fields that few events lack. */
const FIELDS: readonly Trial[] = [
  "zeek.http.host",
  "zeek.dns.query",
  "suricata.http.http.hostname",
  "suricata.dns.dns.rrname",
  "suricata.tls.tls.sni",
  "zeek.ssl.server_name",
  "zeek.smtp.helo",
  "zeek.files.mime_type",
].map((field) => ({ field, form: field }));

const HASHES: readonly Trial[] = ["md5", "sha1", "sha256"].map((kind) => ({
  field: `suricata.fileinfo.fileinfo.${kind}`,
  form: `file.hash.${kind}`,
}));

/** So many events are looked through for a value. */
const SAMPLE = 20;

/** Trusts all forms at first. */
export function createTrust(endpoint: string): Trust {
  const logger = getLogger(["bridge", "vast"]);
  const swept = new Set<string>();
  let named = true;
  let stream = true;
  let checking: Promise<void> | undefined;
  /** The forms that a node without such events could not show yet. */
  let open = [FIELDS, HASHES];

  const trust: Trust = {
    get named() {
      return named;
    },
    distrustNamed(why) {
      if (!named) return;
      named = false;
      logger
        .warn`VAST at ${endpoint} ${why}; texts are looked for in all its fields instead, fewer at once`;
    },
    isSwept: (layout) => swept.has(layout),
    sweep(layout, why) {
      if (swept.has(layout)) return;
      swept.add(layout);
      logger.warn`VAST at ${endpoint} ${why}; events of ${layout} are read instead`;
    },
    get stream() {
      return stream;
    },
    distrustStream(why) {
      if (!stream) return;
      stream = false;
      logger.warn`VAST at ${endpoint} ${why}; it is asked for new events again and again instead`;
    },
    async check(ask, layouts) {
      if (!named || open.length === 0) return named;
      checking ??= tryForms(ask, layouts).finally(() => checking = undefined);
      await checking;
      return named;
    },
  };

  async function tryForms(ask: AskRows, layouts: Layouts): Promise<void> {
    const verdicts = await Promise.all(open.map((trials) => verdictOf(trials, ask, layouts)));
    open = open.filter((_, index) => verdicts[index] === "unknown");
    const failed = verdicts.find((verdict) => typeof verdict === "object");
    if (failed) trust.distrustNamed(failed.why);
  }
  return trust;
}

type Verdict = "works" | "unknown" | { readonly why: string };

async function verdictOf(
  trials: readonly Trial[],
  ask: AskRows,
  layouts: Layouts,
): Promise<Verdict> {
  const known = trials.filter(({ field }) =>
    layouts === undefined || (layouts.get(layoutOf(field)) ?? 0) > 0
  );
  for (const { field, form } of known.slice(0, 3)) {
    const layout = layoutOf(field);
    const rows = await ask(`#type == ${quote(layout)}`, SAMPLE);
    const value = rows.map((row) => valueAt(row, field.slice(layout.length + 1)))
      .find((value) => typeof value === "string" && isAskable(value));
    if (typeof value !== "string") continue;
    const [query] = list(form, [value, "bridge.invalid"].map(quote));
    try {
      if ((await ask(query!, 1)).length > 0) return "works";
      if ((await ask(`${form} == ${quote(value)}`, 1)).length === 0) continue;
      return { why: `finds nothing by ${form} in […] though it is there` };
    } catch (error) {
      if (error instanceof VastError && error.failure === "refused") {
        return { why: `refuses ${form} in […]` };
      }
      throw error;
    }
  }
  return "unknown";
}

/** Fields of Suricata are nested, those of Zeek flat. */
function valueAt(row: JsonObject, path: string): JsonValue | undefined {
  if (path in row) return row[path];
  let value: JsonValue | undefined = row;
  for (const key of path.split(".")) value = isJsonObject(value) ? value[key] : undefined;
  return value;
}
