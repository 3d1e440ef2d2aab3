/** Walking through an event: every text with its path, and the URLs that several fields make up. */
import { isJsonObject, type JsonObject, type JsonValue } from "../json.ts";
import { canonicalHost, splitPort } from "./canonical.ts";

/** Takes one text; `field` writes where it stands, asked for only at a hit. */
export type TextVisitor = (text: string, field: () => string) => void;

/**
 * Calls back for each string value in document order, and after the fields of an
 * object for the URLs that they make up. Depth is unbounded, as events are not ours.
 */
export function walkEvent(event: JsonObject, visit: TextVisitor): void {
  const stack: Frame[] = [frameOf(event)];
  const path = () => pathOf(stack);
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    if (++frame.at < frame.length) {
      const value = valueOf(frame);
      if (typeof value === "string") visit(value, path);
      else if (typeof value === "object" && value !== null) stack.push(frameOf(value));
    } else {
      stack.pop();
      if (frame.keys !== undefined) {
        visitUrls(frame.container as JsonObject, event, visit, () => pathOf(stack));
      }
    }
  }
}

/** A container that is being walked through. */
interface Frame {
  readonly container: JsonValue[] | JsonObject;
  /** Of an object; undefined for an array. */
  readonly keys: string[] | undefined;
  readonly length: number;
  at: number;
}

function frameOf(container: JsonValue[] | JsonObject): Frame {
  const keys = Array.isArray(container) ? undefined : Object.keys(container);
  const length = keys?.length ?? (container as JsonValue[]).length;
  return { container, keys, length, at: -1 };
}

function valueOf({ container, keys, at }: Frame): JsonValue | undefined {
  return Array.isArray(container) ? container[at] : container[keys![at]!];
}

/** Writes a path: `dns.answers[2].rdata`. */
function pathOf(stack: readonly Frame[]): string {
  let path = "";
  for (const { keys, at } of stack) {
    if (keys === undefined) path += `[${at}]`;
    else path += path === "" ? keys[at] : `.${keys[at]}`;
  }
  return path;
}

/** Sibling fields that make up a URL: Suricata's `http` object and Zeek's http.log. */
const URL_FIELDS = [["hostname", "url"], ["host", "uri"]] as const;

/**
 * The URLs of an object that has a host and a path side by side, without scheme.
 * The port (from the host itself, `http_port` beside it, or the connection) is tried
 * as part of the URL, and so is the URL without it.
 */
function visitUrls(
  object: JsonObject,
  event: JsonObject,
  visit: TextVisitor,
  path: () => string,
): void {
  for (const [hostField, pathField] of URL_FIELDS) {
    const host = object[hostField];
    const target = object[pathField];
    if (typeof host !== "string" || typeof target !== "string" || target[0] !== "/") continue;
    const split = splitPort(host);
    // A host that is none (another path, a user, two ports) makes no URL.
    if (split === undefined || canonicalHost(split.host) === undefined) continue;
    const prefix = path() === "" ? "" : `${path()}.`;
    const field = () => `url(${prefix}${hostField}+${prefix}${pathField})`;
    visit(split.host + target, field);
    const port = split.port ?? portOf(object["http_port"]) ?? connectionPort(event);
    if (port !== undefined && port !== 80 && port !== 443) {
      visit(`${split.host}:${port}${target}`, field);
    }
  }
}

/** The port that the connection goes to: Suricata's `dest_port`, Zeek's `id.resp_p`. */
function connectionPort(event: JsonObject): number | undefined {
  const id = event["id"];
  return portOf(event["dest_port"]) ?? portOf(event["id.resp_p"]) ??
    (isJsonObject(id) ? portOf(id["resp_p"]) : undefined);
}

function portOf(value: JsonValue | undefined): number | undefined {
  return typeof value === "number" && Number.isInteger(value) ? value : undefined;
}
