/** Python environments with the real peers, made once and kept in the user's cache. */

/** Which Python the peers need: 3.11 runs all of them. */
const PYTHONS = ["python3.11", "python3.10", "python3.12", "python3"];

/** An environment that is ready. */
export interface Venv {
  /** Path of its interpreter. */
  readonly python: string;
  /** Path of one of its scripts. */
  readonly script: (name: string) => string;
}

/**
 * Makes (or finds) the environment with these pinned requirements. Resolves with the
 * reason, as a text, when it can't be had on this machine: tests then say so and skip.
 */
export async function venv(name: string, requirements: readonly string[]): Promise<Venv | string> {
  const python = await findPython();
  if (python === undefined) return "no Python 3.10 to 3.12 on this machine";
  const folder = `${cacheFolder()}/${name}-${await digest([python, ...requirements].join("\n"))}`;
  const ready: Venv = {
    python: `${folder}/bin/python`,
    script: (script) => `${folder}/bin/${script}`,
  };
  await Deno.mkdir(cacheFolder(), { recursive: true });
  using lock = await Deno.open(`${folder}.lock`, { create: true, write: true });
  await lock.lock(true);
  if (await exists(`${folder}/complete`)) return ready;
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  const problem = await run(python, ["-m", "venv", folder]) ??
    await run(ready.python, ["-m", "pip", "install", "--quiet", ...requirements]);
  if (problem !== undefined) return problem;
  await Deno.writeTextFile(`${folder}/complete`, requirements.join("\n"));
  return ready;
}

async function findPython(): Promise<string | undefined> {
  for (const python of PYTHONS) {
    const check = "import sys, venv; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))";
    if (await run(python, ["-c", check]) === undefined) return python;
  }
  return undefined;
}

function cacheFolder(): string {
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`;
  return `${cache}/bridge-interop`;
}

async function digest(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return encodeHex(new Uint8Array(hash)).slice(0, 12);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** Runs a command; what it printed if it failed. */
async function run(command: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { success, stderr } = await new Deno.Command(command, { args: [...args] }).output();
    return success
      ? undefined
      : `${command} ${args[0]}: ${new TextDecoder().decode(stderr).trim()}`;
  } catch (error) {
    return `${command}: ${(error as Error).message}`;
  }
}

function encodeHex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
