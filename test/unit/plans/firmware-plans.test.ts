import assert from "node:assert/strict";
import { test } from "node:test";
import type { BootStatus } from "../../../hal/ports/index.js";
import { FirmwarePlans, type FirmwarePlansOptions } from "../../../src/plans/firmware-plans.js";
import type { PlanGate } from "../../../src/plans/gate.js";
import { NO_LOG } from "../../support/log.js";
import { MemoryStore } from "../../support/planning.js";
import { VirtualClock } from "../../support/virtual-clock.js";

test("plans that could not begin because storage could not be read begin with the next use: nothing is updated without the question", () => {
  const store = new MemoryStore();
  const gates: PlanGate[] = [];
  const options: Partial<FirmwarePlansOptions> = {
    device: { store, clock: new VirtualClock(), log: NO_LOG } as unknown as FirmwarePlansOptions["device"],
    boot: { targetSlot: "ota_1", targetState: "none" } as BootStatus,
    version: "0.1.0",
    driver: () => ({ capacity: 1_000_000 }) as ReturnType<FirmwarePlansOptions["driver"]>,
    onGate: (gate) => void gates.push(gate),
  };
  const firmwarePlans = new FirmwarePlans(options as FirmwarePlansOptions);
  store.failing = true;
  assert.throws(() => firmwarePlans.use());
  assert.equal(firmwarePlans.gate, undefined);
  store.failing = false;
  firmwarePlans.use();
  assert.deepEqual(gates, [firmwarePlans.gate]);
});
