import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeVersions, encodeVersions, ENTRY_LIMIT, sumOf } from "../../../src/plans/record.js";

/** Bytes that the key-value store takes of one record. */
const STORE_LIMIT = 508;
const identityOf = (index: number): string => "ab".repeat(16) + (0xfffffff0 + index).toString(16);

test("the versions of as many images as are remembered fit one record, and are read as they were", () => {
  const images = Array.from({ length: ENTRY_LIMIT }, (_, index) => ({ identity: identityOf(index), version: String(index).padEnd(32, "x") }));
  const record = encodeVersions(images);
  assert.ok(record.byteLength <= STORE_LIMIT, `${record.byteLength} bytes`);
  assert.deepEqual([...decodeVersions(record)], images.map(({ identity, version }) => [sumOf(identity), version]));
});

test("an image whose version is unknown or too long is left out, and the others stay", () => {
  const images = [undefined, "x".repeat(33), "1.0"].map((version, index) => ({ identity: identityOf(index), version }));
  assert.deepEqual([...decodeVersions(encodeVersions(images))], [[sumOf(identityOf(2)), "1.0"]]);
});

test("of a record that is torn, of another format, or that says a length beyond its end nothing wrong is read", () => {
  const record = encodeVersions([{ identity: identityOf(1), version: "1.0" }]);
  for (let length = 0; length < record.byteLength; length++) assert.equal(decodeVersions(record.slice(0, length)).size, 0);
  for (let at = 0; at < record.byteLength; at++) {
    const damaged = record.slice();
    damaged[at] = (damaged[at] as number) ^ 0x10;
    assert.equal(decodeVersions(damaged).size, 0, `byte ${at}`);
  }
  assert.equal(decodeVersions(undefined).size, 0);
});
