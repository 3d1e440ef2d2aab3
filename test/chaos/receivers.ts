/** How the webhook's receiver behaves. */
export type Temper = "well" | "refuses" | "hangs" | "slow" | "dead";

/** A receiver of webhooks that may misbehave. */
export interface Receiver {
  temper: Temper;
  /** Event numbers with how often they came. */
  readonly got: ReadonlyMap<number, number>;
  close(): Promise<void>;
}

/** Notes the numbers of events in NDJSON. */
export function countEvents(text: string, into: Map<number, number>): void {
  for (const line of text.split("\n")) {
    const number = eventNumber(line);
    if (number !== undefined) into.set(number, (into.get(number) ?? 0) + 1);
  }
}

function eventNumber(line: string): number | undefined {
  try {
    return JSON.parse(line).flow_id;
  } catch {
    return undefined; // torn by a crash: the sink writes it again
  }
}

/** Starts the receiver at a port; while dead nobody listens there. */
export function startReceiver(port: number): Receiver {
  const got = new Map<number, number>();
  let temper: Temper = "well";
  let server: { readonly end: AbortController; readonly done: Promise<void> } | undefined;
  const handle = async (request: Request) => {
    const text = await request.text();
    if (temper === "refuses") return new Response("no", { status: 500 });
    if (temper === "hangs") {
      await pauseUntil(() => temper !== "hangs" || server?.end.signal.aborted !== false);
      return new Response("late", { status: 500 });
    }
    countEvents(text, got);
    // It has the events, but the sender is told too late: they come again.
    if (temper === "slow") await new Promise((resolve) => setTimeout(resolve, 1500));
    return new Response();
  };
  const listen = () => {
    const end = new AbortController();
    const { finished } = Deno.serve({
      hostname: "127.0.0.1",
      port,
      signal: end.signal,
      onListen() {},
      onError: () => new Response("torn", { status: 500 }),
    }, handle);
    server = { end, done: finished };
  };
  const stop = async () => {
    const old = server;
    server = undefined;
    old?.end.abort();
    await old?.done;
  };
  listen();
  return {
    got,
    get temper() {
      return temper;
    },
    set temper(next) {
      if (next === "dead" && temper !== "dead") void stop();
      else if (next !== "dead" && temper === "dead") listen();
      temper = next;
    },
    close: stop,
  };
}

/** The child of the process sink: keeps lines, answers each, dies where it is told to. */
export const CHILD = `
while IFS= read -r line; do
  if [ -e "$2/die-before" ]; then rm -f "$2/die-before"; exit 3; fi
  printf '%s\\n' "$line" >> "$1" || exit 4
  if [ -e "$2/die-after" ]; then rm -f "$2/die-after"; kill -9 $$; fi
  echo ok
done
`;

async function pauseUntil(over: () => boolean): Promise<void> {
  while (!over()) await new Promise((resolve) => setTimeout(resolve, 20));
}
