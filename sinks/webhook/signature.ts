/** What Standard Webhooks 1.0.0 asks of a request: its id, its time, and that both are signed. */
import { Buffer } from "node:buffer";
import { ConfigError } from "../../src/errors.ts";
import { reasonOf } from "../../src/system_error.ts";
import type { SinkContext } from "../sink.ts";

const HMAC = { name: "HMAC", hash: "SHA-256" };

/** Where the secrets are. */
export interface SecretOptions {
  /** An environment variable, unless there is a file. */
  readonly secret_env: string;
  readonly secret_file?: string | undefined;
}

/**
 * Secrets as Standard Webhooks writes them: base64, usually after `whsec_`; none where the
 * variable is unset.
 *
 * @throws ConfigError when the file can't be read, or what it holds is no secret
 */
export async function readSecrets(
  options: SecretOptions,
  { env }: SinkContext,
): Promise<CryptoKey[]> {
  const text = options.secret_file === undefined
    ? env(options.secret_env) ?? ""
    : await readText(options.secret_file);
  const words = text.split(/\s+/).filter((word) => word !== "");
  return await Promise.all(words.map((word) => {
    const base64 = word.replace(/^whsec_/, "");
    const secret = Buffer.from(base64, "base64");
    if (secret.length >= 16 && /^[A-Za-z0-9+/]+={0,2}$/.test(base64)) {
      return crypto.subtle.importKey("raw", secret, HMAC, false, ["sign"]);
    }
    throw new ConfigError("Not a webhook secret: expected whsec_ and base64 of at least 16 bytes", {
      place: options.secret_file === undefined
        ? { key: `environment ${options.secret_env}` }
        : { file: options.secret_file },
      hint: "Make one with: echo whsec_$(openssl rand -base64 32)",
    });
  }));
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new ConfigError(`Can't read it: ${reasonOf(error)}`, {
      place: { file: path },
      cause: error,
    });
  }
}

/** Adds the headers of a request; one signature for each secret in use. */
export async function sign(
  headers: Headers,
  id: string,
  body: Uint8Array,
  secrets: readonly CryptoKey[],
): Promise<void> {
  const seconds = Math.floor(Date.now() / 1000);
  headers.set("webhook-id", id);
  headers.set("webhook-timestamp", String(seconds));
  if (secrets.length === 0) return;
  const signed = Buffer.concat([Buffer.from(`${id}.${seconds}.`), body]);
  const signatures = await Promise.all(secrets.map(async (secret) => {
    const signature = await crypto.subtle.sign("HMAC", secret, signed);
    return `v1,${Buffer.from(signature).toString("base64")}`;
  }));
  headers.set("webhook-signature", signatures.join(" "));
}
