import assert from "node:assert/strict";
import { test } from "node:test";
import { NorFile } from "../../../hal/boards/lin/nor-file.js";
import { OtaData } from "../../../hal/boards/ota-data.js";
import { NorFlash, SECTOR_LENGTH } from "../../../hal/boards/sim/nor-flash.js";
import { MemoryFiles } from "../../support/memory-files.js";
import { REPEAT, SeededRandom } from "../../support/seed.js";

const PARTITION = { offset: SECTOR_LENGTH, size: 2 * SECTOR_LENGTH };
const STATES = ["new", "pending-verify", "valid", "invalid", "aborted", "undefined"] as const;
const LAST = 0xffffffff;

test("in the file of the Linux target and on the simulated chip the same calls leave the same otadata, with any damage", () => {
  const random = new SeededRandom();
  for (let round = 0; round < 200; round++) {
    const slotCount = random.integer(1, 16);
    const flash = NorFlash.blank(4 * SECTOR_LENGTH);
    const files = new MemoryFiles(new Map([["flash.bin", flash.slice(0, flash.byteLength)]]));
    const file = new NorFile(files.openFile({ path: "flash.bin", mode: "r+" }));
    const both = [flash, file].map((each) => new OtaData({ flash: each, partition: PARTITION, slotCount }));
    for (let step = 0; step < 12; step++) {
      const act = actionOf(random, slotCount);
      const [onChip, inFile] = both.map((otaData, index) => act(otaData, index === 0 ? flash : file));
      assert.deepEqual(inFile, onChip, `round ${round}, step ${step}; ${REPEAT}`);
      assert.deepEqual(
        file.bytes(PARTITION.offset, PARTITION.size),
        flash.slice(PARTITION.offset, PARTITION.size),
        REPEAT,
      );
    }
  }
});

test("a slot is selected by the next greater sequence of its own, and never by one that reads as blank", () => {
  for (let slotCount = 1; slotCount <= 16; slotCount++) {
    for (const sequence of [1, 2, 5, 16, 17, 1000, LAST - 40]) {
      for (let slot = 0; slot < slotCount; slot++) {
        const otaData = new OtaData({ flash: NorFlash.blank(4 * SECTOR_LENGTH), partition: PARTITION, slotCount });
        otaData.write(0, { sequence, state: "valid" });
        otaData.select(slot);
        const active = otaData.read(otaData.active());
        assert.equal(active?.state, "new");
        let expected = sequence;
        while ((expected - 1) % slotCount !== slot) expected++;
        assert.equal(active?.sequence, expected);
      }
    }
  }
  const full = new OtaData({ flash: NorFlash.blank(4 * SECTOR_LENGTH), partition: PARTITION, slotCount: 2 });
  full.write(0, { sequence: LAST - 1, state: "valid" });
  assert.throws(() => full.select(0), /ESP_ERR_OTA_SELECT_INFO_INVALID/);
});

type Action = (otaData: OtaData, flash: NorFlash | NorFile) => unknown;

function actionOf(random: SeededRandom, slotCount: number): Action {
  const index = random.integer(0, 2);
  const slot = random.integer(0, slotCount);
  const entry = { sequence: random.integer(1, 40), state: STATES[random.integer(0, STATES.length)] ?? "new" };
  const damage = Uint8Array.of(random.integer(0, 256));
  const address = PARTITION.offset + index * SECTOR_LENGTH + random.integer(0, 32);
  switch (random.integer(0, 7)) {
    case 0:
      return (otaData) => otaData.write(index, entry);
    case 1:
      return (otaData) => otaData.select(slot);
    case 2:
      return (otaData) => otaData.endTrials();
    case 3:
      return (otaData) => otaData.erase(index);
    case 4:
      return (_, flash) => clearBits(flash, damage, address);
    default:
      return (otaData) => ({
        entries: [0, 1].map((each) => [otaData.read(each), otaData.asksForNone(each)]),
        active: otaData.active(),
        entryOf: otaData.entryOf(slot),
      });
  }
}

function clearBits(flash: NorFlash | NorFile, damage: Uint8Array, address: number): void {
  const byte = new Uint8Array(1);
  flash.read(byte, address);
  flash.program(Uint8Array.of((byte[0] as number) & (damage[0] as number)), address);
}
