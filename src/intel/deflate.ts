/** Packs blocks of documents with DEFLATE (RFC 1951). */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { Codec } from "./documents.ts";

/** STIX objects of a feed are much alike: the fastest level makes them a sixth of their size. */
export const deflate: Codec = {
  pack: (bytes) => deflateRawSync(bytes, { level: 1 }),
  // A limit of 0 is refused, though a block of empty texts has that length.
  unpack: (packed, length) => inflateRawSync(packed, { maxOutputLength: Math.max(1, length) }),
};
