import assert from "node:assert/strict";
import { crc32 } from "node:zlib";
import { OtaData } from "../../../hal/boards/ota-data.js";
import { NorFlash, SECTOR_LENGTH } from "../../../hal/boards/sim/nor-flash.js";
import { mountNvs, Nvs } from "../../../hal/boards/sim/nvs/nvs.js";
import type { Partition } from "../../../hal/boards/sim/partition-table.js";
import { decodeRecord, encodeRecord } from "../../../src/update/checkpoint.js";
import { restore } from "../../../src/update/machine/restore.js";
import type { Checkpoint } from "../../../src/update/machine/types.js";
import { BOOTS, CHECKPOINTS } from "../../machine/representatives.js";
import { type Target, withCrc } from "../target.js";

const RECORD_LIMIT = 508;

/** The record of a job, as a worn key-value store may give it back. */
export const checkpoint: Target = {
  name: "checkpoint",
  weight: 40,
  corpus: CHECKPOINTS.filter((each): each is Checkpoint => each !== undefined).map((each) =>
    encodeRecord({ owner: "ABCDE12345/light_01", checkpoint: each }),
  ),
  words: ["ota_0", "ota_1", "\0", "\x7f", "é"],
  repair: withCrc,
  run(input) {
    const found = decodeRecord(input);
    if (found === undefined) return;
    const { image } = found.checkpoint;
    assert.ok(Number.isSafeInteger(image.size) && image.size > 0, `size ${image.size}`);
    assert.match(image.md5, /^[0-9a-f]{32}$/);
    const printed = encodeRecord(found);
    assert.ok(printed.byteLength <= RECORD_LIMIT);
    const again = decodeRecord(printed);
    assert.ok(again !== undefined);
    assert.deepEqual(
      [again.owner, again.checkpoint.phase, again.checkpoint.image],
      [found.owner, found.checkpoint.phase, image],
    );
    // A message with characters that no log shows is stored without them.
    assert.deepEqual(decodeRecord(encodeRecord(again)), again);
    for (const boot of BOOTS) assert.ok(restore(found.checkpoint, boot).state !== undefined);
  },
};

function partition(offset: number, size: number): Partition {
  return { label: "x", type: 1, subtype: 0, offset, size };
}

/** A flash that begins with the input; the rest is blank. */
function flashOf(input: Uint8Array, byteLength: number): NorFlash {
  const bytes = new Uint8Array(byteLength).fill(0xff);
  bytes.set(input.subarray(0, byteLength));
  return new NorFlash(bytes, { write: () => {}, close: () => {} });
}

function contentOf(flash: NorFlash): Uint8Array {
  return flash.slice(0, flash.byteLength);
}

const ENTRY_LENGTH = 32;

/** The two entries, without the blank bytes between them. */
export const otaData: Target = {
  name: "otadata",
  weight: 15,
  corpus: otaDataCorpus(),
  words: ["\xff\xff\xff\xff", "\xfe\xff\xff\xff", "\0\0\0\0", "\x02\0\0\0", "\x7f"],
  repair(entries) {
    for (let at = 0; at + ENTRY_LENGTH <= entries.byteLength; at += ENTRY_LENGTH) {
      new DataView(entries.buffer).setUint32(at + 28, crc32(entries.subarray(at, at + 4), 0xffffffff), true);
    }
    return entries;
  },
  run(input) {
    const bytes = new Uint8Array(2 * SECTOR_LENGTH).fill(0xff);
    bytes.set(input.subarray(0, ENTRY_LENGTH));
    bytes.set(input.subarray(ENTRY_LENGTH, 2 * ENTRY_LENGTH), SECTOR_LENGTH);
    const flash = flashOf(bytes, 2 * SECTOR_LENGTH);
    const slotCount = 2 + (input.byteLength % 3);
    const data = new OtaData({ flash, partition: partition(0, 2 * SECTOR_LENGTH), slotCount });
    data.endTrials();
    const active = data.active();
    assert.ok(active >= -1 && active <= 1);
    for (let slot = 0; slot < slotCount; slot++) {
      try {
        data.select(slot);
      } catch (error) {
        assert.match(String(error), /ESP_ERR|sequence/);
        return;
      }
      const entry = data.read(data.active());
      assert.ok(
        entry !== undefined && data.slotOf(entry) === slot && entry.state === "new",
        `slot ${slot} is not the one that boots`,
      );
    }
  },
};

function otaDataCorpus(): Uint8Array[] {
  return [
    [1, 0],
    [1, 2],
    [4, 3],
  ].map(([first = 0, second = 0]) => {
    const flash = NorFlash.blank(2 * SECTOR_LENGTH);
    const data = new OtaData({ flash, partition: partition(0, 2 * SECTOR_LENGTH), slotCount: 2 });
    if (first > 0) data.write(0, { sequence: first, state: "valid" });
    if (second > 0) data.write(1, { sequence: second, state: "pending-verify" });
    return new Uint8Array(Buffer.concat([flash.slice(0, ENTRY_LENGTH), flash.slice(SECTOR_LENGTH, ENTRY_LENGTH)]));
  });
}

const NVS_LENGTH = 3 * SECTOR_LENGTH;
const NAMESPACE = "ota";

/** A partition that wear or another firmware wrote: it mounts, and then it holds what is put into it. */
export const nvs: Target = {
  name: "nvs",
  weight: 3,
  corpus: nvsCorpus(),
  words: ["\x48", "\x42", "job", "ota", "\xff\xff", "\xfc", "\xf8", "\0\0"],
  repair: repairNvs,
  run(input) {
    const flash = flashOf(input, NVS_LENGTH);
    const store = mountNvs(flash, partition(0, NVS_LENGTH));
    for (const key of store.keys(NAMESPACE)) store.get(NAMESPACE, key);
    const value = input.slice(0, 100);
    try {
      store.set(NAMESPACE, "job", value);
    } catch (error) {
      assert.match(String(error), /ESP_ERR_NVS_(NOT_ENOUGH_SPACE|NO_FREE_PAGES|KEY_TOO_LONG)/);
      return;
    }
    assert.deepEqual(new Uint8Array(store.get(NAMESPACE, "job") ?? []), value);
    const again = new Nvs(flashOf(contentOf(flash), NVS_LENGTH), partition(0, NVS_LENGTH));
    assert.deepEqual(new Uint8Array(again.get(NAMESPACE, "job") ?? []), value, "lost by a restart");
    again.delete(NAMESPACE, "job");
    assert.equal(again.get(NAMESPACE, "job"), undefined);
  },
};

function nvsCorpus(): Uint8Array[] {
  return [0, 1, 30, 80].map((count) => {
    const flash = NorFlash.blank(NVS_LENGTH);
    const store = new Nvs(flash, partition(0, NVS_LENGTH));
    for (let index = 0; index < count; index++) {
      store.set(NAMESPACE, `key${index % 4}`, new Uint8Array(20 + (index % 50)).fill(index));
    }
    return contentOf(flash).slice();
  });
}

/** Headers of pages and of items: each with its checksum. */
function repairNvs(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let page = 0; page + SECTOR_LENGTH <= bytes.byteLength; page += SECTOR_LENGTH) {
    if (view.getUint32(page, true) === 0xffffffff) continue;
    view.setUint32(page + 28, crc32(bytes.subarray(page + 4, page + 28), 0xffffffff), true);
    for (let at = page + 64; at + 32 <= page + SECTOR_LENGTH; at += 32 * Math.max(1, bytes[at + 2] as number)) {
      if (bytes[at] === 0xff) break;
      view.setUint32(
        at + 4,
        crc32(Buffer.concat([bytes.subarray(at, at + 4), bytes.subarray(at + 8, at + 32)]), 0xffffffff),
        true,
      );
    }
  }
  return bytes;
}
