/** How a file is packed, told by its first bytes, never by its name. */
export type Compression = "none" | "gzip" | "zstd";

const MAGIC: readonly (readonly [Compression, readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  // A zstd stream may begin with a skippable frame (RFC 8878, section 3.1.2); pzstd writes 0x50.
  ["zstd", [0x50, 0x2a, 0x4d, 0x18]],
];

/** Files that are surely not logs, with what a person would call them (and could do). */
const FOREIGN: readonly (readonly [string, readonly number[]])[] = [
  ["xz-compressed, which can't be read here (try: xz -dc FILE | … --logs -)", [
    0xfd,
    0x37,
    0x7a,
    0x58,
    0x5a,
    0x00,
  ]],
  ["bzip2-compressed, which can't be read here (try: bzip2 -dc FILE | … --logs -)", [
    0x42,
    0x5a,
    0x68,
  ]],
  ["lz4-compressed, which can't be read here (try: lz4 -dc FILE | … --logs -)", [
    0x04,
    0x22,
    0x4d,
    0x18,
  ]],
  ["a zip archive", [0x50, 0x4b, 0x03, 0x04]],
  ["a packet capture", [0xd4, 0xc3, 0xb2, 0xa1]],
  ["a packet capture", [0xa1, 0xb2, 0xc3, 0xd4]],
  ["a packet capture", [0x4d, 0x3c, 0xb2, 0xa1]],
  ["a packet capture", [0x0a, 0x0d, 0x0d, 0x0a]],
  ["an executable", [0x7f, 0x45, 0x4c, 0x46]],
  ["an SQLite database", [0x53, 0x51, 0x4c, 0x69, 0x74, 0x65, 0x20]],
  ["UTF-16 text; logs are UTF-8", [0xff, 0xfe]],
  ["UTF-16 text; logs are UTF-8", [0xfe, 0xff]],
];

/** The compression that the first bytes of a file show. */
export function compressionOf(head: Uint8Array): Compression {
  return MAGIC.find(([, magic]) => startsWith(head, magic))?.[0] ?? "none";
}

/** What a file is when its first bytes show that it can't be a log. */
export function foreignKind(head: Uint8Array): string | undefined {
  return FOREIGN.find(([, magic]) => startsWith(head, magic))?.[0];
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return bytes.length >= magic.length && magic.every((byte, i) => bytes[i] === byte);
}
