/** The OASIS reference implementations (Python), in a virtual environment of their own. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";

const here = new URL(".", import.meta.url).pathname;

async function run(command: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, {
    args,
    stdout: "null",
    stderr: "piped",
  }).output();
  assert(success, `${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** Path of a Python that has the pinned packages; made once and kept in the cache folder. */
export async function python(): Promise<string> {
  const requirements = await Deno.readTextFile(`${here}requirements.txt`);
  const hash = createHash("sha256").update(requirements).digest("hex").slice(0, 12);
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`;
  const folder = `${cache}/bridge/interop/stix-${hash}`;
  const ready = await Deno.stat(`${folder}/ready`).then(() => true, () => false);
  if (!ready) {
    await Deno.mkdir(folder, { recursive: true });
    await run("python3", ["-m", "venv", folder]);
    await run(`${folder}/bin/pip`, ["install", "-q", "-r", `${here}requirements.txt`]);
    await Deno.writeTextFile(`${folder}/ready`, "");
  }
  return `${folder}/bin/python`;
}

/** An answer; one of the members is there. */
export interface Answer {
  readonly match?: boolean;
  readonly valid?: boolean;
  readonly types?: string[];
  readonly error?: string;
}

/** Puts all questions to the oracle and returns its answers in order. */
export async function ask(questions: readonly unknown[]): Promise<Answer[]> {
  const child = new Deno.Command(await python(), {
    args: [`${here}oracle.py`],
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const writing = new Response(
    questions.map((question) => JSON.stringify(question) + "\n").join(""),
  )
    .body!.pipeTo(child.stdin);
  const output = await new Response(child.stdout).text();
  await writing;
  await child.status;
  const answers: Answer[] = output.trim().split("\n").map((line) => JSON.parse(line));
  assert.equal(answers.length, questions.length);
  return answers;
}

/** Every question that the matcher's own tests ask, with the expected answer. */
export async function publishedCases(): Promise<PublishedCase[]> {
  const file = await Deno.makeTempFile();
  try {
    // Its exit code tells of tests that fail with the validator of today; the answers count.
    await new Deno.Command(await python(), {
      args: [`${here}oracle.py`, "published", file],
      stdout: "null",
      stderr: "null",
    }).output();
    return (await Deno.readTextFile(file)).trim().split("\n").map((line) => JSON.parse(line));
  } finally {
    await Deno.remove(file);
  }
}

export interface PublishedCase {
  readonly pattern: string;
  readonly version: "2.0" | "2.1";
  readonly data: unknown;
  readonly expected: Answer;
}
