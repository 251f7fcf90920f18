import type { PlantedBug } from "./planted.js";

/** Mistakes with packages: what they are made for, how they go on after a cut, what is compared in the end. */
export const PLANTED_PACKAGES: readonly PlantedBug[] = [
  {
    name: "the base of a delta is not compared",
    file: "src/package/base-check.ts",
    find: "    if (!equalBytes(digest.digest(), wanted.hash, HASH_LENGTH)) wrongBase(",
    replace: "    if (!equalBytes(digest.digest(), wanted.hash, 0)) wrongBase(",
    caughtBy: { scene: "delta-strayed", says: /erase at 0 for a delta from another base/ },
  },
  {
    name: "the base of a delta is not compared once more after a restart",
    file: "src/package/making.ts",
    find: "    if (wanted !== undefined && base !== undefined) {",
    replace: "    if (wanted !== undefined && base !== undefined && offset === 0) {",
    caughtBy: { scene: "delta-reflashed", says: /for a delta from another base/ },
  },
  {
    name: "a block begins with the constants and shifts of the one before it",
    file: "src/package/block-decoder.ts",
    find: "    recent.set(this.#dictionary);\n    let shift",
    replace: "    if (byteOffset === 0) recent.set(this.#dictionary);\n    let shift",
    caughtBy: { scene: "delta", says: /ends with 0\.1\.0/ },
  },
  {
    name: "a copy may begin before the base, or end behind it",
    file: "src/package/block-decoder.ts",
    find: '    if (shift + start < 0 || shift + stop > baseLength) malformed("copy from outside of the base");',
    replace: "",
    caughtBy: { test: "test/unit/package/mutated.test.js", named: /changed records end as a block/ },
  },
  {
    name: "a package goes on at as many bytes as the image has",
    file: "src/package/making.ts",
    find: "    this.#recordOffset = recordOffset(header, this.#block);",
    replace: "    this.#recordOffset = Math.min(headerLength + offset, header.packageLength);",
    caughtBy: { scene: "compressed", says: /ends with 0\.1\.0|asked for byte|made once more|does not end/ },
  },
  {
    name: "a package is made from its first block after each restart",
    file: "src/update/flash/download.ts",
    find: "    const offset = this.#eraser.begin(block, size);",
    replace: "    const offset = stored.resultLength === undefined ? this.#eraser.begin(block, size) : 0;",
    caughtBy: {
      scene: "delta",
      says: /blocks that were whole are made once more|programmed without an erase|does not end/,
    },
  },
  {
    name: "what a package makes is not compared with the hash in its header",
    file: "src/package/result-reading.ts",
    find: "equalBytes(this.#sha256.digest(), hash, HASH_LENGTH)",
    replace: "equalBytes(this.#sha256.digest(), hash, 0)",
    caughtBy: { scene: "delta-corrupt", says: /becomes pending: bytes that no package makes/ },
  },
  {
    name: "the MD5 of a package is compared although its download was interrupted",
    file: "src/package/unpacking.ts",
    find: "    if (isFresh) this.#md5",
    replace: "    this.#md5",
    caughtBy: { scene: "delta", says: /blocks that were whole are made once more/ },
  },
  {
    name: "the MD5 of a package is not compared",
    file: "src/package/result-reading.ts",
    find: "  if (seen === undefined) return true;",
    replace: "  if (seen !== undefined || seen === undefined) return true;",
    caughtBy: { test: "test/packages/few.test.js", named: /another file of the same length/ },
  },
  {
    name: "what is whole is read back to the end of the slot",
    file: "src/update/machine/moves.ts",
    find: "regionOffset: size, written: size, spliced: true",
    replace: "regionOffset: context.capacity, written: context.capacity, spliced: true",
    caughtBy: { scene: "delta", says: /does not end: downloading/ },
  },
  {
    name: "a connection that is lost before the header is known is taken for one that has filled the block",
    file: "src/image/block-writer.ts",
    find: "    return this.#filled > 0 && this.#filled === this.#wanted;",
    replace: "    return this.#filled === this.#wanted;",
    caughtBy: { test: "test/packages/few.test.js", named: /nobody listens when the header is asked for/ },
  },
  {
    name: "a package that is malformed in two pieces is not called so in the end",
    file: "src/package/unpacking.ts",
    find: "changed(`${error.code}: ${error.message}`)",
    replace: "changed(error.message)",
    caughtBy: { scene: "delta-hostile", says: /ends with 0\.1\.0 and .*"-5"/ },
  },
  {
    name: "the version that a package makes is not compared with the offered one",
    file: "src/package/checks.ts",
    find: "  if (header.resultVersion !== version) {",
    replace: '  if (header.resultVersion === "") {',
    caughtBy: { test: "test/packages/few.test.js", named: /an image of another version/ },
  },
];
