import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { buildAppImage } from "../../../hal/boards/sim/app-image-builder.js";
import { CHIP_ESP32 } from "../../../hal/boards/sim/app-image.js";
import { CHIPS } from "../../../hal/boards/family/chips.js";
import { inspectFlash, inspectSlots } from "../../../hal/boards/sim/inspect.js";
import {
  createBoard,
  factoryFlash,
  holdsBoard,
  openFlash,
  snapshotFlash,
  StateError,
} from "../../../hal/boards/sim/state-dir.js";
import { bytesOf } from "../../support/power-cuts.js";
import { resealImage } from "../../support/resealed-image.js";
import { assertSameBytes } from "../../support/same-bytes.js";

const parent = mkdtempSync(join(tmpdir(), "state-dir-"));
after(() => rmSync(parent, { recursive: true }));
const SLOT_LENGTH = 0x1a0000;
let folder: string;
let count = 0;

beforeEach(() => {
  folder = join(parent, String(count++), "board");
});

test("an absent folder, an empty one and one with an unfinished board hold none", () => {
  assert.equal(holdsBoard(folder), false);
  mkdirSync(folder, { recursive: true });
  assert.equal(holdsBoard(folder), false);
  writeFileSync(join(folder, "flash.bin.new"), "half");
  assert.equal(holdsBoard(folder), false);
  assert.throws(() => openFlash(folder, "r"), StateError);
});

test("a folder of other things, or a file, is not taken for a board", () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "thesis.txt"), "mine");
  assert.throws(() => holdsBoard(folder), StateError);
  assert.throws(() => openFlash(folder, "r+"), StateError);
  assert.throws(() => holdsBoard(join(folder, "thesis.txt")), StateError);
  assert.equal(readFileSync(join(folder, "thesis.txt"), "utf8"), "mine");
});

test("a board from the factory runs its image from the first slot, all else is blank", () => {
  const image = imageOf("1.2.3");
  const flash = factoryFlash(image);
  assert.equal(flash.byteLength, 4 * 1024 * 1024);
  const { running, slots } = inspectSlots(flash, CHIP_ESP32);
  assert.deepEqual(running, { slot: "ota_0", version: "1.2.3", state: "undefined" });
  assert.deepEqual(slots["ota_0"], { offset: 0x20000, size: SLOT_LENGTH, version: "1.2.3", secureVersion: 0 });
  assert.deepEqual(slots["ota_1"], { offset: 0x1c0000, size: SLOT_LENGTH, version: null, secureVersion: null });
  assertSameBytes(flash.slice(0x20000, image.byteLength), image);
  assert.equal(flash.isBlank(0x9000, 0x8000), true, "nvs and otadata");
  assert.equal(flash.isBlank(0x1c0000, SLOT_LENGTH), true);
});

test("an image that fills the slot is taken, one that is larger or unsound is not", () => {
  assert.equal(inspectSlots(factoryFlash(imageOf("1", SLOT_LENGTH)), CHIP_ESP32).running.version, "1");
  const spoilt = imageOf("1");
  spoilt[1000] = (spoilt[1000] as number) ^ 1;
  const refused = [
    imageOf("1", SLOT_LENGTH + 16),
    forUnknownChip(imageOf("1")),
    bootLoaderImage(),
    spoilt,
    imageOf("1").subarray(0, 4000),
    new Uint8Array(0),
    new Uint8Array(4096),
    new TextEncoder().encode("#!/bin/sh\n"),
  ];
  for (const image of refused) assert.throws(() => factoryFlash(image), StateError);
});

test("a board that was put into a folder is opened as it was", () => {
  const flash = factoryFlash(imageOf("1"));
  createBoard(folder, flash);
  assert.equal(holdsBoard(folder), true);
  assert.deepEqual(readdirSync(folder), ["flash.bin"]);
  const opened = openFlash(folder, "r");
  assertSameBytes(bytesOf(opened), bytesOf(flash));
  opened.close();
});

test("what is done to an opened flash is in the file; what is done to a snapshot is not", () => {
  createBoard(folder, factoryFlash(imageOf("1")));
  const flash = openFlash(folder, "r+");
  flash.program(Uint8Array.of(1, 2, 3), 0x9000);
  const snapshot = snapshotFlash(folder);
  assert.deepEqual(snapshot.slice(0x9000, 3), Uint8Array.of(1, 2, 3));
  snapshot.erase(0x9000, 4096);
  flash.program(Uint8Array.of(4), 0x9003);
  flash.close();
  assert.deepEqual(snapshotFlash(folder).slice(0x9000, 4), Uint8Array.of(1, 2, 3, 4));
});

test("a new board replaces an earlier one, and what an unfinished one left", () => {
  createBoard(folder, factoryFlash(imageOf("1")));
  writeFileSync(join(folder, "flash.bin.new"), "half");
  createBoard(folder, factoryFlash(imageOf("2")));
  assert.deepEqual(readdirSync(folder), ["flash.bin"]);
  assert.equal(inspectSlots(snapshotFlash(folder), CHIP_ESP32).running.version, "2");
});

test("a flash file that cannot be read is an error with its name and the reason", () => {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "flash.bin");
  for (const content of [
    new Uint8Array(0),
    new Uint8Array(5000),
    new Uint8Array(0x10000).fill(0xff),
    new Uint8Array(4096),
  ]) {
    writeFileSync(path, content);
    for (const read of [() => openFlash(folder, "r"), () => openFlash(folder, "r+"), () => snapshotFlash(folder)]) {
      assert.throws(read, (error: Error) => error instanceof StateError && error.message.startsWith(path));
    }
  }
  rmSync(path);
  mkdirSync(path);
  assert.throws(() => openFlash(folder, "r+"), StateError);
});

test("a flash file that cannot be read is left closed", { skip: process.platform !== "linux" }, () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "flash.bin"), new Uint8Array(0x10000).fill(0xff));
  const open = readdirSync("/proc/self/fd").length;
  for (let tries = 0; tries < 5; tries++) assert.throws(() => openFlash(folder, "r"), StateError);
  assert.equal(readdirSync("/proc/self/fd").length, open, "descriptors left open");
});

test("a folder that cannot be written to is an error that the user can mend", () => {
  mkdirSync(join(folder, ".."), { recursive: true });
  writeFileSync(folder, "a file");
  assert.throws(() => createBoard(folder, factoryFlash(imageOf("1"))), StateError);
  assert.throws(() => createBoard(join(folder, "below"), factoryFlash(imageOf("1"))), StateError);
});

test("a dangling link is no folder that could be read", () => {
  mkdirSync(join(folder, ".."), { recursive: true });
  symlinkSync(join(parent, "nowhere"), folder);
  assert.equal(existsSync(folder), false);
  assert.equal(holdsBoard(folder), false);
});

test("a board is of the chip that its image is for", () => {
  for (const { id, name } of CHIPS) {
    const flash = factoryFlash(buildAppImage({ version: "1", byteLength: 4096, seed: 1, chipId: id }));
    assert.deepEqual(inspectFlash(flash).chip, { name, id });
    assert.equal(inspectSlots(flash, id).running.version, "1");
  }
  assert.throws(
    () => factoryFlash(forUnknownChip(imageOf("1"))),
    /image for chip 77, which is none of ESP32, ESP32-S2/,
  );
});

test("an image without an application descriptor is refused with that reason", () => {
  assert.throws(() => factoryFlash(bootLoaderImage()), /image without an application descriptor/);
});

function forUnknownChip(image: Uint8Array): Uint8Array {
  return image.fill(77, 12, 13);
}

/** A sound image without an application descriptor. */
function bootLoaderImage(): Uint8Array {
  const image = Buffer.from(imageOf("1"));
  image.writeUInt32LE(0x50, 32);
  return resealImage(image);
}

function imageOf(version: string, byteLength = 4096): Uint8Array {
  return buildAppImage({ version, byteLength, seed: 1 });
}
