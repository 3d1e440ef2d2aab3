import { getLogger } from "../log.ts";

const logger = getLogger(["bridge", "systemd"]);

/** Tells systemd how the process is (sd_notify(3)). */
export interface SystemdNotifier {
  ready(status: string): Promise<void>;
  status(text: string): Promise<void>;
  stopping(): Promise<void>;
}

/**
 * A notifier for `Type=notify` units, silent when not started by systemd.
 * `systemd-notify` is called, since Deno can't send to an existing unix datagram
 * socket; the unit needs `NotifyAccess=all`. Feeds the watchdog at half its
 * period while `alive` holds, until the signal aborts.
 */
export function createSystemdNotifier(
  env: (name: string) => string | undefined,
  alive: () => boolean,
  signal: AbortSignal,
): SystemdNotifier {
  const active = env("NOTIFY_SOCKET") !== undefined;
  let told = false;
  const notify = async (...args: string[]) => {
    if (!active) return;
    try {
      const { success } = await new Deno.Command("systemd-notify", {
        args: [`--pid=${Deno.pid}`, ...args],
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).output();
      if (!success) throw new Error("systemd-notify failed");
    } catch (error) {
      if (!told) logger.warn("Can't notify systemd: {error}", { error });
      told = true;
    }
  };
  const watchdog = Number(env("WATCHDOG_USEC") ?? 0) / 1000;
  if (active && watchdog > 0) {
    const timer = setInterval(() => alive() && void notify("WATCHDOG=1"), watchdog / 2);
    signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  }
  return {
    ready: (status) => notify("--ready", `--status=${status}`),
    status: (text) => notify(`--status=${text}`),
    stopping: () => notify("STOPPING=1"),
  };
}
