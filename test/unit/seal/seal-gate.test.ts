import assert from "node:assert/strict";
import { test } from "node:test";
import type { BootStatus, Device, HttpHead, HttpRequest } from "../../../hal/ports/index.js";
import type { Offer } from "../../../src/protocol/messages.js";
import type { Unpacker } from "../../../src/update/unpacker.js";
import type { Target } from "../../../src/update/target.js";
import { seal } from "../../../src/seal/part.js";
import { NODE_DIGESTS } from "../../support/digests.js";
import { CollectedLog } from "../../support/log.js";
import { PRODUCT, sealed, signerNamed } from "../../support/seals.js";
import { VirtualClock } from "../../support/virtual-clock.js";

const OFFER = { version: "2.0.0", url: "http://files/image", md5: "0".repeat(32), size: 70_000 } as Offer;

test("the gate behind it gives up an earlier offer when the look at another one's seal begins", () => {
  const told: string[] = [];
  const device = {
    clock: new VirtualClock(),
    digests: NODE_DIGESTS,
    log: new CollectedLog().log,
    http: { send: () => ({ read: () => 0, close: () => {} }) },
  } as unknown as Device;
  const guards = seal({
    device,
    config: { trusted: [signerNamed("vendor").pem] },
    name: { productId: PRODUCT, deviceName: "board" },
    boot: { runningVersion: "1.0", runningSecureVersion: 0, chipId: 0 } as BootStatus,
    version: "1.0",
    tls: {},
    limits: { idleTimeoutMs: 1000 },
  });
  const gate = guards.firmware.gate({ ask: (step) => told.push(`ask ${step}`), withdraw: () => told.push("withdraw") });
  gate.ask("download", OFFER, () => {});
  assert.deepEqual(told, ["withdraw"]);
  gate.ask("install", OFFER, () => {});
  assert.deepEqual(told, ["withdraw", "ask install"]);
});

/** A server that has files without a seal: it sends the zeros at their end. */
function zerosFrom(clock: VirtualClock): Device["http"] {
  return {
    send(request: HttpRequest) {
      let left = 0;
      clock.timer("answer", 0, () => {
        const [, from] = /=([0-9]+)-/.exec(request.headers[0]?.[1] ?? "") ?? [];
        left = OFFER.size - Number(from);
        const range = `bytes ${from}-${OFFER.size - 1}/${OFFER.size}`;
        const header = (name: string): string | undefined => (name === "content-range" ? range : undefined);
        request.onHead({ status: 206, contentLength: left, header } as HttpHead);
        request.onReadable();
      });
      return {
        read(_into: Uint8Array, start: number, end: number) {
          const count = Math.min(left, end - start);
          left -= count;
          return count;
        },
        close() {},
      };
    },
  } as unknown as Device["http"];
}

test("that a package's seal was good says nothing of a later offer of a file without one", () => {
  const clock = new VirtualClock();
  const vendor = signerNamed("vendor");
  const device = {
    clock,
    digests: NODE_DIGESTS,
    log: new CollectedLog().log,
    http: zerosFrom(clock),
    store: { read: () => undefined },
  } as unknown as Device;
  const { firmware } = seal({
    device,
    config: { trusted: [vendor.pem] },
    name: { productId: PRODUCT, deviceName: "board" },
    boot: { runningVersion: "1.0", runningSecureVersion: 0, chipId: 0 } as BootStatus,
    version: "1.0",
    tls: {},
    limits: { idleTimeoutMs: 1000 },
    packages: {} as Unpacker,
  });
  const gate = firmware.gate(undefined);
  const target = firmware.target({ kind: "slot", checkFirstBlock() {} } as unknown as Target);
  const clears = (): void => {
    const told: unknown[] = [];
    gate.ask("download", OFFER, (failure) => told.push(failure));
    clock.advance(10);
    assert.deepEqual(told, [undefined], "it may be a package");
  };
  const image = new Uint8Array(4096);
  const file = sealed(image, { version: "2.0.0", securityVersion: 0, chipId: 0, signers: [vendor] });
  clears();
  assert.throws(() => target.checkFirstBlock(image, OFFER), /unsigned|seal/);
  target.checkPackage?.(file.subarray(image.byteLength), { ...OFFER, size: file.byteLength });
  target.checkFirstBlock(image, OFFER);
  // The same package once more, which goes on from what was read of it.
  clears();
  target.checkFirstBlock(image, OFFER);
  assert.throws(() => target.checkFirstBlock(image, { ...OFFER, md5: "1".repeat(32) }), /unsigned|seal/);
});
