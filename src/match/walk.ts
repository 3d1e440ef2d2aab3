/** Walking through an event: every text with its path, and the URLs that several fields make up. */
import { isJsonObject, type JsonObject, type JsonValue } from "../json.ts";
import { canonicalHost, splitPort } from "./canonical.ts";

/** Takes one text; `field` writes where it stands, asked for only at a hit. */
export type TextVisitor = (text: string, field: () => string) => void;

/**
 * Calls back for each string value in document order, and after the fields of an
 * object for the URLs that they make up, those apart of which `mayBePath` says that their
 * path can't matter. Depth is unbounded, as events are not ours.
 */
export function walkEvent(
  event: JsonObject,
  visit: TextVisitor,
  mayBePath = (_path: string) => true,
): void {
  const stack = [frameOf(event)];
  const path = () => pathOf(stack);
  const walk = { event, visit, mayBePath, path };
  walking: for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    const { container, values } = frame;
    while (++frame.at < values.length) {
      const value = values[frame.at]!;
      if (typeof value === "string") {
        visit(value, path);
      } else if (typeof value === "object" && value !== null) {
        stack.push(frameOf(value));
        continue walking;
      }
    }
    stack.pop();
    if (!Array.isArray(container)) visitUrls(container, walk);
  }
}

/** What is the same on all of the way. */
interface Walk {
  readonly event: JsonObject;
  readonly visit: TextVisitor;
  readonly mayBePath: (path: string) => boolean;
  /** Of the container or value that the walk is at. */
  readonly path: () => string;
}

/** A container that is being walked through. */
interface Frame {
  readonly container: JsonValue[] | JsonObject;
  /** V8 lists them four times faster than it looks a key up in objects of many shapes. */
  readonly values: readonly JsonValue[];
  at: number;
}

function frameOf(container: JsonValue[] | JsonObject): Frame {
  const values = Array.isArray(container) ? container : Object.values(container);
  return { container, values, at: -1 };
}

/** Writes a path: `dns.answers[2].rdata`. */
function pathOf(stack: readonly Frame[]): string {
  let path = "";
  for (const { container, at } of stack) {
    if (Array.isArray(container)) path += `[${at}]`;
    else path += `${path === "" ? "" : "."}${Object.keys(container)[at]}`;
  }
  return path;
}

/**
 * The URLs of an object that has a host and a path side by side, without scheme: Suricata's
 * `http` object and Zeek's http.log.
 */
function visitUrls(object: JsonObject, walk: Walk): void {
  // Fields by name: loops over names take V8 longer.
  const { hostname, host } = object;
  if (typeof hostname === "string") visitPair(object, "hostname", hostname, "url", walk);
  if (typeof host === "string") visitPair(object, "host", host, "uri", walk);
}

/**
 * The port (from the host itself, `http_port` beside it, or the connection) is tried as part of
 * the URL, and so is the URL without it.
 */
function visitPair(
  object: JsonObject,
  hostField: string,
  host: string,
  pathField: string,
  { event, visit, mayBePath, path }: Walk,
): void {
  const target = object[pathField];
  if (typeof target !== "string" || target[0] !== "/" || !mayBePath(target)) return;
  const split = splitPort(host);
  // A host that is none (another path, a user, two ports) makes no URL.
  if (split === undefined || canonicalHost(split.host) === undefined) return;
  const prefix = path() === "" ? "" : `${path()}.`;
  const field = () => `url(${prefix}${hostField}+${prefix}${pathField})`;
  visit(split.host + target, field);
  const port = split.port ?? portOf(object["http_port"]) ?? connectionPort(event);
  if (port !== undefined && port !== 80 && port !== 443) {
    visit(`${split.host}:${port}${target}`, field);
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
