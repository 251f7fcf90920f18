import assert from "node:assert/strict";
import { test } from "node:test";
import type { BootStatus, Device } from "../../../hal/ports/index.js";
import { OtaError } from "../../../src/errors.js";
import type { SealConfig } from "../../../src/seal/options.js";
import { decodeFloor, encodeFloor, floorKey, raiseFloor } from "../../../src/seal/floor.js";
import { seal } from "../../../src/seal/part.js";
import { guardOf } from "../../../src/update/guard.js";
import { NO_DIGESTS, NODE_DIGESTS } from "../../support/digests.js";
import { CollectedLog } from "../../support/log.js";
import { signerNamed } from "../../support/seals.js";

const VENDOR = signerNamed("vendor");
const BOOT = { runningVersion: "1.0", runningSecureVersion: 3, chipId: 0 } as BootStatus;

const TRUSTING: SealConfig = { trusted: [VENDOR.pem] };
/** The application has the part and no setting for it. */
const NOTHING = {};

class Bed {
  readonly records = new Map<string, Uint8Array>();
  readonly logged = new CollectedLog();
  fails = false;
  head = new Uint8Array(80);

  device(digests = NODE_DIGESTS): Device {
    return {
      digests,
      log: this.logged.log,
      store: {
        read: (key: string) => this.records.get(key),
        write: (key: string, value: Uint8Array) => {
          if (this.fails) throw new Error("no space");
          this.records.set(key, value);
        },
      },
      boot: { openTarget: () => ({ read: (into: Uint8Array) => into.set(this.head) }) },
    } as unknown as Device;
  }

  seals(config: unknown = TRUSTING, digests = NODE_DIGESTS, boot = BOOT): ReturnType<typeof seal> {
    return seal({
      device: this.device(digests),
      config: config === NOTHING ? undefined : (config as SealConfig),
      name: { productId: "ABCDE12345", deviceName: "d" },
      boot,
      version: "1.0",
      tls: {},
      limits: { idleTimeoutMs: 1000 },
    });
  }

  get floor(): number | undefined {
    const record = this.records.get("floor");
    return record && decodeFloor(record);
  }
}

function refused(config: unknown, message: RegExp): void {
  assert.throws(
    () => new Bed().seals(config),
    (error) => error instanceof OtaError && error.code === "usage" && message.test(error.message),
    message.source,
  );
}

test("a key is taken as PEM, as DER and as a point with and without its first byte", () => {
  const der = Buffer.from(VENDOR.pem.replace(/-----[^-]+-----|\s/g, ""), "base64");
  const dos = VENDOR.pem.replace(/\n/g, "\r\n");
  for (const key of [VENDOR.pem, dos, `a comment\n${VENDOR.pem}`, der, Uint8Array.of(4, ...VENDOR.publicKey)]) {
    assert.equal(new Bed().seals({ trusted: [key] }).allNeedSeals, true);
  }
  assert.equal(new Bed().seals({ trusted: [VENDOR.publicKey], required: false, product: "P" }).allNeedSeals, false);
});

test("what is no key of P-256 is a usage error that says which", () => {
  const wrongHead = Buffer.from(VENDOR.pem.replace(/-----[^-]+-----|\s/g, ""), "base64");
  wrongHead[10] = (wrongHead[10] as number) ^ 1;
  const offCurve = VENDOR.publicKey.slice();
  offCurve[63] = (offCurve[63] as number) ^ 1;
  for (const wrong of ["", "NAME.pub", 7, null, new Uint8Array(0), new Uint8Array(64), offCurve, wrongHead]) {
    refused({ trusted: [VENDOR.pem, wrong] }, /^seal\.trusted\[1\] is no public key of P-256/);
  }
  refused({ trusted: [VENDOR.pem.replace("PUBLIC", "PRIVATE")] }, /^seal\.trusted\[0\]/);
});

test("a wrong setting is a usage error that names it", () => {
  refused(NOTHING, /^seal is missing: \{ trusted, required, product \}$/);
  refused({ trusted: [] }, /seal is required and seal\.trusted is empty/);
  refused({ trusted: VENDOR.pem }, /^seal\.trusted is not a list/);
  refused({ trusted: [VENDOR.pem], required: "no" }, /^seal\.required/);
  refused({ trusted: [VENDOR.pem], trust: 1 }, /did you mean seal\.trusted\?/);
  for (const product of ["", "a b", "p".repeat(33), 5]) refused({ trusted: [VENDOR.pem], product }, /^seal\.product/);
  assert.throws(() => new Bed().seals({ trusted: [VENDOR.pem] }, NO_DIGESTS), /this board has no SHA-256/);
});

test("a sub-device that needs a seal needs the part, and a key", () => {
  const owner = { owner: "P/light", product: "P", required: true };
  assert.throws(() => guardOf(undefined, owner), { code: "usage" });
  assert.equal(guardOf(undefined, { ...owner, required: false }), undefined);
  const nobody = new Bed().seals({ trusted: [], required: false });
  assert.throws(() => guardOf(nobody, owner), { code: "usage" });
  assert.notEqual(guardOf(nobody, { ...owner, required: false }), undefined);
});

test("the floor rises with a confirmed firmware and never falls", () => {
  const bed = new Bed();
  const seals = bed.seals();
  assert.equal(bed.floor, undefined, "a firmware on trial raises nothing");
  seals.confirmed();
  assert.equal(bed.floor, 3);
  bed.records.set("floor", encodeFloor(9));
  seals.confirmed();
  assert.equal(bed.floor, 9);
});

test("a firmware that has failed its trial, and runs for want of another, raises nothing", () => {
  for (const runningState of ["invalid", "aborted"] as const) {
    const bed = new Bed();
    bed.seals(TRUSTING, NODE_DIGESTS, { ...BOOT, runningState }).confirmed();
    assert.equal(bed.floor, undefined, runningState);
  }
});

test("not all images need seals as soon as one is for somebody who needs none", () => {
  const seals = new Bed().seals();
  seals.of({ owner: "P/light", product: "P", required: true });
  assert.equal(seals.allNeedSeals, true);
  seals.of({ owner: "P/lamp", product: "P", required: false });
  assert.equal(seals.allNeedSeals, false);
});

test("a floor that cannot be stored is logged, and ends nothing", () => {
  const bed = new Bed();
  bed.fails = true;
  bed.seals().confirmed();
  assert.deepEqual(bed.logged.lines, ["error seal no space"]);
});

test("the way back is refused below the stored floor, and below the running image's number if that was wiped", () => {
  const bed = new Bed();
  const seals = bed.seals();
  const described = (secureVersion: number): void => {
    const view = new DataView(bed.head.buffer);
    view.setUint32(32, 0xabcd5432, true);
    view.setUint32(36, secureVersion, true);
  };
  assert.equal(seals.rollbackFailure()?.code, "rollback-refused", "no descriptor counts as 0");
  described(2);
  assert.deepEqual(seals.rollbackFailure(), {
    code: "rollback-refused",
    message: "security version 2, at least 3 is needed",
  });
  described(3);
  assert.equal(seals.rollbackFailure(), undefined);
  bed.records.set("floor", encodeFloor(4));
  assert.equal(seals.rollbackFailure()?.code, "rollback-refused");
});

test("a floor's record that is damaged, cut or of another format counts as none", () => {
  const record = encodeFloor(0xffff_ffff);
  assert.equal(decodeFloor(record), 0xffff_ffff);
  for (let index = 0; index < record.byteLength; index++) {
    const damaged = record.slice();
    damaged[index] = (damaged[index] as number) ^ 0x10;
    assert.equal(decodeFloor(damaged), undefined, `byte ${index}`);
  }
  assert.equal(decodeFloor(record.slice(1)), undefined);
  assert.equal(decodeFloor(new Uint8Array(0)), undefined);
});

test("each owner has a floor of its own, under a key that NVS takes", () => {
  const bed = new Bed();
  const { store } = bed.device();
  raiseFloor(store, "P/one", 5);
  assert.deepEqual([...bed.records.keys()], [floorKey("P/one")]);
  assert.notEqual(floorKey("P/one"), floorKey("P/two"));
  for (const owner of ["", "P/one", "mcu"]) assert.ok(floorKey(owner).length <= 15, floorKey(owner));
});
