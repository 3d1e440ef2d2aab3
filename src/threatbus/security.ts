/**
 * Login and encryption of bus connections, from files: keys and passwords never
 * stand on a command line, where every user of the machine could read them.
 */
import { ConfigError } from "../errors.ts";
import { reasonOf } from "../system_error.ts";
import {
  curveClient,
  type CurveKeyPair,
  curveKeyPair,
  curveServer,
  decodeKey,
  encodeKey,
  type Mechanism,
  plainClient,
  plainServer,
} from "../zmtp/mod.ts";

/** A bus of our own and the app in the same process, which it lets in whoever else may come. */
export interface OwnBusSecurity {
  readonly server: Mechanism;
  readonly client: Mechanism;
}

/** The same as `curveServerFrom`, and a client with a key pair that lives as long as the process. */
export async function ownCurveFrom(keyFile: string, clients?: string): Promise<OwnBusSecurity> {
  const keys = await readKeyPair(keyFile);
  const own = curveKeyPair();
  const name = encodeKey(own.publicKey);
  const allowed = clients === undefined ? undefined : await clientKeysFrom(clients);
  return {
    server: curveServer(
      keys,
      allowed && ((key) => encodeKey(key) === name || allowed.has(encodeKey(key))),
    ),
    client: curveClient({ ...own, serverKey: keys.publicKey }),
  };
}

/** The same as `plainServerFrom`, and a client with an account that lives as long as the process. */
export async function ownPlainFrom(file: string): Promise<OwnBusSecurity> {
  const [user, password] = [crypto.randomUUID(), crypto.randomUUID()];
  const accounts = await accountsFrom(file);
  return {
    server: plainServer({ ...accounts, [user]: password }),
    client: plainClient(user, password),
  };
}

/** CURVE with our key pair; only clients whose public keys stand in the file or folder, if one is given. */
export async function curveServerFrom(keyFile: string, clients?: string): Promise<Mechanism> {
  const keys = await readKeyPair(keyFile);
  if (clients === undefined) return curveServer(keys);
  const allowed = await clientKeysFrom(clients);
  return curveServer(keys, (key) => allowed.has(encodeKey(key)));
}

async function clientKeysFrom(clients: string): Promise<ReadonlySet<string>> {
  const allowed = new Set<string>();
  for (const file of await certificatesAt(clients)) {
    for (const key of keysIn(await read(file), "public-key", file)) allowed.add(encodeKey(key));
  }
  if (allowed.size === 0) {
    throw new ConfigError("No client's public key is here: nobody could connect", {
      place: { file: clients },
      hint: 'Put in the clients\' public certificates (public-key = "…").',
    });
  }
  return allowed;
}

/** CURVE with our key pair towards a server with the public key in a file. */
export async function curveClientFrom(keyFile: string, serverFile: string): Promise<Mechanism> {
  const keys = await readKeyPair(keyFile);
  const [serverKey] = keysIn(await read(serverFile), "public-key", serverFile);
  return curveClient({ ...keys, serverKey: serverKey! });
}

/** PLAIN with the accounts in a file, one `user:password` a line; `#` begins a comment. */
export async function plainServerFrom(file: string): Promise<Mechanism> {
  return plainServer(await accountsFrom(file));
}

async function accountsFrom(file: string): Promise<Record<string, string>> {
  const accounts: Record<string, string> = Object.create(null);
  for (const [index, line] of (await read(file)).split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const colon = line.indexOf(":");
    if (colon < 1) {
      throw new ConfigError("Not an account", {
        place: { file, line: index + 1 },
        hint: "Write user:password, one a line.",
      });
    }
    accounts[line.slice(0, colon)] = line.slice(colon + 1);
  }
  return accounts;
}

export { plainClient };

/** PLAIN as a user whose password is the first line of a file. */
export async function plainClientFrom(user: string, passwordFile: string): Promise<Mechanism> {
  const [password = ""] = (await read(passwordFile)).split(/\r?\n/);
  if (password === "") {
    throw new ConfigError("There is no password in the first line", {
      place: { file: passwordFile, line: 1 },
    });
  }
  return plainClient(user, password);
}

async function readKeyPair(file: string): Promise<CurveKeyPair> {
  const text = await read(file);
  const [secretKey] = keysIn(text, "secret-key", file);
  const [publicKey] = keysIn(text, "public-key", file);
  return { publicKey: publicKey!, secretKey: secretKey! };
}

/** Keys in the form of ZeroMQ's certificates: `public-key = "<40 letters of Z85>"`. Never empty. */
function keysIn(text: string, name: "public-key" | "secret-key", file: string): Uint8Array[] {
  const matches = [...text.matchAll(new RegExp(`${name}\\s*=\\s*"([^"]*)"`, "g"))];
  if (matches.length === 0) {
    throw new ConfigError(`No ${name} here`, {
      place: { file },
      hint: "Make certificates with zmq.auth.create_certificates (pyzmq) or zcert (czmq).",
    });
  }
  return matches.map(([, key]) => {
    try {
      return decodeKey(key!);
    } catch (error) {
      throw new ConfigError(`The ${name} is not a key: ${(error as Error).message}`, {
        place: { file },
        hint: "A key is 40 letters of Z85.",
      });
    }
  });
}

async function certificatesAt(path: string): Promise<string[]> {
  const info = await Deno.stat(path).catch((error) => notRead(path, error));
  if (!info.isDirectory) return [path];
  const files: string[] = [];
  for await (const entry of Deno.readDir(path)) {
    if (entry.isFile) files.push(`${path}/${entry.name}`);
  }
  return files;
}

async function read(file: string): Promise<string> {
  return await Deno.readTextFile(file).catch((error) => notRead(file, error));
}

function notRead(file: string, error: unknown): never {
  throw new ConfigError(`Can't read the file: ${reasonOf(error)}`, {
    place: { file },
    cause: error,
  });
}
