import assert from "node:assert/strict";
import { test } from "node:test";
import { encodePackage } from "../../cloud/delta/package-file.js";
import { readPartition } from "../../hal/boards/sim/inspect.js";
import { bootablePair } from "../support/bootable-image.js";
import { NODE, testOnEngines } from "../support/engines.js";
import { assertSameBytes } from "../support/same-bytes.js";
import { GatewayTestBed, type GatewayTestBedOptions } from "../support/sub-device-test-bed.js";

const NO_CHIP = 0xffff;
const OLD = "1.0.0";
const NEW = "2.0.0";
const AREA = "staging";
const { base, result } = bootablePair({ seed: 3, byteLength: 300_000 });
const DELTA = encodePackage({
  base: { bytes: base, version: OLD },
  result: { bytes: result, version: NEW },
  chipId: NO_CHIP,
});
const COMPRESSED = encodePackage({ result: { bytes: result, version: NEW }, chipId: NO_CHIP });
const NAME = "light1";

function run(
  { installed, ...options }: Pick<GatewayTestBedOptions, "engine" | "image"> & { readonly installed?: Uint8Array },
  body: (gateway: GatewayTestBed) => Promise<void>,
): Promise<void> {
  const subDevices = [{ deviceName: NAME, version: OLD, ...(installed && { installed }) }];
  return GatewayTestBed.run({ image: DELTA, ...options, packages: true, subDevices }, body);
}

async function online(gateway: GatewayTestBed): Promise<void> {
  gateway.bed.board.powerOn();
  await gateway.bed.until("version", () => gateway.words(NAME).length > 0);
}

function area(gateway: GatewayTestBed): Uint8Array {
  return readPartition(gateway.bed.flash, AREA) as Uint8Array;
}

test("a delta becomes a sub-device's new image, byte for byte, if what it runs can be read", () =>
  run({ engine: NODE, installed: base }, async (gateway) => {
    gateway.pending(NEW, NAME);
    gateway.bed.board.powerOn();
    await gateway.ended(NAME);
    assert.deepEqual(gateway.words(NAME).slice(-3), ["burning", "done", `version ${NEW}`]);
    assertSameBytes(gateway.sub(NAME).image() as Uint8Array, result);
    assert.equal(gateway.bed.server.requests.length, 1);
    assert.equal(gateway.bed.server.bodyBytes, DELTA.byteLength);
  }));

test("a delta for another image than a sub-device runs is refused before anything is erased", () =>
  run({ engine: NODE, installed: result }, async (gateway) => {
    const before = area(gateway);
    gateway.pending(NEW, NAME);
    gateway.bed.board.powerOn();
    await gateway.ended(NAME);
    assert.equal(gateway.words(NAME).at(-1), `fail -5 wrong-base: not the version ${OLD} of it`);
    assertSameBytes(area(gateway), before);
    assert.equal(gateway.sub(NAME).version(), OLD);
  }));

testOnEngines("a delta for a sub-device that nobody can read is refused before anything is erased", (engine) =>
  run({ engine }, async (gateway) => {
    // So that the area holds something that an erase would take away.
    gateway.bed.server.file = base;
    await online(gateway);
    gateway.offer("1.5.0", NAME);
    await gateway.ended(NAME);
    const before = area(gateway);
    gateway.platform.reports.length = 0;
    gateway.bed.server.file = DELTA;
    gateway.offer(NEW, NAME);
    await gateway.ended(NAME);
    assert.equal(gateway.words(NAME).at(-1), "fail -5 wrong-base: what is installed cannot be read");
    assertSameBytes(area(gateway), before);
    // What the cloud falls back to.
    gateway.platform.reports.length = 0;
    gateway.bed.server.file = result;
    gateway.offer(NEW, NAME);
    await gateway.ended(NAME);
    assert.deepEqual(gateway.words(NAME).slice(-3), ["burning", "done", `version ${NEW}`]);
    assertSameBytes(gateway.sub(NAME).image() as Uint8Array, result);
  }),
);

testOnEngines("a compressed image needs nothing that runs", (engine) =>
  run({ engine, image: COMPRESSED }, async (gateway) => {
    gateway.pending(NEW, NAME);
    gateway.bed.board.powerOn();
    await gateway.ended(NAME);
    assertSameBytes(gateway.sub(NAME).image() as Uint8Array, result);
    assert.equal(gateway.bed.server.requests.length, 1);
  }),
);

test("a sub-device that was flashed anew between two boots of the gateway gets nothing further of the delta", () =>
  run({ engine: NODE, installed: base }, async (gateway) => {
    const { bed } = gateway;
    bed.server.behaviours = [{ stallAfter: Math.floor(DELTA.byteLength * 0.7) }];
    gateway.pending(NEW, NAME);
    bed.board.powerOn();
    await bed.until("some of it", () => area(gateway)[result.byteLength >> 2] !== 0xff);
    bed.board.cutPower();
    const before = area(gateway);
    gateway.installed.set(NAME, result);
    bed.board.powerOn();
    await gateway.ended(NAME);
    assert.equal(gateway.words(NAME).at(-1), `fail -5 wrong-base: not the version ${OLD} of it`);
    assertSameBytes(area(gateway), before);
  }));
