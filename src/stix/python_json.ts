/**
 * JSON spelt as Python's `json.dumps` (and with it `stix2`) spells it: `", "` and
 * `": "` between parts, ASCII only. Threat Bus apps compare and log such texts,
 * so what we send is the same byte for byte.
 */
import type { JsonValue } from "../json.ts";

/** The top-level members of a JSON object: name to value, the value in Python's spelling. */
export type Members = Map<string, string>;

const PLAIN = /^[ !#-[\]-~]*$/;
const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/** A string with its quotes; everything outside printable ASCII becomes `\uXXXX` (UTF-16 units). */
export function pythonString(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  const escaped = text.replace(/[^ !#-[\]-~]/g, (unit) => SHORT_ESCAPES[unit] ?? hexEscape(unit));
  return `"${escaped}"`;
}

function hexEscape(unit: string): string {
  return "\\u" + unit.charCodeAt(0).toString(16).padStart(4, "0");
}

/** A float as Python's `repr` writes it: exponent form outside 1e-4 ≤ |x| < 1e16, always with `.` or `e`. */
export function pythonFloat(value: number): string {
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [mantissa, exponentText] = value.toExponential().split("e") as [string, string];
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 16) {
    const digits = String(Math.abs(exponent)).padStart(2, "0");
    return `${mantissa}e${exponent < 0 ? "-" : "+"}${digits}`;
  }
  return plainDecimal(mantissa, exponent);
}

function plainDecimal(mantissa: string, exponent: number): string {
  const sign = mantissa.startsWith("-") ? "-" : "";
  const digits = mantissa.replace(/[-.]/g, "");
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, "0");
  return `${sign}${whole}.${digits.slice(exponent + 1) || "0"}`;
}

/** A value in Python's spelling. Whole numbers come out as integers (JavaScript can't tell 1.0 from 1). */
export function pythonJson(value: JsonValue): string {
  if (typeof value === "string") return pythonString(value);
  if (typeof value === "number") return pythonNumber(value);
  if (value === null || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(", ")}]`;
  const parts: string[] = [];
  for (const [name, member] of Object.entries(value)) {
    if (member !== undefined) parts.push(`${pythonString(name)}: ${pythonJson(member)}`);
  }
  return `{${parts.join(", ")}}`;
}

function pythonNumber(value: number): string {
  if (Number.isSafeInteger(value)) return String(value);
  if (!Number.isFinite(value)) throw new RangeError(`Cannot write ${value} as JSON`);
  return pythonFloat(value);
}

/**
 * Respells a JSON text without reading it into values, so nothing is lost: big
 * integers, the order of number-like names and doubled names stay.
 *
 * `text` must be valid JSON (parse it first). Throws `RangeError` for a number
 * that no float holds.
 */
export function respell(text: string): string {
  return new Respeller(text).value();
}

/** Respells the members of a JSON object; `text` must be a valid JSON object. A doubled name: the last counts. */
export function respellMembers(text: string): Members {
  return new Respeller(text).members();
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/** One pass over a text known to be valid JSON. A class because the scan shares a position. */
class Respeller {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  members(): Members {
    const members: Members = new Map();
    this.#skipSpace();
    this.#at++; // {
    for (;;) {
      this.#skipSpace();
      if (this.#text.charCodeAt(this.#at) !== QUOTE) return members; // }
      const name = this.#string();
      this.#skipSpace();
      this.#at++; // :
      members.set(JSON.parse(name), this.value());
      this.#skipSpace();
      if (this.#text.charCodeAt(this.#at++) !== COMMA) return members; // }
    }
  }

  /** The next whole value. Loops instead of recursing, so depth costs no stack. */
  value(): string {
    let out = "";
    let depth = 0;
    do {
      this.#skipSpace();
      const code = this.#text.charCodeAt(this.#at);
      if (code === QUOTE) {
        out += this.#string();
      } else if (code === 0x7b || code === 0x5b) {
        depth++;
        out += this.#text[this.#at++];
      } else if (code === 0x7d || code === 0x5d) {
        depth--;
        out += this.#text[this.#at++];
      } else if (code === COMMA) {
        this.#at++;
        out += ", ";
      } else if (code === COLON) {
        this.#at++;
        out += ": ";
      } else {
        out += this.#scalar();
      }
    } while (depth > 0);
    return out;
  }

  #skipSpace(): void {
    while (this.#text.charCodeAt(this.#at) <= 0x20) this.#at++;
  }

  #string(): string {
    const start = this.#at++;
    let plain = true;
    for (;;) {
      const code = this.#text.charCodeAt(this.#at++);
      if (code === QUOTE) break;
      if (code === BACKSLASH) {
        const escape = this.#text.charCodeAt(this.#at++);
        // \u may hide plain letters or upper-case digits, \/ is never written by Python.
        if (escape === 0x75 || escape === 0x2f) plain = false;
      } else if (code > 0x7e) {
        plain = false;
      }
    }
    const raw = this.#text.slice(start, this.#at);
    return plain ? raw : pythonString(JSON.parse(raw));
  }

  /** A number, `true`, `false` or `null`. */
  #scalar(): string {
    const start = this.#at;
    let integer = true;
    for (;; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (Number.isNaN(code) || code <= 0x20 || code === COMMA || code === 0x5d || code === 0x7d) {
        break;
      }
      if (code === 0x2e || code === 0x65 || code === 0x45) integer = false;
    }
    const raw = this.#text.slice(start, this.#at);
    if (raw === "-0") return "0";
    const first = raw.charCodeAt(0);
    if (integer || !(first === 0x2d || (first >= 0x30 && first <= 0x39))) return raw;
    const number = Number(raw);
    if (!Number.isFinite(number)) throw new RangeError(`Number out of range: ${raw}`);
    return pythonFloat(number);
  }
}
