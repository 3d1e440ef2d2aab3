/** Reads the recordings of the real Threat Bus under `test/fixtures/threatbus`. */

const FOLDER = new URL("../fixtures/threatbus/", import.meta.url);

/** The bytes of a Python literal `b'...'` or `b"..."`. */
export function pythonBytes(literal: string): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  const body = literal.slice(2, -1);
  const escapes: Record<string, number> = { n: 10, r: 13, t: 9, "'": 39, '"': 34, "\\": 92 };
  for (let at = 0; at < body.length; at++) {
    if (body[at] !== "\\") {
      bytes.push(body.charCodeAt(at));
      continue;
    }
    const kind = body[++at]!;
    if (kind === "x") {
      bytes.push(parseInt(body.slice(at + 1, at + 3), 16));
      at += 2;
    } else {
      bytes.push(escapes[kind]!);
    }
  }
  return new Uint8Array(bytes);
}

/** One recorded request with its reply. */
export interface Exchange {
  readonly title: string;
  readonly request: Uint8Array<ArrayBuffer>;
  readonly reply: string;
}

/** All of `01-management.txt`, in order. */
export function managementExchanges(): Exchange[] {
  const text = Deno.readTextFileSync(new URL("01-management.txt", FOLDER));
  const blocks = text.matchAll(/^## (.*)\n> (b'.*')\n< (b'.*')/gm);
  return [...blocks].map(([, title, request, reply]) => ({
    title: title!,
    request: pythonBytes(request!),
    reply: new TextDecoder().decode(pythonBytes(reply!)),
  }));
}

/** One message of a publisher and what each subscriber (I, S, A, L, O) received of it. */
export interface Publication {
  readonly title: string;
  readonly message: Uint8Array<ArrayBuffer>;
  /** By subscriber; subscribers of which nothing is said are left out. */
  readonly received: ReadonlyMap<string, readonly Uint8Array<ArrayBuffer>[]>;
}

/** The one-frame publications of `02-pubsub.txt` and the p2p topics of its subscribers. */
export function publications(): { topics: Map<string, string>; all: Publication[] } {
  const text = Deno.readTextFileSync(new URL("02-pubsub.txt", FOLDER));
  const topics = new Map(
    [...text.matchAll(/^# subscriber (\w): .* ([a-z]{32})$/gm)].map((
      [, name, p2p],
    ) => [name!, p2p!]),
  );
  const all: Publication[] = [];
  for (const block of text.split(/^## /m).slice(1)) {
    const sent = /^> \(\d+ bytes\)\n(b['"].*['"])$/m.exec(block);
    if (sent === null) continue;
    const received = new Map<string, Uint8Array<ArrayBuffer>[]>();
    for (
      const [, name, literal] of block.matchAll(/^< \[(\w)\] (?:nothing|frame.*\n(b['"].*['"]))$/gm)
    ) {
      const list = received.get(name!) ?? [];
      if (literal !== undefined) list.push(pythonBytes(literal));
      received.set(name!, list);
    }
    all.push({ title: block.split("\n", 1)[0]!, message: pythonBytes(sent[1]!), received });
  }
  return { topics, all };
}

/** The bytes of one file of `examples/`. */
export function example(name: string): Uint8Array<ArrayBuffer> {
  return Deno.readFileSync(new URL(`examples/${name}.bin`, FOLDER));
}
