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
const SPACE = 0x20;

/** Text without escapes, line breaks and non-ASCII: a string in it ends at the next quote. */
const SIMPLE = /^[ -[\]-~]*$/;

/**
 * One pass over a text known to be valid JSON. What is spelt well already is taken
 * over in long pieces. A class because the scan shares a position.
 */
class Respeller {
  readonly #text: string;
  readonly #simple: boolean;
  #at = 0;
  /** Finished text of the value at hand, and where the piece begins that is to follow it. */
  #out = "";
  #from = 0;

  constructor(text: string) {
    this.#text = text;
    this.#simple = SIMPLE.test(text);
  }

  members(): Members {
    const members: Members = new Map();
    this.#skipSpace();
    this.#at++; // {
    for (;;) {
      this.#skipSpace();
      if (this.#text.charCodeAt(this.#at) !== QUOTE) return members; // }
      const start = this.#at;
      const plain = this.#string();
      const name = this.#text.slice(start, this.#at);
      this.#skipSpace();
      this.#at++; // :
      members.set(plain ? name.slice(1, -1) : JSON.parse(name), this.value());
      this.#skipSpace();
      if (this.#text.charCodeAt(this.#at++) !== COMMA) return members; // }
    }
  }

  /** The next whole value. Loops instead of recursing, so depth costs no stack. */
  value(): string {
    this.#skipSpace();
    this.#out = "";
    this.#from = this.#at;
    let depth = 0;
    do {
      const code = this.#text.charCodeAt(this.#at);
      if (code === QUOTE) {
        const start = this.#at;
        if (!this.#string()) this.#replace(start, pythonString(JSON.parse(this.#slice(start))));
      } else if (code === COMMA || code === COLON) {
        this.#at++;
        this.#oneSpace();
        continue;
      } else if (code === 0x7b || code === 0x5b) {
        depth++;
        this.#at++;
      } else if (code === 0x7d || code === 0x5d) {
        depth--;
        this.#at++;
      } else {
        this.#scalar();
      }
      if (depth > 0 && this.#text.charCodeAt(this.#at) <= SPACE) this.#noSpace();
    } while (depth > 0);
    return this.#out + this.#slice(this.#from);
  }

  #slice(from: number): string {
    return this.#text.slice(from, this.#at);
  }

  /** Puts other text in place of what stands from `start` to here. */
  #replace(start: number, text: string): void {
    this.#out += this.#text.slice(this.#from, start) + text;
    this.#from = this.#at;
  }

  #skipSpace(): void {
    while (this.#text.charCodeAt(this.#at) <= SPACE) this.#at++;
  }

  #noSpace(): void {
    const start = this.#at;
    this.#skipSpace();
    this.#replace(start, "");
  }

  #oneSpace(): void {
    const start = this.#at;
    this.#skipSpace();
    if (this.#at !== start + 1 || this.#text.charCodeAt(start) !== SPACE) this.#replace(start, " ");
  }

  /** Goes past a string; tells whether Python would spell it the same. */
  #string(): boolean {
    if (this.#simple) {
      this.#at = this.#text.indexOf('"', this.#at + 1) + 1;
      return true;
    }
    let plain = true;
    for (this.#at++;;) {
      const code = this.#text.charCodeAt(this.#at++);
      if (code === QUOTE) return plain;
      if (code === BACKSLASH) {
        const escape = this.#text.charCodeAt(this.#at++);
        // \u may hide plain letters or upper-case digits, \/ is never written by Python.
        if (escape === 0x75 || escape === 0x2f) plain = false;
      } else if (code > 0x7e) {
        plain = false;
      }
    }
  }

  /** A number, `true`, `false` or `null`. */
  #scalar(): void {
    const start = this.#at;
    let integer = true;
    for (;; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (Number.isNaN(code) || code <= SPACE || code === COMMA || code === 0x5d || code === 0x7d) {
        break;
      }
      if (code === 0x2e || code === 0x65 || code === 0x45) integer = false;
    }
    const first = this.#text.charCodeAt(start);
    const isNumber = first === 0x2d || (first >= 0x30 && first <= 0x39);
    if (!isNumber) return;
    const raw = this.#slice(start);
    if (raw === "-0") return this.#replace(start, "0");
    if (integer) return;
    const number = Number(raw);
    if (!Number.isFinite(number)) throw new RangeError(`Number out of range: ${raw}`);
    const spelled = pythonFloat(number);
    if (spelled !== raw) this.#replace(start, spelled);
  }
}
