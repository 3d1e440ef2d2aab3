/** The OASIS reference implementations (Python), in a virtual environment of their own. */
import assert from "node:assert/strict";
import { venv } from "../venv.ts";

const here = new URL(".", import.meta.url).pathname;

/** The reference implementations, or the reason why they can't be had here. */
export const references = await venv("stix", [
  "antlr4-python3-runtime==4.13.2",
  "pytest==9.0.2",
  "stix2==3.0.2",
  "stix2-matcher==3.0.0",
  "stix2-patterns==2.1.2",
]);

function python(): string {
  if (typeof references === "string") throw new Error(references);
  return references.python;
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
  const child = new Deno.Command(python(), {
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
    await new Deno.Command(python(), {
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
