/** Indicators of all kinds for benchmarks, some of which the recorded events hold. */
import type { Observable } from "../../src/match/observable.ts";

const SEEN: readonly Observable[] = [
  { kind: "ipv4", value: "72.247.178.26" },
  { kind: "domain", value: "lvb.avg.com" },
  { kind: "url", value: "http://lvb.avg.com/api.aspx" },
  { kind: "md5", value: "70041821acf87389e40ddcb092004184" },
  { kind: "domain", value: "youtube-ui.l.google.com" },
];

/** So many observables: 40 % addresses, 30 % domains, 15 % URLs, 15 % hashes. */
export function mixedObservables(count: number): Observable[] {
  const made = Array.from({ length: count - SEEN.length }, (_, n): Observable => {
    const part = n % 20;
    if (part < 8) {
      return { kind: "ipv4", value: `100.${64 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}` };
    }
    if (part < 14) return { kind: "domain", value: `host-${n}.bad.example` };
    if (part < 17) return { kind: "url", value: `http://host-${n}.bad.example/gate.php?id=${n}` };
    return { kind: "md5", value: n.toString(16).padStart(32, "c0ffee") };
  });
  return [...SEEN, ...made];
}
