const NAMES = ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"];

/** Whether a path stands for standard input: `-`, or one of the names that Linux has for it. */
export function isStandardInput(path: string): boolean {
  return NAMES.includes(path);
}

/** All of standard input as text. */
export async function readStandardInput(): Promise<string> {
  return await new Response(Deno.stdin.readable).text();
}
