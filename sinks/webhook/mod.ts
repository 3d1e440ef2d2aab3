import { Buffer } from "node:buffer";
import type { Values } from "../../src/config/config.ts";
import type { OptionTable } from "../../src/config/options.ts";
import { ConfigError } from "../../src/errors.ts";
import { reasonOf } from "../../src/system_error.ts";
import { stixUuid } from "../../src/stix/ids.ts";
import { withTimeout } from "../../src/wait.ts";
import { readForm } from "../form.ts";
import {
  type Delivery,
  type Sink,
  type SinkContext,
  SinkError,
  type SinkModule,
  type SinkSpec,
} from "../sink.ts";
import { readTlsFiles } from "../tls_files.ts";
import { placeOf } from "./place.ts";
import { readSecrets, sign } from "./signature.ts";

const OPTIONS = {
  url: {
    type: "string",
    required: true,
    secret: true,
    doc: "Where to POST to, through the proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name; " +
      "logs, metrics and the spool show the host and a hash of the rest, which may be a secret",
  },
  payload: {
    type: "string",
    choices: ["array", "lines", "each"],
    default: "array",
    doc: "Body of a request: a JSON array of matches, a match a line, or one match alone",
  },
  batch_size: { type: "integer", minimum: 1, default: 100, doc: "Most matches in a request" },
  batch_bytes: {
    type: "bytes",
    default: "1MiB",
    doc: "Most bytes in a request of several matches",
  },
  headers: {
    type: "map",
    secret: true,
    doc: "More headers; ${NAME} in a value is taken from the environment",
    example: "Authorization=Bearer ${WEBHOOK_TOKEN}",
  },
  secret_env: {
    type: "string",
    default: "BRIDGE_WEBHOOK_SECRET",
    doc: "Environment variable with the Standard Webhooks secrets (whsec_…), blanks between " +
      "several while keys rotate; unset signs nothing",
  },
  secret_file: { type: "string", doc: "File with the secrets instead" },
  ca: { type: "string", doc: "File with the CA's certificates, besides the system's" },
  cert: { type: "string", doc: "File with our certificate" },
  key: { type: "string", doc: "File with the key of our certificate" },
  timeout: { type: "duration", default: "15s", doc: "Longest wait for an answer; 0 is unlimited" },
} as const satisfies OptionTable;

type Options = Values<typeof OPTIONS>;

export const spec: SinkSpec = {
  name: "webhook",
  summary: "HTTP POST in batches, signed as Standard Webhooks",
  forms: [
    "https://HOST/PATH",
    "https://HOST/PATH#payload=lines&batch_size=500",
    "http://HOST/PATH",
  ],
  options: OPTIONS,
  guarantee: "at-least-once",
  confirms: "the receiver answered 2xx; retries carry the same webhook-id",
  examples: ["https://soc.example/hooks/bridge", "http://localhost:8080/hits#payload=each"],
};

export function parse(form: string): Record<string, unknown> {
  const { rest, options } = readForm(form, "#");
  return { ...options, url: rest.replace(/^webhook:/i, "") };
}

export function label({ url }: Record<string, unknown>): Promise<string> {
  return placeOf(String(url));
}

/** Answers by which the receiver refuses this very payload: another try would meet the same. */
const REFUSED = [400, 413, 415, 422];
const REDIRECTS = [307, 308];
const MOST_REDIRECTS = 3;

export const open: SinkModule["open"] = async (raw, context) => {
  const options = raw as unknown as Options;
  const url = parseUrl(options.url);
  const headers = fillHeaders(options.headers ?? {}, context);
  if (url.username !== "") headers.set("authorization", basicAuth(url));
  [url.username, url.password] = ["", ""];
  const secrets = await readSecrets(options, context);
  const client = await createClient(options);
  const place = await placeOf(options.url);
  let disabled = false;
  let closed = false;

  async function headersFor(id: string, body: Uint8Array): Promise<Headers> {
    const all = new Headers(headers);
    if (!all.has("content-type")) all.set("content-type", TYPES[options.payload]);
    if (!all.has("user-agent")) all.set("user-agent", "bridge");
    await sign(all, id, body, secrets);
    return all;
  }

  async function post(batch: readonly Delivery[], signal: AbortSignal): Promise<void> {
    if (disabled) throw new Error("the receiver wants no more (410 Gone)");
    const body = bodyOf(batch, options.payload);
    const id = batch.length === 1 ? batch[0]!.id : stixUuid(...batch.map((one) => `${one.id}\n`));
    const limit = withTimeout(signal, options.timeout);
    let target = url;
    for (let redirects = 0;; redirects++) {
      const response = await fetch(target, {
        method: "POST",
        headers: await headersFor(id, body),
        body: body as Uint8Array<ArrayBuffer>,
        redirect: "manual",
        signal: limit,
        client,
      });
      await response.body?.cancel();
      if (!REDIRECTS.includes(response.status)) return judge(response);
      target = follow(response, target, redirects);
    }
  }

  function judge(response: Response): void {
    const { ok, status, statusText } = response;
    if (ok) return;
    disabled = status === 410;
    const wait = retryAfterOf(response, Date.now());
    throw new SinkError(`it answered ${status} ${statusText}`.trimEnd(), {
      retryable: !disabled && !REFUSED.includes(status) && !(status >= 300 && status < 400),
      ...(wait === undefined ? {} : { retryAfter: wait }),
    });
  }

  const sink: Sink = {
    async write(batch, signal, progress) {
      let sent = 0;
      try {
        signal.throwIfAborted();
        for (const part of partsOf(batch, options)) {
          await post(part, signal);
          sent += part.length;
          // Before the next request, so that a crash repeats one at most.
          await progress?.(part.length);
        }
      } catch (error) {
        throw problem(place, error, batch.slice(sent), disabled);
      }
    },
    close() {
      if (!closed) client.close();
      closed = true;
      return Promise.resolve();
    },
  };
  return sink;
};

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && (url.protocol === "https:" || url.protocol === "http:")) return url;
  throw new ConfigError("Not an http or https URL", { place: { key: "url" } });
}

function basicAuth({ username, password }: URL): string {
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(pair).toString("base64")}`;
}

function fillHeaders(given: Readonly<Record<string, string>>, { env }: SinkContext): Headers {
  const headers = new Headers();
  for (const [name, text] of Object.entries(given)) {
    const value = text.replace(/\$\{(\w+)\}/g, (_, variable: string) => {
      const found = env(variable);
      if (found !== undefined) return found;
      throw new ConfigError(`The environment has no ${variable}`, {
        place: { key: `headers.${name}` },
        hint: "Set the variable, or write the header without it.",
      });
    });
    try {
      headers.set(name, value);
    } catch {
      // The value is not shown: it may be a secret.
      throw new ConfigError("Not a valid header", { place: { key: `headers.${name}` } });
    }
  }
  return headers;
}

async function createClient(options: Options): Promise<Deno.HttpClient> {
  const files = await readTlsFiles(options);
  try {
    return Deno.createHttpClient(files as Deno.CreateHttpClientOptions);
  } catch (error) {
    throw new ConfigError(`The files for TLS can't be used: ${reasonOf(error)}`, { cause: error });
  }
}

/** Cuts a batch into requests. */
function* partsOf(batch: readonly Delivery[], options: Options): Iterable<readonly Delivery[]> {
  const most = options.payload === "each" ? 1 : options.batch_size;
  let part: Delivery[] = [];
  let bytes = 0;
  for (const delivery of batch) {
    const size = delivery.body.length + 1;
    if (part.length >= most || (part.length > 0 && bytes + size > options.batch_bytes)) {
      yield part;
      [part, bytes] = [[], 0];
    }
    part.push(delivery);
    bytes += size;
  }
  if (part.length > 0) yield part;
}

const decoder = new TextDecoder();

function bodyOf(batch: readonly Delivery[], payload: Options["payload"]): Uint8Array {
  const texts = batch.map((delivery) => decoder.decode(delivery.body));
  if (payload === "array") return Buffer.from(`[${texts.map(asJson).join(",")}]`);
  return Buffer.from(payload === "each" ? texts[0]! : texts.join("\n") + "\n");
}

/** Formats for people (csv, table) go into an array as strings. */
function asJson(text: string): string {
  return /^\s*[{[]/.test(text) ? text : JSON.stringify(text);
}

const TYPES = {
  array: "application/json",
  each: "application/json",
  lines: "application/x-ndjson",
};

/** Goes on at the same origin only: another host must get neither matches nor credentials. */
function follow(response: Response, from: URL, redirects: number): URL {
  const target = URL.parse(response.headers.get("location") ?? "", from);
  if (target?.origin === from.origin && redirects < MOST_REDIRECTS) return target;
  throw new SinkError(
    target?.origin === from.origin
      ? "it redirects without end"
      : `it redirects to another host (${target?.origin ?? "nowhere"}), which is refused`,
    { retryable: false, hint: "Name the URL that it redirects to, if you trust it." },
  );
}

/** Retry-After in seconds or as a date (RFC 9110, section 10.2.3), as ms from now. */
function retryAfterOf(response: Response, now: number): number | undefined {
  const text = response.headers.get("retry-after");
  if (text === null) return undefined;
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

function problem(
  place: string,
  error: unknown,
  undelivered: readonly Delivery[],
  disabled: boolean,
): SinkError {
  const { name, message } = error as Error;
  const own = error instanceof SinkError ? error : undefined;
  const reason = own?.message ?? (name === "TimeoutError" ? "no answer in time" : inShort(message));
  return new SinkError(`The webhook ${place} failed: ${reason}`, {
    undelivered,
    retryable: own?.retryable ?? !disabled,
    ...(own?.retryAfter === undefined ? {} : { retryAfter: own.retryAfter }),
    ...(own?.hint === undefined ? {} : { hint: own.hint }),
    ...(own === undefined ? {} : { cause: own }),
  });
}

/** What fetch() says, without the URL, whose query may hold a token, and without its layers. */
function inShort(text: string): string {
  return text.replace(/https?:\/\/[^\s)]+/g, "(its URL)")
    .replace(/^error sending request.*?: client error \(\w+\): /s, "")
    .replace(/^(?:(?:tcp connect|connection|dns) error: )+/, "")
    .replace(/ \(os error \d+\)/g, "").replace(/^(.+): \1$/, "$1");
}
