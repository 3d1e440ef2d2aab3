/** What the texts of tests tell before any is run; apart from them, as it needs no regular expressions. */
import type { Test } from "../pattern/ast.ts";
import { requiredLiteral, translateRegex } from "./regex_syntax.ts";

/** Feeds put numbers in quotes (`dst_port = '443'`); undefined if the text is none. */
export function quotedNumber(text: string): number | undefined {
  return /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined;
}

const ASCII = /^[\x20-\x7e]*$/;
let lastText = "";
let lastNormal = "";

/** In NFC; the same text comes again and again, once for each pattern. */
export function normalized(text: string): string {
  if (text !== lastText) {
    lastNormal = ASCII.test(text) ? text : text.normalize("NFC");
    lastText = text;
  }
  return lastNormal;
}

/** The longest part of a LIKE pattern that stands for itself. */
export function longestLiteral(constant: string): string {
  return constant.normalize("NFC").split(/[%_]+/)
    .reduce((best, part) => part.length > best.length ? part : best, "");
}

/** A text that every text (in NFC) which fulfils a LIKE or MATCHES contains; empty if none is known. */
export function requiredText({ operator, constants: [constant] }: Test): string {
  if (constant?.type !== "string") return "";
  if (operator === "LIKE") return longestLiteral(constant.value);
  return operator === "MATCHES"
    ? requiredLiteral(translateRegex(constant.value.normalize("NFC")))
    : "";
}
