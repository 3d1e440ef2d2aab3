/** The recorded node's events: as VAST prints them, with their columns taken apart for queries. */

import { parseAddress } from "./address.ts";
import {
  columnsOf,
  type ColumnType,
  compile,
  type Expression,
  NotRecorded,
  type Shape,
} from "./query.ts";

/** One event. */
export interface Row {
  readonly shape: Shape;
  /** The line as VAST prints it, without newline. */
  readonly bytes: Uint8Array;
  readonly values: readonly unknown[];
}

/** A database that grows. */
export interface Database {
  readonly rows: readonly Row[];
  add(lines: Iterable<Uint8Array>): Row[];
  /** Number of events by layout. */
  layouts(): Record<string, number>;
  find(expression: Expression, rows?: readonly Row[]): Row[];
  /** Columns with any value that an extractor reaches, over all layouts: a look-up costs by them. */
  breadth(extractor: { readonly type: "type" | "meta" | "field"; readonly name: string }): number;
}

/** Fields of the concepts (VAST 2021.05.27, schema/concepts), as far as the database has them. */
const CONCEPTS: Readonly<Record<string, readonly string[]>> = {
  "net.domain": [
    "suricata.dns.dns.rrname",
    "suricata.http.http.hostname",
    "zeek.dns.query",
    "zeek.dns.answers",
    "zeek.dhcp.domain",
    "zeek.ssl.server_name",
  ],
  "net.hostname": [
    "suricata.fileinfo.http.hostname",
    "suricata.http.http.hostname",
    "zeek.dhcp.host_name",
    "zeek.http.host",
    "zeek.software.host",
  ],
  "net.uri": ["suricata.http.http.url", "zeek.http.uri", "zeek.http.referrer"],
  "file.hash.md5": ["suricata.fileinfo.fileinfo.md5"],
  "file.hash.sha1": ["suricata.fileinfo.fileinfo.sha1"],
  "file.hash.sha256": ["suricata.fileinfo.fileinfo.sha256"],
};
const LAYOUTS_WITH_ENDPOINTS = /^(suricata|zeek)\./;

/** What tells the layout of a Zeek TSV row, which does not name its type. */
const TELLTALE: readonly (readonly [key: string, layout: string])[] = [
  ["conn_state", "zeek.conn"],
  ["qclass", "zeek.dns"],
  ["response_body_len", "zeek.http"],
  ["tx_hosts", "zeek.files"],
  ["server_name", "zeek.ssl"],
  ["mailfrom", "zeek.smtp"],
  ["get_bulk_requests", "zeek.snmp"],
  ["kex_alg", "zeek.ssh"],
  ["reply_code", "zeek.ftp"],
];

const ADDRESS_COLUMN =
  /(^|\.)(src_ip|dest_ip|orig_h|resp_h|source\.ip|target\.ip|assigned_ip|client_ip|client_addr|server_addr|requested_addr|assigned_addr|x_originating_ip)$|^zeek\.(notice\.(src|dst)|software\.host|ftp\.data_channel\..*_h)$/;
const ADDRESS_LIST_COLUMN = /^zeek\.(files\.[tr]x_hosts|smtp\.path|x509\.san\.ip)$|\.grouped\.A$/;
const OTHER_COLUMN =
  /(^|\.)(ts|_write_ts|timestamp|start|end|duration|action|proto\.type)$|^suricata\.dns\.dns\.type$/;

/** Makes a database of lines as VAST prints them. */
export function createDatabase(lines: Iterable<Uint8Array>): Database {
  const rows: Row[] = [];
  const shapes = new Map<string, Shape>();
  const filled = new Set<string>();
  const decoder = new TextDecoder();

  const add = (lines: Iterable<Uint8Array>): Row[] => {
    const added = Array.from(lines, (bytes) => {
      const value = JSON.parse(decoder.decode(bytes)) as Record<string, unknown>;
      const entries = [...flatten(value)];
      const key = layoutOf(value) + "\n" + entries.map(([name]) => name).join("\n");
      let shape = shapes.get(key);
      if (!shape) shapes.set(key, shape = shapeOf(layoutOf(value), entries.map(([name]) => name)));
      const { types, names } = shape;
      const values = entries.map(([, found], i) => cell(found, types[i]!));
      values.forEach((value, i) => value !== null && filled.add(names[i]!));
      return { shape, bytes, values };
    });
    for (const row of added) rows.push(row);
    return added;
  };
  add(lines);

  return {
    rows,
    add,
    layouts() {
      const counts: Record<string, number> = {};
      for (const { shape } of rows) counts[shape.layout] = (counts[shape.layout] ?? 0) + 1;
      return Object.fromEntries(Object.entries(counts).sort());
    },
    find(expression, among = rows) {
      const tests = new Map<Shape, (row: readonly unknown[]) => boolean>();
      return among.filter(({ shape, values }) => {
        let test = tests.get(shape);
        if (!test) {
          tests.set(shape, test = compile(expression, shape, (name) => fieldsOf(name, shapes)));
        }
        return test(values);
      });
    },
    breadth(extractor) {
      if (extractor.type === "meta") return 0;
      const columns = [...shapes.values()].map((shape) =>
        columnsOf(extractor, shape, (name) => fieldsOf(name, shapes)).map((c) => shape.names[c])
      );
      return new Set(columns.flat().filter((name) => filled.has(name!))).size;
    },
  };
}

function fieldsOf(concept: string, shapes: ReadonlyMap<string, Shape>) {
  const side = { "net.src.ip": /(src_ip|orig_h)$/, "net.dst.ip": /(dest_ip|resp_h)$/ }[concept];
  if (side) {
    return [...shapes.values()].flatMap(({ layout, names }) =>
      LAYOUTS_WITH_ENDPOINTS.test(layout) ? names.filter((name) => side.test(name)) : []
    );
  }
  if (/^(net|file|process)\./.test(concept) && !(concept in CONCEPTS)) {
    throw new NotRecorded(`concept ${concept}`);
  }
  return CONCEPTS[concept];
}

function shapeOf(layout: string, keys: readonly string[]): Shape {
  const names = keys.map((key) => `${layout}.${key}`);
  return { layout, names, types: names.map((name) => typeOf(name, layout)) };
}

function typeOf(name: string, layout: string): ColumnType {
  const key = name.slice(layout.length + 1);
  if (ADDRESS_LIST_COLUMN.test(name)) return "address list";
  if (ADDRESS_COLUMN.test(name) || ADDRESS_COLUMN.test(key)) return "address";
  return OTHER_COLUMN.test(key) || OTHER_COLUMN.test(name) ? "other" : "string";
}

function cell(value: unknown, type: ColumnType): unknown {
  if (type === "address") return typeof value === "string" ? parseAddress(value) ?? null : null;
  if (Array.isArray(value)) {
    return type === "address list" ? value.map((item) => parseAddress(String(item))) : value;
  }
  return type === "string" && typeof value !== "string" ? null : value;
}

function* flatten(value: Record<string, unknown>, prefix = ""): Generator<[string, unknown]> {
  for (const [key, inner] of Object.entries(value)) {
    if (typeof inner === "object" && inner !== null && !Array.isArray(inner)) {
      yield* flatten(inner as Record<string, unknown>, `${prefix}${key}.`);
    } else {
      yield [prefix + key, inner];
    }
  }
}

function layoutOf(value: Record<string, unknown>): string {
  if (typeof value.event_type === "string") return `suricata.${value.event_type}`;
  if (typeof value._path === "string") return `zeek.${value._path}`;
  const found = TELLTALE.find(([key]) => key in value);
  if (found) return found[1];
  if (Object.keys(value).join() === "timestamp") return "suricata.stats";
  throw new Error(`no layout known for an event with the keys ${Object.keys(value).join(", ")}`);
}
