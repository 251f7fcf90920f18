import assert from "node:assert/strict";
import { test } from "node:test";
import { bootBoard } from "../../../hal/boards/lin/board.js";
import { createKeyValue } from "../../../hal/boards/lin/key-value.js";
import { NodeDigest } from "../../../hal/boards/sim/digest.js";
import { LinBoard } from "../../support/lin-board.js";
import { MemoryFiles } from "../../support/memory-files.js";
import { bytesOf } from "../../support/power-cuts.js";
import { partition, smallFlash } from "../../support/small-flash.js";

const { flash } = LinBoard.factory().modules;

test("flash programs as NOR does: a bit that is 0 stays 0 until its block is erased", () => {
  const target = flash.open({ path: "nextota" });
  const read = (length: number, offset: number): number[] => {
    const bytes = new Uint8Array(length);
    target.read(bytes, offset);
    return [...bytes];
  };
  target.write(Uint8Array.of(0b1100, 0xff, 0), 254);
  target.write(Uint8Array.of(0b1010, 0x0f, 0xff), 254);
  assert.deepEqual(read(4, 254), [0b1000, 0x0f, 0, 0xff], "across the chip's pages too");
  target.eraseBlock(0, 1);
  assert.deepEqual(read(4, 254), [0xff, 0xff, 0xff, 0xff]);
});

test("flash status has the three fields of the chip's, and blocks of 4096 bytes", () => {
  const { size } = partition("ota_1");
  assert.deepEqual(flash.open({ path: "nextota" }).status(), { size, blockLength: 4096, blocks: size / 4096 });
});

test("flash opens nextota, running and data partitions by label, and no application by label", () => {
  for (const path of ["nextota", "running", "otadata", "nvs"]) flash.open({ path }).close();
  for (const path of ["ota_0", "ota_1", "", "none"]) assert.throws(() => flash.open({ path }), /can't find partition/);
});

test("flash is writable unless it is opened to read, the running slot too, as on the chip", () => {
  const board = LinBoard.factory();
  board.modules.flash.open({ path: "running" }).eraseBlock(0, 1);
  assert.equal(board.chip[partition("ota_0").offset], 0xff);
  const running = board.modules.flash.open({ path: "running", mode: "r" });
  assert.throws(() => running.eraseBlock(0, 1), /read-only/);
  assert.throws(() => running.write(new Uint8Array(1), 0), /read-only/);
});

test("key-value keeps namespaces apart, and refuses names that NVS refuses", () => {
  const keyValue = createKeyValue(new MemoryFiles(new Map()));
  const [one, two] = [keyValue.open({ path: "one" }), keyValue.open({ path: "two" })];
  one.write("job", Uint8Array.of(1));
  assert.equal(two.read("job"), undefined);
  for (const key of ["", "sixteen-letters-"]) {
    assert.throws(() => one.write(key, new Uint8Array(1)), /ESP_ERR_NVS_KEY_TOO_LONG/);
  }
  assert.throws(() => keyValue.open({ path: "one", mode: "r" }).write("job", new Uint8Array(1)), /read-only/);
  assert.throws(() => keyValue.open({ path: "sixteen-letters-" }), /ESP_ERR_NVS_KEY_TOO_LONG/);
});

test("a folder without a board, or with one that cannot boot, is an error that names the reason", () => {
  const boot = (content: Map<string, Uint8Array>): unknown =>
    bootBoard({ files: new MemoryFiles(content), Digest: NodeDigest, restart: () => {} });
  assert.throws(() => boot(new Map()), /no flash\.bin in the working folder/);
  assert.throws(() => boot(new Map([["flash.bin", new Uint8Array(65536).fill(0xff)]])), /no partition table/);
  assert.throws(() => boot(new Map([["flash.bin", bytesOf(smallFlash())]])), /no slot holds a bootable image/);
});
