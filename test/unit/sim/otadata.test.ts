import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { OtaData, type OtaDataEntry } from "../../../hal/boards/ota-data.js";
import { NorFlash, SECTOR_LENGTH } from "../../../hal/boards/sim/nor-flash.js";
import { bytesOf, cutsOf, RecordingMedium } from "../../support/power-cuts.js";
import { ROOT } from "../../support/root.js";
import { REPEAT, SeededRandom } from "../../support/seed.js";

const ESP_IDF = join(ROOT, "test/fixtures/esp-idf");
const PARTITION = { label: "otadata", type: 1, subtype: 0, offset: SECTOR_LENGTH, size: 2 * SECTOR_LENGTH };

test("blank otadata has no entries", () => {
  const { otaData } = blank();
  assert.deepEqual(entries(otaData), [undefined, undefined]);
  assert.equal(otaData.active(), -1);
  assert.equal(otaData.entryOf(0), -1);
  assert.equal(otaData.entryOf(1), -1);
});

for (const [sequence, state, hex] of [
  [1, "valid", "01000000ffffffffffffffffffffffffffffffffffffffff020000009a984347"],
  [2, "new", "02000000ffffffffffffffffffffffffffffffffffffffff000000007437f655"],
  [2, "pending-verify", "02000000ffffffffffffffffffffffffffffffffffffffff010000007437f655"],
  [1, "undefined", "01000000ffffffffffffffffffffffffffffffffffffffffffffffff9a984347"],
] as const) {
  test(`an entry of sequence ${sequence}, ${state}, is the chip's own bytes`, () => {
    const { flash, otaData } = blank();
    otaData.write(0, { sequence, state });
    assert.equal(Buffer.from(flash.slice(PARTITION.offset, 32)).toString("hex"), hex);
    assert.equal(flash.isBlank(PARTITION.offset + 32, SECTOR_LENGTH - 32), true);
  });
}

test("entries are those of ESP-IDF's own code, in each state", () => {
  const theirs = readFileSync(join(ESP_IDF, "otadata-entries.bin"));
  const expected: readonly OtaDataEntry[] = [
    { sequence: 1, state: "new" },
    { sequence: 2, state: "pending-verify" },
    { sequence: 3, state: "valid" },
    { sequence: 0x1234, state: "invalid" },
    { sequence: 0xfffffffe, state: "aborted" },
    { sequence: 7, state: "undefined" },
  ];
  assert.equal(theirs.byteLength, 32 * expected.length);
  for (const [index, entry] of expected.entries()) {
    const bytes = theirs.subarray(32 * index, 32 * (index + 1));
    const [written, read] = [blank(), blank()];
    written.otaData.write(0, entry);
    assert.equal(Buffer.from(written.flash.slice(PARTITION.offset, 32)).toString("hex"), bytes.toString("hex"));
    read.flash.program(bytes, PARTITION.offset);
    assert.deepEqual(read.otaData.read(0), entry);
  }
});

test("what a chip's own ESP-IDF left after an update and after a revert is what the simulated board leaves", () => {
  const theirs = readFileSync(join(ESP_IDF, "otadata-updated.bin"));
  const boards = [
    [
      { sequence: 1, state: "valid" },
      { sequence: 2, state: "valid" },
    ],
    [
      { sequence: 1, state: "valid" },
      { sequence: 2, state: "invalid" },
    ],
  ] as const;
  for (const [index, written] of boards.entries()) {
    const { flash, otaData } = blank();
    for (const entry of [0, 1] as const) {
      flash.program(
        theirs.subarray(64 * index + 32 * entry, 64 * index + 32 * (entry + 1)),
        PARTITION.offset + entry * SECTOR_LENGTH,
      );
      assert.deepEqual(otaData.read(entry), written[entry]);
    }
    const ours = blank();
    for (const entry of [0, 1] as const) ours.otaData.write(entry, written[entry]);
    for (const entry of [0, 1]) {
      const at = PARTITION.offset + entry * SECTOR_LENGTH;
      assert.deepEqual(ours.flash.slice(at, 32), flash.slice(at, 32));
    }
    assert.equal(otaData.active(), index === 0 ? 1 : 0, "the one that boots");
  }
});

test("slots are selected in the entries and with the sequences of ESP-IDF's otatool, which leaves the state blank", () => {
  const theirs = readFileSync(join(ESP_IDF, "otadata-switched.bin"));
  const { flash, otaData } = blank();
  for (const slot of [1, 0, 1]) {
    otaData.select(slot);
    const active = otaData.active();
    otaData.write(active, { sequence: otaData.read(active)?.sequence ?? 0, state: "undefined" });
  }
  for (const index of [0, 1]) {
    const ours = Buffer.from(flash.slice(PARTITION.offset + index * SECTOR_LENGTH, 32));
    assert.equal(ours.toString("hex"), theirs.toString("hex", 32 * index, 32 * (index + 1)));
  }
});

test("what was written is read back, each entry in a sector of its own", () => {
  const { otaData } = blank();
  for (const state of ["new", "pending-verify", "valid", "invalid", "aborted", "undefined"] as const) {
    otaData.write(0, { sequence: 0x12345678, state });
    otaData.write(1, { sequence: 0xfffffffe, state });
    assert.deepEqual(entries(otaData), [
      { sequence: 0x12345678, state },
      { sequence: 0xfffffffe, state },
    ]);
    otaData.erase(0);
    assert.deepEqual(entries(otaData), [undefined, { sequence: 0xfffffffe, state }]);
  }
});

test("one flipped bit of the sequence or its CRC makes the entry invalid; the state is not covered", () => {
  for (let bit = 0; bit < 256; bit++) {
    const { flash, otaData } = blank();
    const raw = Buffer.from("01000000ffffffffffffffffffffffffffffffffffffffff020000009a984347", "hex");
    raw[bit >> 3] = (raw[bit >> 3] as number) ^ (1 << (bit & 7));
    flash.program(raw, PARTITION.offset + SECTOR_LENGTH);
    const covered = bit < 32 || bit >= 224;
    assert.equal(otaData.read(1) === undefined, covered, `bit ${bit}`);
  }
});

test("an unknown state boots like an undefined one", () => {
  const { flash, otaData } = blank();
  flash.program(
    Buffer.from("01000000ffffffffffffffffffffffffffffffffffffffff050000009a984347", "hex"),
    PARTITION.offset,
  );
  assert.deepEqual(otaData.read(0), { sequence: 1, state: "undefined" });
  assert.equal(otaData.active(), 0);
});

test("the greater sequence is active, unless its image is invalid or was aborted", () => {
  assert.equal(withEntries([1, "valid"], [2, "valid"]).active(), 1);
  assert.equal(withEntries([4, "valid"], [3, "valid"]).active(), 0);
  assert.equal(withEntries([0xfffffffe, "valid"], [1, "valid"]).active(), 0);
  assert.equal(withEntries([4, "aborted"], [3, "valid"]).active(), 1);
  assert.equal(withEntries([4, "invalid"], [3, "undefined"]).active(), 1);
  assert.equal(withEntries([4, "new"], [3, "valid"]).active(), 0);
  assert.equal(withEntries([4, "invalid"], [3, "aborted"]).active(), -1);
  assert.equal(withEntries([3, "valid"], [3, "valid"]).active(), 0);
});

test("an entry selects slot (sequence - 1) modulo the slots", () => {
  const otaData = withEntries([7, "valid"], [10, "aborted"]);
  assert.equal(otaData.entryOf(0), 0);
  assert.equal(otaData.entryOf(1), 1);
  assert.deepEqual(
    [1, 2, 3, 4].map((sequence) => otaData.slotOf({ sequence, state: "valid" })),
    [0, 1, 0, 1],
  );
});

test("selecting on blank otadata starts at the slot's own number", () => {
  for (const slot of [0, 1]) {
    const { otaData } = blank();
    otaData.select(slot);
    assert.deepEqual(entries(otaData), [{ sequence: slot + 1, state: "new" }, undefined]);
  }
});

test("selecting the other slot takes the next sequence and leaves the active entry alone", () => {
  const otaData = withEntries([1, "valid"], undefined);
  for (let sequence = 2; sequence < 9; sequence++) {
    const before = otaData.active();
    const kept = otaData.read(before);
    otaData.select((sequence - 1) % 2);
    assert.equal(otaData.active(), 1 - before);
    assert.deepEqual(otaData.read(1 - before), { sequence, state: "new" });
    assert.deepEqual(otaData.read(before), kept);
  }
});

test("selecting the active slot again only makes it new", () => {
  const otaData = withEntries([1, "valid"], [2, "valid"]);
  otaData.select(1);
  assert.deepEqual(entries(otaData), [
    { sequence: 1, state: "valid" },
    { sequence: 2, state: "new" },
  ]);
});

test("selecting replaces an aborted record and keeps the running one", () => {
  const otaData = withEntries([3, "valid"], [4, "aborted"]);
  otaData.select(1);
  assert.deepEqual(entries(otaData), [
    { sequence: 3, state: "valid" },
    { sequence: 4, state: "new" },
  ]);
});

test("with three slots the next sequence skips to the wanted one", () => {
  const { flash } = blank();
  const otaData = new OtaData({ flash, partition: PARTITION, slotCount: 3 });
  otaData.write(0, { sequence: 5, state: "valid" });
  otaData.select(0);
  assert.deepEqual(otaData.read(1), { sequence: 7, state: "new" });
});

test("a cut inside a change leaves that entry old, new or invalid, and the other one as it was", () => {
  const random = new SeededRandom();
  const states = ["new", "pending-verify", "valid", "invalid", "aborted"] as const;
  for (let round = 0; round < 30; round++) {
    const medium = new RecordingMedium();
    const flash = NorFlash.blank(3 * SECTOR_LENGTH, medium);
    const otaData = new OtaData({ flash, partition: PARTITION, slotCount: 2 });
    const entry = (): OtaDataEntry => ({
      sequence: random.integer(1, 1000),
      state: states[random.integer(0, 5)] ?? "new",
    });
    otaData.write(0, entry());
    otaData.write(1, entry());
    const before = bytesOf(flash);
    const old = entries(otaData);
    medium.operations.length = 0;
    const index = random.integer(0, 2);
    const written = entry();
    otaData.write(index, written);
    for (const { bytes, how } of cutsOf(before, medium.operations, random)) {
      const left = new OtaData({ flash: new NorFlash(bytes, medium), partition: PARTITION, slotCount: 2 });
      assert.deepEqual(left.read(1 - index), old[1 - index], `${how}; ${REPEAT}`);
      const found = JSON.stringify(left.read(index));
      assert.ok(
        [undefined, old[index], written].some((entry) => JSON.stringify(entry) === found),
        `${how}: ${found}; ${REPEAT}`,
      );
    }
  }
});

function blank(): { flash: NorFlash; otaData: OtaData } {
  const flash = NorFlash.blank(3 * SECTOR_LENGTH);
  return { flash, otaData: new OtaData({ flash, partition: PARTITION, slotCount: 2 }) };
}

type Brief = readonly [sequence: number, state: OtaDataEntry["state"]] | undefined;

function withEntries(...briefs: [Brief, Brief]): OtaData {
  const { otaData } = blank();
  for (const [index, brief] of briefs.entries()) {
    if (brief !== undefined) otaData.write(index, { sequence: brief[0], state: brief[1] });
  }
  return otaData;
}

function entries(otaData: OtaData): (OtaDataEntry | undefined)[] {
  return [otaData.read(0), otaData.read(1)];
}
