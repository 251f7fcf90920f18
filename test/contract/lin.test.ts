import { buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import { Ecma419Flash } from "../../hal/ecma419/flash.js";
import { Ecma419KeyValue } from "../../hal/ecma419/key-value.js";
import { createKeyValue } from "../../hal/boards/lin/key-value.js";
import type { Directory } from "../../hal/boards/lin/files.js";
import { LinBoard } from "../support/lin-board.js";
import { MemoryFiles } from "../support/memory-files.js";
import type { SeededRandom } from "../support/seed.js";
import { partition, SMALL_SLOTS } from "../support/small-flash.js";
import { bootContract } from "./boot-contract.js";
import { flashContract } from "./flash-contract.js";
import { keyValueContract } from "./key-value-contract.js";

flashContract("the Linux target's slot in a file", () => {
  const board = LinBoard.factory();
  const { offset, size } = partition("ota_1");
  const around = (): Uint8Array =>
    new Uint8Array(Buffer.concat([board.chip.subarray(0, offset), board.chip.subarray(offset + size)]));
  return {
    flash: new Ecma419Flash({ flash: board.modules.flash, path: "nextota", mode: "r+" }),
    durable: () => board.chip.slice(offset, offset + size),
    around,
    failNext: () => board.files.failNext(),
    *cuts(action: () => void, random: SeededRandom) {
      for (const files of board.files.cuts(action, random)) {
        yield (files.content.get("flash.bin") as Uint8Array).slice(offset, offset + size);
      }
    },
    stop: () => {},
  };
});

keyValueContract("the Linux target's files", () => {
  const files = new MemoryFiles(new Map());
  return {
    store: storeIn(files),
    restarted: () => storeIn(new MemoryFiles(files.content)),
    failNext: () => files.failNext(),
    *cuts(action: () => void, random: SeededRandom) {
      for (const left of files.cuts(action, random)) yield storeIn(left);
    },
    stop: () => {},
  };
});

bootContract("the Linux target", () => {
  let board = LinBoard.factory();
  const reboot = (): LinBoard => (board = board.reboot());
  return {
    boot: () => board.boot,
    reboot: () => reboot().boot,
    restarted: async () => {
      if (board.restarts === 0) throw new Error("no restart was asked for");
      return reboot().boot;
    },
    image: (version) => buildAppImage({ version, byteLength: 4096, seed: 1 }),
    rot: (label) => {
      const slot = SMALL_SLOTS.find((candidate) => candidate.label === label);
      board.chip.fill(0, (slot?.offset ?? NaN) + 1024, (slot?.offset ?? NaN) + 1088);
    },
    // esp_ota_select_entry_t's ota_state.
    forgetJudgement: () =>
      void board.chip.fill(0xff, partition("otadata").offset + 24, partition("otadata").offset + 28),
    durable: () => board.chip.slice(),
    *cuts(action: () => void, random: SeededRandom) {
      for (const files of board.files.cuts(action, random)) {
        const left = new LinBoard(files);
        yield left.boot.status();
        yield left.reboot().boot.status();
      }
    },
    stop: () => {},
  };
});

function storeIn(files: Directory): Ecma419KeyValue {
  return new Ecma419KeyValue({ keyValue: createKeyValue(files), path: "ota" });
}
