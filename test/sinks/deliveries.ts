import type { Delivery } from "../../sinks/sink.ts";

const encoder = new TextEncoder();

/** Values that break naive sinks: as IoC in placeholders, and inside bodies. */
export const HOSTILE: readonly string[] = [
  'it\'s "quoted"',
  "two words --extra injected",
  "-rf",
  "--ioc=other",
  "a;touch pwned",
  "$(touch pwned) `touch pwned` ${HOME}",
  "a | cat > pwned && true",
  "line\nbreak\r\nX-Injected: yes",
  "<34>1 2026-11-21T00:00:00Z forged app - - - line",
  "nul\u0000inside",
  "\u001b[31mred\u001b]0;title\u0007",
  "=cmd|' /C calc'!A0",
  "+1+1",
  "@SUM(A1)",
  '"] [evil@1 a="b',
  "back\\slash\\",
  "%ioc %matchtype %s %n",
  "bidi\u202eevil",
  "\ud800 lone surrogate",
  "x".repeat(200_000),
];

/** Makes a delivery whose body is the given text, or bytes. */
export function delivery(id: number, body: string | Uint8Array, ioc = "evil.example"): Delivery {
  return {
    id: `00000000-0000-5000-8000-${String(id).padStart(12, "0")}`,
    body: typeof body === "string" ? encoder.encode(body) : body,
    ioc,
    matchType: "RETRO",
    indicatorId: "indicator--00000000-0000-4000-8000-000000000001",
  };
}

/** `{"n":from}`, … in order. */
export function deliveries(from: number, count: number): Delivery[] {
  return Array.from({ length: count }, (_, at) => delivery(from + at, `{"n":${from + at}}`));
}
