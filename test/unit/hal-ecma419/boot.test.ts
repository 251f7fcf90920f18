import assert from "node:assert/strict";
import { test } from "node:test";
import { PlatformBoot } from "../../../hal/ecma419/boot.js";
import type { FlashModule, PlatformImageState, PlatformModule } from "../../../hal/ecma419/modules.js";
import { HalError } from "../../../hal/ports/index.js";

/** A board whose otadata takes each change, or drops it without an error. */
function bootOf(options: { running: PlatformImageState; deaf?: boolean; pending?: PlatformImageState }) {
  const states: { [slot: string]: PlatformImageState | undefined } = { ota_0: options.running, ota_1: "aborted" };
  const set = (slot: string, state: PlatformImageState) => (): void => {
    if (options.deaf !== true) states[slot] = state;
  };
  const boot = {
    runningSlot: () => "ota_0",
    targetSlot: () => "ota_1",
    imageState: (slot: string) => states[slot],
    setPending: set("ota_1", options.pending ?? "new"),
    forgetTarget: () => void delete states["ota_1"],
    confirm: set("ota_0", "valid"),
  } as unknown as PlatformModule["boot"];
  return { states, boot: new PlatformBoot({ platform: { boot } as PlatformModule, flash: {} as FlashModule }) };
}

test("an image that runs as new under a boot loader without trials can be confirmed", () => {
  for (const running of ["new", "pending-verify"] as const) {
    const { boot, states } = bootOf({ running });
    boot.confirm();
    assert.equal(states["ota_0"], "valid");
  }
});

test("a confirmation that flash did not take is an error", () => {
  const { boot } = bootOf({ running: "pending-verify", deaf: true });
  for (const call of [() => boot.confirm(), () => boot.setPending()]) {
    assert.throws(call, (error) => error instanceof HalError && error.kind === "io");
  }
  assert.doesNotThrow(() => bootOf({ running: "pending-verify" }).boot.setPending());
});

test("an image whose pending record came out wrong does not boot later", () => {
  const { boot, states } = bootOf({ running: "valid", pending: "undefined" });
  assert.throws(
    () => boot.setPending(),
    (error) => error instanceof HalError && error.kind === "io",
  );
  assert.deepEqual(states, { ota_0: "valid" });
});
