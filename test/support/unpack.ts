import { BlockDecoder, type PackageSources } from "../../src/package/block-decoder.js";
import { BLOCK_LENGTH } from "../../src/package/format.js";
import { HeaderReader, isStored, type PackageHeader, recordLength } from "../../src/package/header-reader.js";

/** @throws OtaError `package-malformed` */
export function readHeader(bytes: Uint8Array, maxResultLength = 1 << 25): PackageHeader {
  const reader = new HeaderReader({ maxResultLength, packageLength: bytes.byteLength });
  reader.push(bytes);
  if (reader.header === undefined) throw new Error("the package ends in its header");
  return reader.header;
}

/**
 * Makes the result of a package as a board does, block by block.
 *
 * @throws OtaError `package-malformed`
 */
export function unpack(bytes: Uint8Array, base: Uint8Array): Uint8Array {
  const header = readHeader(bytes);
  const result = new Uint8Array(header.resultLength);
  const block = new Uint8Array(BLOCK_LENGTH);
  let made = 0;
  const sources: PackageSources = {
    readBase: (byteOffset, into) => {
      if (byteOffset < 0 || byteOffset + into.byteLength > base.byteLength) throw new Error("read outside of the base");
      into.set(base.subarray(byteOffset, byteOffset + into.byteLength));
    },
    readResult: (byteOffset, into) => {
      if (byteOffset < 0 || byteOffset + into.byteLength > made) throw new Error("read of what is not made");
      into.set(result.subarray(byteOffset, byteOffset + into.byteLength));
    },
  };
  const decoder = new BlockDecoder({ ...header, block, sources, baseLength: header.base?.length ?? 0 });
  let offset = header.headerLength;
  for (let number = 0; number < header.blocks; number++) {
    const length = recordLength(header.index, number);
    const end = Math.min(BLOCK_LENGTH, header.resultLength - made);
    const record = bytes.subarray(offset, offset + length);
    if (isStored(header.index, number)) block.set(record);
    else {
      decoder.record.set(record);
      decoder.decode(length, made, end);
    }
    result.set(block.subarray(0, end), made);
    made += end;
    offset += length;
  }
  return result;
}
