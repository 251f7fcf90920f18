import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { BootControl, BootStatus } from "../../hal/ports/index.js";
import { assertSameBytes } from "../support/same-bytes.js";
import { REPEAT, SeededRandom } from "../support/seed.js";
import { capabilitiesOf, expectKind } from "./flash-contract.js";

/** A board that runs version 1 from its first slot, judged valid; the second slot is blank and was never recorded. */
export interface BootFixture {
  /** The boot control of the boot that runs now. */
  boot(): BootControl;
  /** Power off and on. */
  reboot(): BootControl;
  /** Resolves once the restart that was asked for has happened. */
  restarted(): Promise<BootControl>;
  /** An image of this version for this board. */
  image(version: string): Uint8Array;
  /** Spoils the image in a slot behind the agent's back. */
  rot(slot: string): void;
  /** Removes the record that the running image is valid, as an older boot loader may have left the board. */
  forgetJudgement(): void;
  /** All that is stored. */
  durable(): Uint8Array;
  /**
   * What each later boot finds after a power cut inside `action`. Absent if this medium cannot be cut.
   * The board itself goes on after `action`.
   */
  cuts?(action: () => void, random: SeededRandom): Iterable<BootStatus>;
  stop(): void;
}

/** hal/ports/boot.ts, sentence by sentence. */
export function bootContract(name: string, start: () => BootFixture): void {
  const can = capabilitiesOf(start);
  describe(`boot: ${name}`, () => {
    let board: BootFixture;
    beforeEach(() => {
      board = start();
    });
    afterEach(() => board.stop());

    const install = (version: string): void => {
      const target = board.boot().openTarget();
      const image = board.image(version);
      target.eraseBlock(0, target.byteLength / target.blockLength);
      target.write(image, 0);
    };
    const startTrial = (version: string): BootControl => {
      install(version);
      board.boot().setPending();
      return board.reboot();
    };
    const unchanged = (action: () => void): void => {
      const before = board.durable();
      action();
      assertSameBytes(board.durable(), before);
    };

    test("reports which slot runs, in which state and version, and which is the target", () => {
      const { runningSlot, targetSlot, ...rest } = board.boot().status();
      assert.notEqual(runningSlot, targetSlot);
      assert.deepEqual(rest, {
        runningState: "valid",
        runningVersion: "1",
        runningSecureVersion: 0,
        targetState: "none",
        chipId: 0,
      });
    });

    test("the status is read anew at each call and changes nothing", () => {
      const boot = board.boot();
      unchanged(() => void boot.status());
      install("2");
      boot.setPending();
      assert.equal(boot.status().targetState, "new");
      boot.forgetTarget();
      assert.equal(boot.status().targetState, "none");
    });

    test("an update boots next, on trial; confirmed, it stays", () => {
      const { runningSlot, targetSlot } = board.boot().status();
      const trial = startTrial("2");
      const status = {
        runningSlot: targetSlot,
        runningVersion: "2",
        runningSecureVersion: 0,
        targetSlot: runningSlot,
        targetState: "valid",
        chipId: 0,
      };
      assert.deepEqual(trial.status(), { ...status, runningState: "pending-verify" });
      trial.confirm();
      assert.deepEqual(trial.status(), { ...status, runningState: "valid" });
      for (let count = 0; count < 2; count++) {
        assert.deepEqual(board.reboot().status(), { ...status, runningState: "valid" });
      }
    });

    test("an update that is not confirmed reverts at the next boot, for good", () => {
      const before = board.boot().status();
      startTrial("2");
      for (let count = 0; count < 2; count++) {
        assert.deepEqual(board.reboot().status(), { ...before, targetState: "aborted" });
      }
    });

    test("an update that declares itself unfit reverts, and its status differs from that of one that was restarted", () => {
      const before = board.boot().status();
      const trial = startTrial("2");
      trial.revert();
      assert.equal(trial.status().runningState, "invalid");
      assert.deepEqual(board.reboot().status(), { ...before, targetState: "invalid" });
    });

    test("updates alternate between the slots", () => {
      const slots: string[] = [];
      for (const version of ["2", "3", "4", "5"]) {
        const trial = startTrial(version);
        trial.confirm();
        assert.equal(trial.status().runningVersion, version);
        slots.push(trial.status().runningSlot);
      }
      assert.equal(new Set(slots).size, 2);
      assert.notEqual(slots[0], slots[1]);
      assert.equal(slots[0], slots[2]);
    });

    test("the target is what openTarget opens; the running slot stays as it is", () => {
      const target = board.boot().openTarget();
      assert.equal(target.byteLength % target.blockLength, 0);
      target.eraseBlock(0, target.byteLength / target.blockLength);
      target.write(new Uint8Array(target.byteLength), 0);
      const { runningVersion } = board.reboot().status();
      assert.equal(runningVersion, "1");
    });

    test("forgetting drops the record of the target alone; if there is none it changes nothing", () => {
      startTrial("2");
      const boot = board.reboot();
      assert.equal(boot.status().targetState, "aborted");
      boot.forgetTarget();
      assert.equal(boot.status().targetState, "none");
      assert.equal(boot.status().runningState, "valid");
      unchanged(() => boot.forgetTarget());
      assert.equal(board.reboot().status().targetState, "none");
    });

    test("a target without a whole image is `invalid-image`, and nothing changes", () => {
      const boot = board.boot();
      unchanged(() => expectKind("invalid-image", () => boot.setPending()));
      const target = boot.openTarget();
      const image = board.image("2");
      target.write(image.subarray(0, image.byteLength - 16), 0);
      unchanged(() => expectKind("invalid-image", () => boot.setPending()));
      install("2");
      board.rot(boot.status().targetSlot);
      unchanged(() => expectKind("invalid-image", () => boot.setPending()));
      assert.equal(board.reboot().status().runningVersion, "1");
    });

    test("while the running image is on trial, setPending is refused as `unsupported`, and changes nothing", () => {
      const trial = startTrial("2");
      unchanged(() => expectKind("unsupported", () => trial.setPending()));
      trial.confirm();
      trial.setPending();
      assert.equal(board.reboot().status().runningVersion, "1");
    });

    test("confirm if the image is not on trial changes nothing", () => {
      unchanged(() => board.boot().confirm());
      startTrial("2").confirm();
      unchanged(() => board.boot().confirm());
    });

    test("confirm of an image that nobody ever judged changes nothing", () => {
      board.forgetJudgement();
      const boot = board.reboot();
      assert.equal(boot.status().runningState, "undefined");
      unchanged(() => boot.confirm());
    });

    test("confirm if the boot loader has no record of the running image changes nothing", () => {
      install("2");
      board.rot(board.boot().status().runningSlot);
      const boot = board.reboot();
      assert.equal(boot.status().runningVersion, "2", "the recorded image does not boot any more");
      assert.equal(boot.status().runningState, "undefined");
      unchanged(() => boot.confirm());
    });

    test("confirm by the old image does not confirm a new one that could not boot", () => {
      install("2");
      board.boot().setPending();
      board.rot(board.boot().status().targetSlot);
      const boot = board.reboot();
      assert.equal(boot.status().runningVersion, "1");
      unchanged(() => boot.confirm());
      assert.equal(board.reboot().status().targetState, "aborted");
    });

    test("revert if no other image can boot is `unsupported`, and changes nothing", () => {
      unchanged(() => expectKind("unsupported", () => board.boot().revert()));
      const trial = startTrial("2");
      board.rot(trial.status().targetSlot);
      unchanged(() => expectKind("unsupported", () => trial.revert()));
    });

    test("after a restart the old boot's control does nothing and another boot runs", async () => {
      install("2");
      const old = board.boot();
      old.setPending();
      old.restart();
      const calls = [() => old.confirm(), () => old.setPending(), () => old.forgetTarget(), () => void old.status()];
      for (const call of calls) assert.throws(call);
      const boot = await board.restarted();
      assert.equal(boot.status().runningVersion, "2");
    });

    if (can.cuts !== undefined) {
      test("after a cut inside any of the calls, an image that was wholly verified boots", () => {
        const cuts = board.cuts as NonNullable<BootFixture["cuts"]>;
        const random = new SeededRandom();
        const after = (what: string, action: () => void, versions: readonly string[]): void => {
          let count = 0;
          for (const { runningVersion } of cuts(action, random)) {
            assert.ok(versions.includes(runningVersion), `${what}: ${runningVersion} boots; ${REPEAT}`);
            count++;
          }
          assert.ok(count > 0);
        };
        install("2");
        after("setPending", () => board.boot().setPending(), ["1", "2"]);
        after("setPending again", () => board.boot().setPending(), ["1", "2"]);
        after("boot on trial", () => board.reboot(), ["1", "2"]);
        after("revert", () => board.boot().revert(), ["1"]);
        after("boot after the revert", () => board.reboot(), ["1"]);
        after("forgetTarget", () => board.boot().forgetTarget(), ["1"]);
        board.boot().openTarget().eraseBlock(0, 1);
        install("3");
        after("setPending", () => board.boot().setPending(), ["1", "3"]);
        board.reboot();
        after("confirm", () => board.boot().confirm(), ["1", "3"]);
        after("forgetTarget", () => board.boot().forgetTarget(), ["3"]);
        board.boot().openTarget().eraseBlock(0, 1);
        after("boot with half an image in the target", () => board.reboot(), ["3"]);
      });
    }
  });
}
