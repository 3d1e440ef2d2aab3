/** Where a bus may listen. */
import { UsageError } from "../../errors.ts";

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[|\]$/g, "");
  return name === "localhost" || name === "::1" || /^127(?:\.\d{1,3}){3}$/.test(name);
}

/** Throws a `UsageError` unless the address is safe without encryption and login, or the user insists. */
export function checkBind(host: string, secured: boolean, insecure: boolean): void {
  if (secured || insecure || isLoopback(host)) return;
  throw new UsageError(
    `Refusing to open the bus on ${host} without CURVE or PLAIN: anyone who reaches it could ` +
      "read all intelligence and inject or remove indicators",
    { hint: "Listen on 127.0.0.1, set up CURVE, or pass --insecure if the network is trusted." },
  );
}
