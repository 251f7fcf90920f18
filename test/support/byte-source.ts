import type { ByteSource } from "../../src/image/block-writer.js";

/** A source of these bytes from an offset on, which gives at most so many at a time. */
export function sourceOf(bytes: Uint8Array, from = 0, atMost: () => number = () => Infinity): ByteSource {
  let offset = from;
  return {
    read(into, start, end) {
      const piece = bytes.subarray(offset, offset + Math.min(end - start, atMost()));
      into.set(piece, start);
      offset += piece.byteLength;
      return piece.byteLength;
    },
  };
}
