import assert from "node:assert/strict";
import { test } from "node:test";
import { CHIP_ESP32 } from "../../../hal/boards/sim/app-image.js";
import { type BootChoice, bootLoader } from "../../../hal/boards/sim/boot-loader.js";
import type { NorFlash } from "../../../hal/boards/sim/nor-flash.js";
import { createPlatform } from "../../../hal/boards/sim/platform.js";
import { Power } from "../../../hal/boards/sim/power.js";
import type { PlatformModule } from "../../../hal/ecma419/modules.js";
import { crcOf, IdfBoot, type RawEntry, slotOf } from "../../support/idf-boot.js";
import { REPEAT, SeededRandom } from "../../support/seed.js";
import { partition, putImage, smallFlash, spoilImage } from "../../support/small-flash.js";

const OTADATA = partition("otadata").offset;
const STATES = [0, 1, 2, 3, 4, 0xffffffff];
const ACTIONS = ["boot", "boot", "update", "update", "confirm", "confirm", "revert", "rot", "repair"];
const STATE_NAMES = ["new", "pending-verify", "valid", "invalid", "aborted"];

test("boots the slot that ESP-IDF boots and leaves the otadata it leaves, from every pair of states", () => {
  for (const first of [undefined, ...STATES]) {
    for (const second of [undefined, ...STATES]) {
      for (const sequences of [
        [1, 2],
        [3, 2],
        [2, 4],
        [1, 1],
        [0xfffffffe, 7],
      ] as const) {
        for (const sound of [
          [true, true],
          [true, false],
          [false, true],
        ] as [boolean, boolean][]) {
          const entries: [RawEntry, RawEntry] = [entryOf(sequences[0], first), entryOf(sequences[1], second)];
          compareBoot(entries, sound, `${sequences} ${first} ${second} ${sound}`);
        }
      }
    }
  }
});

test("does with a damaged entry what ESP-IDF does", () => {
  const damaged: RawEntry[] = STATES.map((state) => ({ sequence: 2, state, crc: 0x12345678 }));
  for (const bad of damaged) {
    for (const state of [undefined, ...STATES]) {
      for (const sequence of [1, 2, 3]) {
        const good = entryOf(sequence, state);
        compareBoot([{ ...bad }, { ...good }], [true, true], `damaged ${bad.state} before ${sequence} ${state}`);
        compareBoot([{ ...good }, { ...bad }], [true, true], `damaged ${bad.state} after ${sequence} ${state}`);
      }
    }
    compareBoot([{ ...bad }, { ...bad }], [true, true], `both damaged ${bad.state}`);
  }
});

test("follows ESP-IDF through any life of boots, updates, confirmations, rollbacks and rot", () => {
  const random = new SeededRandom();
  for (let life = 0; life < 40; life++) {
    const flash = smallFlash("1", "1");
    const idf = new IdfBoot([entryOf(1, undefined), entryOf(1, undefined)], [true, true]);
    let platform = bootBoth(flash, idf);
    const history: string[] = ["boot"];
    for (let step = 0; step < 25 && platform !== undefined; step++) {
      const action = ACTIONS[random.integer(0, ACTIONS.length)] as string;
      history.push(action);
      platform = act(action, { flash, idf, platform });
      const where = `${history.join(" ")}; life ${life}; ${REPEAT}`;
      assert.deepEqual(rawEntries(flash), idf.otadata, where);
      if (platform === undefined) continue;
      assert.equal(platform.boot.runningSlot(), `ota_${idf.running}`, where);
      for (const slot of [0, 1]) {
        const state = idf.stateOf(slot);
        const expected = state === undefined ? undefined : (STATE_NAMES[state] ?? "undefined");
        assert.equal(platform.boot.imageState(`ota_${slot}`), expected, where);
      }
    }
  }
});

interface Life {
  readonly flash: NorFlash;
  readonly idf: IdfBoot;
  readonly platform: PlatformModule;
}

/** @returns the platform after it: another one after a boot, none if nothing boots */
function act(action: string, { flash, idf, platform }: Life): PlatformModule | undefined {
  const target = 1 - idf.running;
  const active = idf.active();
  // If the boot loader skipped the active slot, ESP-IDF's calls use that one, ours the one that runs.
  const runsActive = active >= 0 && slotOf(idf.otadata[active] as RawEntry) === idf.running;
  switch (action) {
    case "boot":
      return bootBoth(flash, idf);
    case "update":
      // esp_ota_begin refuses while the running image is on trial; setPending stands for both.
      if (idf.stateOf(idf.running) !== 1) {
        assert.equal(
          succeeds(() => platform.boot.setPending()),
          idf.setBoot(target),
        );
      }
      return platform;
    case "confirm":
      if (runsActive) {
        assert.equal(
          succeeds(() => platform.boot.confirm()),
          idf.markValid(),
        );
      }
      return platform;
    case "revert":
      if (runsActive) {
        assert.equal(
          succeeds(() => platform.boot.revert()),
          idf.markInvalid(),
        );
      }
      return platform;
    case "rot":
      if (idf.sound[target] === true) spoilImage(flash, target);
      idf.sound[target] = false;
      return platform;
    default:
      putImage(flash, target, "2");
      idf.sound[target] = true;
      return platform;
  }
}

function bootBoth(flash: NorFlash, idf: IdfBoot): PlatformModule | undefined {
  idf.boot();
  let boot: BootChoice;
  try {
    boot = bootLoader(flash, CHIP_ESP32);
  } catch (error) {
    assert.equal(idf.running, -1, String(error));
    return undefined;
  }
  return createPlatform({ flash, power: new Power(), boot, chipId: CHIP_ESP32, restart: () => {} });
}

function compareBoot(entries: [RawEntry, RawEntry], sound: [boolean, boolean], where: string): void {
  const flash = smallFlash(sound[0] ? "1" : undefined, sound[1] ? "2" : undefined);
  for (const [index, { sequence, state, crc }] of entries.entries()) {
    const bytes = Buffer.alloc(32, 0xff);
    bytes.writeUInt32LE(sequence, 0);
    bytes.writeUInt32LE(state, 24);
    bytes.writeUInt32LE(crc, 28);
    flash.program(bytes, OTADATA + index * 4096);
  }
  const idf = new IdfBoot(entries, sound);
  idf.boot();
  assert.equal(bootLoader(flash, CHIP_ESP32).running, idf.running, where);
  assert.deepEqual(rawEntries(flash), idf.otadata, where);
}

/** @param state `undefined`: blank */
function entryOf(sequence: number, state: number | undefined): RawEntry {
  if (state === undefined) return { sequence: 0xffffffff, state: 0xffffffff, crc: 0xffffffff };
  return { sequence, state, crc: crcOf(sequence) };
}

function rawEntries(flash: NorFlash): RawEntry[] {
  return [0, 1].map((index) => {
    const bytes = Buffer.from(flash.slice(OTADATA + index * 4096, 32));
    return { sequence: bytes.readUInt32LE(0), state: bytes.readUInt32LE(24), crc: bytes.readUInt32LE(28) };
  });
}

function succeeds(action: () => void): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}
