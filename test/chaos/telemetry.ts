import type { Random } from "./random.ts";

/** Logs that grow, and what a bridge that never dies would find in them. */
export interface Telemetry {
  /** Adds whole events, and at times the beginning of one. */
  grow(events: number): void;
  /** The log gets another name and a new one begins. */
  rotate(): void;
  /** Publishes an indicator by its file. */
  publish(): void;
  /** Ends a line that was begun. */
  finish(): void;
  /** Numbers of events that every sink has to get. */
  expected(): ReadonlySet<number>;
}

/** A domain of events; the first ones are published sooner or later. */
const domain = (number: number) => `bad-${number}.example`;

export function createTelemetry(logs: string, intel: string, random: Random): Telemetry {
  const log = `${logs}/eve.json`;
  const eventsOf = new Map<number, number[]>();
  let domains = 0, number = 0, rotations = 0, begun = "";
  const append = (text: string) => Deno.writeTextFileSync(log, text, { append: true });
  const finish = () => {
    if (begun !== "") append(begun);
    begun = "";
  };
  return {
    grow(events) {
      finish();
      let text = "";
      for (let n = 0; n < events; n++) {
        // Some name what nobody looks for, some what is published only later.
        const about = random.below(domains + 5);
        const name = random.next() < 0.2 ? "good.example" : domain(about);
        number++;
        if (name !== "good.example") eventsOf.set(about, [...eventsOf.get(about) ?? [], number]);
        text += JSON.stringify({
          timestamp: new Date().toISOString().replace("Z", "000+0000"),
          flow_id: number,
          event_type: "dns",
          src_ip: "10.0.0.1",
          dns: { type: "query", rrname: name, note: "x".repeat(random.below(300)) },
        }) + "\n";
      }
      const cut = random.next() < 0.2 ? text.length - 1 - random.below(60) : text.length;
      append(text.slice(0, cut));
      begun = text.slice(cut);
    },
    rotate() {
      finish();
      Deno.renameSync(log, `${log}.${++rotations}`);
      append("");
    },
    publish() {
      const id = `indicator--00000000-0000-4000-8000-${String(domains).padStart(12, "0")}`;
      const at = new Date(Date.now() - 1000).toISOString();
      const stix = {
        type: "indicator",
        spec_version: "2.1",
        id,
        created: at,
        modified: at,
        pattern: `[domain-name:value = '${domain(domains)}']`,
        pattern_type: "stix",
        valid_from: at,
      };
      const file = `${intel}/${domains}.json`;
      Deno.writeTextFileSync(`${file}.new`, JSON.stringify(stix));
      Deno.renameSync(`${file}.new`, file);
      domains++;
    },
    finish,
    expected: () =>
      new Set([...eventsOf].filter(([about]) => about < domains).flatMap(([, numbers]) => numbers)),
  };
}
