import assert from "node:assert/strict";
import { test } from "node:test";
import type { BootStatus } from "../../../hal/ports/index.js";
import { PlanDesk, type PlanDeskOptions } from "../../../src/plans/firmware-plans.js";
import type { PlanGate } from "../../../src/plans/gate.js";
import { NO_LOG } from "../../support/log.js";
import { MemoryStore } from "../../support/planning.js";
import { VirtualClock } from "../../support/virtual-clock.js";

test("plans that could not begin, as storage was not read, begin with the next use: nothing is updated without the question", () => {
  const store = new MemoryStore();
  const gates: PlanGate[] = [];
  const options: Partial<PlanDeskOptions> = {
    device: { store, clock: new VirtualClock(), log: NO_LOG } as unknown as PlanDeskOptions["device"],
    boot: { targetSlot: "ota_1", targetState: "none" } as BootStatus,
    version: "0.1.0",
    driver: () => ({ capacity: 1_000_000 }) as ReturnType<PlanDeskOptions["driver"]>,
    onGate: (gate) => void gates.push(gate),
  };
  const desk = new PlanDesk(options as PlanDeskOptions);
  store.failing = true;
  assert.throws(() => desk.use());
  assert.equal(desk.gate, undefined);
  store.failing = false;
  desk.use();
  assert.deepEqual(gates, [desk.gate]);
});
