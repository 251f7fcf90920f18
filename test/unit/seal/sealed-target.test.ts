import assert from "node:assert/strict";
import { test } from "node:test";
import type { BootStatus, Device } from "../../../hal/ports/index.js";
import { decodeFloor, floorKey } from "../../../src/seal/floor.js";
import { NO_CHIP } from "../../../src/seal/format.js";
import { seal } from "../../../src/seal/part.js";
import type { JobRecord } from "../../../src/update/checkpoint.js";
import { restoreStaged } from "../../../src/update/machine/restore.js";
import type { Target } from "../../../src/update/target.js";
import { NODE_DIGESTS } from "../../support/digests.js";
import { CollectedLog } from "../../support/log.js";
import { PRODUCT, sealed, signerNamed, withBit } from "../../support/seals.js";
import { VirtualClock } from "../../support/virtual-clock.js";

const VENDOR = signerNamed("vendor");
const OWNER = `${PRODUCT}/light1`;
const AREA = "staging";
const FILE = sealed(new Uint8Array(3001).fill(0x5a), {
  version: "2.0.0",
  securityVersion: 2,
  chipId: NO_CHIP,
  signers: [VENDOR],
});

/** @returns the floor after a restart that finds this record, of an installation that a power cut has ended */
function floorAfterRestart(file: Uint8Array, record: JobRecord, runningVersion: string): number | undefined {
  const records = new Map<string, Uint8Array>();
  const clock = new VirtualClock();
  const device = {
    clock,
    digests: NODE_DIGESTS,
    log: new CollectedLog().log,
    store: {
      read: (key: string) => records.get(key),
      write: (key: string, value: Uint8Array) => records.set(key, value),
    },
  } as unknown as Device;
  const inner = {
    kind: "staged",
    owner: OWNER,
    partition: { read: (into: Uint8Array, at: number) => into.set(file.subarray(at, at + into.byteLength)) },
    restore: (found?: JobRecord) =>
      restoreStaged(found?.checkpoint, { area: AREA, owns: found?.owner === OWNER, runningVersion }),
  } as unknown as Target;
  const guards = seal({
    device,
    config: { trusted: [VENDOR.pem] },
    name: { productId: PRODUCT, deviceName: "gateway" },
    boot: { runningVersion: "1.0", runningSecureVersion: 0, chipId: 0 } as BootStatus,
    version: "1.0",
    tls: {},
    limits: { idleTimeoutMs: 1000 },
  });
  const guard = guards.of({ owner: OWNER, product: PRODUCT, required: true });
  guard.target(inner).restore(record);
  clock.advance(1);
  const floor = records.get(floorKey(OWNER));
  return floor && decodeFloor(floor);
}

const INSTALLED: JobRecord = {
  owner: OWNER,
  checkpoint: {
    phase: "applying",
    slot: AREA,
    image: { version: "2.0.0", md5: "0".repeat(32), size: FILE.byteLength },
  },
};

test("a sub-device's floor rises after a restart if the power went between its installation and its report", () => {
  assert.equal(floorAfterRestart(FILE, INSTALLED, "2.0.0"), 2);
});

test("it does not rise if the sub-device runs another version, for another's image, or by a seal of nobody", () => {
  assert.equal(floorAfterRestart(FILE, INSTALLED, "1.0.0"), undefined);
  assert.equal(floorAfterRestart(FILE, { ...INSTALLED, owner: `${PRODUCT}/light2` }, "2.0.0"), undefined);
  assert.equal(floorAfterRestart(withBit(FILE, 3001 + 140), INSTALLED, "2.0.0"), undefined);
});
