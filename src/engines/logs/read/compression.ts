/** How a file is packed, told by its first bytes, never by its name. */
export type Compression = "none" | "gzip" | "zstd";

const MAGIC: readonly (readonly [Compression, readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  // A zstd stream may begin with a skippable frame (RFC 8878, section 3.1.2); pzstd writes 0x50.
  ["zstd", [0x50, 0x2a, 0x4d, 0x18]],
];

/** What a file is that is surely no log as it stands. */
export interface ForeignKind {
  /** What a person would call it (and could do). */
  readonly what: string;
  /** Logs may be in it all the same, so it is not to be passed over in silence. */
  readonly mayHoldLogs: boolean;
}

const packed = (name: string, command: string): ForeignKind => ({
  what: `${name}-compressed, which can't be read here (try: ${command} -dc FILE | … --logs -)`,
  mayHoldLogs: true,
});
const UTF16: ForeignKind = {
  what: "UTF-16 text; logs are UTF-8 (try: iconv -f utf-16 FILE | … --logs -)",
  mayHoldLogs: true,
};
const CAPTURE: ForeignKind = { what: "a packet capture", mayHoldLogs: false };

const FOREIGN: readonly (readonly [ForeignKind, readonly number[]])[] = [
  [packed("xz", "xz"), [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  [packed("bzip2", "bzip2"), [0x42, 0x5a, 0x68]],
  [packed("lz4", "lz4"), [0x04, 0x22, 0x4d, 0x18]],
  [{ what: "a zip archive", mayHoldLogs: true }, [0x50, 0x4b, 0x03, 0x04]],
  [CAPTURE, [0xd4, 0xc3, 0xb2, 0xa1]],
  [CAPTURE, [0xa1, 0xb2, 0xc3, 0xd4]],
  [CAPTURE, [0x4d, 0x3c, 0xb2, 0xa1]],
  [CAPTURE, [0x0a, 0x0d, 0x0d, 0x0a]],
  [{ what: "an executable", mayHoldLogs: false }, [0x7f, 0x45, 0x4c, 0x46]],
  [{ what: "an SQLite database", mayHoldLogs: false }, [0x53, 0x51, 0x4c, 0x69, 0x74, 0x65, 0x20]],
  [UTF16, [0xff, 0xfe]],
  [UTF16, [0xfe, 0xff]],
];

const TAR: ForeignKind = {
  what: "a tar archive (try: tar -xOf FILE | … --logs -)",
  mayHoldLogs: true,
};
/** `ustar`, which POSIX's and GNU's headers have at that offset. */
const TAR_MAGIC = [0x75, 0x73, 0x74, 0x61, 0x72];
const TAR_MAGIC_AT = 257;

/** The compression that the first bytes of a file show. */
export function compressionOf(head: Uint8Array): Compression {
  return MAGIC.find(([, magic]) => startsWith(head, magic))?.[0] ?? "none";
}

/** What a file is when its first bytes show that it can't be a log. */
export function foreignKind(head: Uint8Array): ForeignKind | undefined {
  if (startsWith(head.subarray(TAR_MAGIC_AT), TAR_MAGIC)) return TAR;
  return FOREIGN.find(([, magic]) => startsWith(head, magic))?.[0];
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return bytes.length >= magic.length && magic.every((byte, i) => bytes[i] === byte);
}
