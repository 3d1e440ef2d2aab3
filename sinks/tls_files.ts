import { ConfigError } from "../src/errors.ts";
import { reasonOf } from "../src/system_error.ts";

/** The options of a sink that name files for TLS. */
export interface TlsFileOptions {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** What is in them (PEM), as Deno takes it. */
export interface TlsFiles {
  readonly caCerts?: string[];
  readonly cert?: string;
  readonly key?: string;
}

/** @throws ConfigError when a file can't be read or is no PEM, or a certificate lacks its key */
export async function readTlsFiles({ ca, cert, key }: TlsFileOptions): Promise<TlsFiles> {
  if ((cert === undefined) !== (key === undefined)) {
    throw new ConfigError("The options cert and key belong together", {
      place: { key: cert === undefined ? "key" : "cert" },
      hint: "Name the certificate and its key.",
    });
  }
  return {
    ...(ca === undefined ? {} : { caCerts: [await readPem(ca, "CERTIFICATE")] }),
    ...(cert === undefined
      ? {}
      : { cert: await readPem(cert, "CERTIFICATE"), key: await readPem(key!, "PRIVATE KEY") }),
  };
}

async function readPem(path: string, what: "CERTIFICATE" | "PRIVATE KEY"): Promise<string> {
  const text = await Deno.readTextFile(path).catch((error) => {
    throw new ConfigError(`Can't read it: ${reasonOf(error)}`, {
      place: { file: path },
      cause: error,
    });
  });
  if (new RegExp(`^-----BEGIN (?:[A-Z]+ )?${what}-----`, "m").test(text)) return text;
  throw new ConfigError(`There is no ${what.toLowerCase()} in it`, {
    place: { file: path },
    hint: `Give it as PEM, which has a line -----BEGIN ${what}-----.`,
  });
}
