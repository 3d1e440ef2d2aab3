import { oneLine } from "../../src/controls.ts";
import type { Delivery } from "../sink.ts";

/** Facilities by their number (RFC 5424, table 1). */
export const FACILITIES = [
  "kern",
  "user",
  "mail",
  "daemon",
  "auth",
  "syslog",
  "lpr",
  "news",
  "uucp",
  "cron",
  "authpriv",
  "ftp",
  "ntp",
  "security",
  "console",
  "clock",
  "local0",
  "local1",
  "local2",
  "local3",
  "local4",
  "local5",
  "local6",
  "local7",
] as const;

/** Severities by their number (RFC 5424, table 2). */
export const SEVERITIES = [
  "emergency",
  "alert",
  "critical",
  "error",
  "warning",
  "notice",
  "info",
  "debug",
] as const;

/** What all messages of a sink have in common. */
export interface Envelope {
  /** RFC 5424, RFC 3164, or the latter as a machine's own daemon reads it: without the host. */
  readonly form: "rfc5424" | "rfc3164" | "local";
  readonly facility: string;
  readonly severity: string;
  readonly hostname: string;
  readonly appName: string;
  readonly structuredData: boolean;
  /** Longest message in bytes; longer ones are cut and marked; 0 is unlimited. */
  readonly maxSize: number;
}

/** 32473 is the enterprise number for documentation (RFC 5612); bridge has none of its own. */
const SD_ID = "bridge@32473";
const LONGEST_PARAMETER = 1024;

const encoder = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true });
const lenient = new TextDecoder();

/** A syslog message around a delivery. */
export function encodeMessage(delivery: Delivery, envelope: Envelope, now: number): Uint8Array {
  const body = cleanBody(delivery.body);
  const whole = encoder.encode(header(delivery, envelope, now, false));
  if (envelope.maxSize === 0 || whole.length + body.length <= envelope.maxSize) {
    return join(whole, body);
  }
  const cut = encoder.encode(header(delivery, envelope, now, true));
  return join(cut, cutUtf8(body, Math.max(0, envelope.maxSize - cut.length)));
}

function header(delivery: Delivery, envelope: Envelope, now: number, cut: boolean): string {
  const facility = (FACILITIES as readonly string[]).indexOf(envelope.facility);
  const severity = (SEVERITIES as readonly string[]).indexOf(envelope.severity);
  const priority = `<${facility * 8 + severity}>`;
  const host = token(envelope.hostname, 255);
  if (envelope.form === "rfc5424") {
    return `${priority}1 ${new Date(now).toISOString()} ${host} ${token(envelope.appName, 48)} ` +
      `${Deno.pid} ${delivery.matchType} ${structuredData(delivery, envelope, cut)} `;
  }
  // The tag ends at what is no letter or digit (RFC 3164, section 4.1.3).
  const tag = `${token(envelope.appName, 32).replace(/[[\]:]/g, "_")}[${Deno.pid}]:`;
  return `${priority}${bsdTime(new Date(now))} ${
    envelope.form === "local" ? "" : `${host} `
  }${tag} `;
}

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** `Nov  1 08:00:00`, in the time of this machine (RFC 3164, section 4.1.2). */
function bsdTime(time: Date): string {
  const day = String(time.getDate()).padStart(2, " ");
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map((part) => String(part).padStart(2, "0")).join(":");
  return `${MONTHS[time.getMonth()]} ${day} ${clock}`;
}

function structuredData(delivery: Delivery, envelope: Envelope, cut: boolean): string {
  if (!envelope.structuredData) return "-";
  const parameters = {
    id: delivery.id,
    ioc: delivery.ioc.slice(0, LONGEST_PARAMETER),
    indicator: delivery.indicatorId,
    ...(cut ? { truncated: "true" } : {}),
  };
  const texts = Object.entries(parameters).map(([name, value]) => ` ${name}="${escape(value)}"`);
  return `[${SD_ID}${texts.join("")}]`;
}

/** Escapes a parameter's value (section 6.3.3); controls could end the message in some receivers. */
function escape(value: string): string {
  return oneLine(value).replace(/["\\\]]/g, "\\$&");
}

/** A header field: printable ASCII without blanks, `-` if nothing is left (section 6). */
function token(text: string, longest: number): string {
  return text.replace(/[^\x21-\x7e]/g, "_").slice(0, longest) || "-";
}

/**
 * The body as MSG: valid UTF-8 without control characters. Formats make no others,
 * but an event's own bytes may hold them; a control becomes its JSON escape.
 */
function cleanBody(body: Uint8Array): Uint8Array {
  if (body.every((byte) => byte >= 0x20 && byte < 0x7f)) return body;
  // deno-lint-ignore no-control-regex
  const controls = /[\u0000-\u001f\u007f]/g;
  const text = decode(body);
  const clean = (text ?? lenient.decode(body)).replace(
    controls,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return clean === text ? body : encoder.encode(clean);
}

function decode(body: Uint8Array): string | undefined {
  try {
    return strict.decode(body);
  } catch {
    return undefined;
  }
}

/** Cuts at the end of a character. */
function cutUtf8(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length <= length) return bytes;
  while (length > 0 && (bytes[length]! & 0xc0) === 0x80) length--;
  return bytes.subarray(0, length);
}

function join(head: Uint8Array, body: Uint8Array): Uint8Array {
  const joined = new Uint8Array(head.length + body.length);
  joined.set(head);
  joined.set(body, head.length);
  return joined;
}
