import assert from "node:assert/strict";
import { test } from "node:test";
import { CHIP_ESP32 } from "../../../hal/boards/sim/app-image.js";
import { buildAppImage } from "../../../hal/boards/sim/app-image-builder.js";
import { inspectSlots } from "../../../hal/boards/sim/inspect.js";
import { NO_MEDIUM, NorFlash } from "../../../hal/boards/sim/nor-flash.js";
import type { BootControl } from "../../../hal/ports/index.js";
import { LinBoard } from "../../support/lin-board.js";
import { bytesOf } from "../../support/power-cuts.js";
import { assertSameBytes } from "../../support/same-bytes.js";
import { REPEAT, SeededRandom } from "../../support/seed.js";
import { SimDevice } from "../../support/sim-device.js";
import { partition, smallFlash } from "../../support/small-flash.js";

/** Outside of NVS, which the Linux target keeps in files of its own. */
const FROM = partition("otadata").offset;

test("whatever the order of calls and boots, the flash is the one of the simulated ESP32, byte by byte", () => {
  const random = new SeededRandom();
  const chip = smallFlash("1");
  const simulated = new SimDevice(chip);
  let lin = LinBoard.factory();
  for (let step = 0; step < 300; step++) {
    const [what, action] = actionOf(random, step);
    const outcomes = [simulated.ports.boot, lin.boot].map((boot) =>
      action === undefined ? "" : outcomeOf(boot, action),
    );
    assert.equal(outcomes[1], outcomes[0], `step ${step}, ${what}; ${REPEAT}`);
    if (action === undefined) {
      simulated.reboot();
      lin = lin.reboot();
    }
    assert.deepEqual(lin.boot.status(), simulated.ports.boot.status(), `step ${step}, ${what}; ${REPEAT}`);
    assertSameBytes(lin.chip.subarray(FROM), bytesOf(chip).subarray(FROM));
  }
  simulated.stop();
});

test("ota-device inspect reads the flash of the Linux target", () => {
  const board = LinBoard.factory();
  install(board.boot, "2");
  board.boot.setPending();
  const next = board.reboot();
  next.boot.confirm();
  const report = inspectSlots(new NorFlash(next.chip.slice(), NO_MEDIUM), CHIP_ESP32);
  assert.deepEqual(report.running, { slot: "ota_1", version: "2", state: "valid" });
});

/** @returns no action for a boot */
function actionOf(random: SeededRandom, step: number): [what: string, action?: (boot: BootControl) => void] {
  switch (random.integer(0, 8)) {
    case 0:
    case 1:
      return ["install", (boot) => install(boot, `${step}`)];
    case 2:
      return ["half an image", (boot) => boot.openTarget().eraseBlock(0, 1)];
    case 3:
      return ["setPending", (boot) => boot.setPending()];
    case 4:
      return ["confirm", (boot) => boot.confirm()];
    case 5:
      return ["revert", (boot) => boot.revert()];
    case 6:
      return ["forgetTarget", (boot) => boot.forgetTarget()];
    default:
      return ["boot"];
  }
}

function install(boot: BootControl, version: string): void {
  const target = boot.openTarget();
  target.eraseBlock(0, target.byteLength / target.blockLength);
  target.write(buildAppImage({ version, byteLength: 4096, seed: 1 }), 0);
}

function outcomeOf(boot: BootControl, action: (boot: BootControl) => void): string {
  try {
    action(boot);
    return "done";
  } catch (error) {
    return (error as { kind?: string }).kind ?? String(error);
  }
}
