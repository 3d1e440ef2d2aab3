import type { Config } from "../config/config.ts";
import { ConfigError } from "../errors.ts";
import type { OwnBusSecurity } from "../threatbus/security.ts";
import type { Mechanism } from "../zmtp/mod.ts";

/**
 * Login or encryption of the embedded bus as the keys `embedded.…` say, for it and for
 * the app in this process; undefined where they say nothing.
 *
 * @throws ConfigError when they don't go together, or a file is not what it should be
 */
export async function embeddedSecurity(config: Config): Promise<OwnBusSecurity | undefined> {
  const keyFile = config["embedded.curve_key_file"];
  const clients = config["embedded.curve_clients"];
  const usersFile = config["embedded.plain_users_file"];
  if (keyFile !== undefined && usersFile !== undefined) {
    fail(
      "embedded.plain_users_file",
      "PLAIN and CURVE can't go together",
      "CURVE knows clients by their keys: see embedded.curve_clients.",
    );
  }
  if (clients !== undefined && keyFile === undefined) {
    fail("embedded.curve_clients", "CURVE needs a certificate of the bus: embedded.curve_key_file");
  }
  if (keyFile === undefined && usersFile === undefined) return undefined;
  const security = await import("../threatbus/security.ts");
  return keyFile === undefined
    ? await security.ownPlainFrom(usersFile!)
    : await security.ownCurveFrom(keyFile, clients);
}

/**
 * Login or encryption towards the Threat Bus as the keys `bus_security.…` say;
 * undefined where they say nothing.
 *
 * @throws ConfigError when they don't go together, or a file is not what it should be
 */
export async function busMechanism(config: Config): Promise<Mechanism | undefined> {
  const user = config["bus_security.plain_user"];
  const password = config["bus_security.plain_password"];
  const passwordFile = config["bus_security.plain_password_file"];
  const keyFile = config["bus_security.curve_key_file"];
  const serverKey = config["bus_security.curve_server_key"];
  const isPlain = (user ?? password ?? passwordFile) !== undefined;
  const isCurve = (keyFile ?? serverKey) !== undefined;
  if (!isPlain && !isCurve) return undefined;
  if (config.bus === "embedded") {
    fail(
      "bus",
      "bus_security is for a bus elsewhere, and this one is embedded",
      "The embedded bus is secured by embedded.curve_key_file or embedded.plain_users_file.",
    );
  }
  if (isPlain && isCurve) {
    fail("bus_security", "PLAIN and CURVE can't go together", "Leave out one of them.");
  }
  const security = await import("../threatbus/security.ts");
  if (isPlain) {
    if (user === undefined) fail("bus_security.plain_user", "A password needs a user");
    if (password !== undefined && passwordFile !== undefined) {
      fail("bus_security.plain_password", "There is a plain_password_file too: which one counts?");
    }
    if (passwordFile !== undefined) return await security.plainClientFrom(user!, passwordFile);
    if (password === undefined) {
      fail(
        "bus_security.plain_password_file",
        "The user has no password",
        "Name a file with it, or set BRIDGE_BUS_SECURITY_PLAIN_PASSWORD.",
      );
    }
    return security.plainClient(user!, password!);
  }
  if (keyFile === undefined) {
    fail(
      "bus_security.curve_key_file",
      "CURVE needs a certificate of our own",
      "Make one with zmq.auth.create_certificates (pyzmq) or zcert (czmq).",
    );
  }
  if (serverKey === undefined) {
    fail(
      "bus_security.curve_server_key",
      "CURVE needs the public key of the bus",
      "Copy the file that ends in .key, without the secret, from where the bus runs.",
    );
  }
  return await security.curveClientFrom(keyFile!, serverKey!);
}

function fail(key: string, message: string, hint?: string): never {
  throw new ConfigError(message, { place: { key }, ...(hint === undefined ? {} : { hint }) });
}
