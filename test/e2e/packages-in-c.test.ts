import assert from "node:assert/strict";
import { before, test } from "node:test";
import { encodePackage } from "../../cloud/delta/package-file.js";
import type { BoardModules } from "../../hal/boards/main.js";
import { buildXsHost, type XsHost } from "../../hal/boards/xs/host/build.js";
import { createXsFirmware } from "../../hal/boards/xs/main.js";
import type { FlashModule } from "../../hal/ecma419/modules.js";
import { bootablePair } from "../support/bootable-image.js";
import type { Engine } from "../support/engines.js";
import { assertSameBytes } from "../support/same-bytes.js";
import { REPEAT, SeededRandom } from "../support/seed.js";
import type { TestBed } from "../support/test-bed.js";
import { withTestBed } from "../support/with-test-bed.js";

/*
 * The bundle on XS decodes packages by the C of the ESP32, which reads the slots of the simulated board.
 */
const { base, result } = bootablePair({ seed: 4, byteLength: 200_000 });
const packed = (from: Uint8Array | undefined): Uint8Array =>
  encodePackage({
    base: from === undefined ? undefined : { bytes: from, version: "0.1.0" },
    result: { bytes: result, version: "0.2.0" },
    chipId: 0,
  });

let host: XsHost;
before(async () => void (host = await buildXsHost()), { timeout: 300_000 });

/** What C has read of the target slot: only it opens that slot for reading alone. */
class Reads {
  bytes = 0;

  watch(flash: FlashModule): FlashModule {
    return {
      open: (options) => {
        const instance = flash.open(options);
        if (options.mode !== "r" || options.path !== "nextota") return instance;
        const read: typeof instance.read = (buffer, byteOffset) => {
          this.bytes += buffer.byteLength;
          return instance.read(buffer, byteOffset);
        };
        return { ...instance, read };
      },
    };
  }

  engine(): Engine {
    return {
      name: "XS with the chip's C",
      check: () => {},
      firmware: (options) => {
        const run = createXsFirmware({ ...options, nativePackages: true, worker: host });
        return (modules: BoardModules, power) => run({ ...modules, flash: this.watch(modules.flash) }, power);
      },
    };
  }
}

function assertUpdated(bed: TestBed): void {
  assert.deepEqual(bed.slots().running, { slot: "ota_1", version: "0.2.0", state: "valid" });
  assertSameBytes(bed.slot("ota_1", result.byteLength), result);
  assertSameBytes(bed.slot("ota_0", base.byteLength), base);
}

test("an update by a delta is made in C", async () => {
  const options = { engine: new Reads().engine(), image: packed(base), packages: true, factory: base };
  await withTestBed(options, async (bed) => {
    await bed.update();
    assertUpdated(bed);
  });
});

test("an update by a compressed image is made in C, which reads what is made in the target slot", async () => {
  const reads = new Reads();
  const options = { engine: reads.engine(), image: packed(undefined), packages: true, factory: base };
  await withTestBed(options, async (bed) => {
    await bed.update();
    assertUpdated(bed);
  });
  assert.ok(reads.bytes > 0);
});

test(`power cuts and lost connections bring the same image, made in C; ${REPEAT}`, async () => {
  const random = new SeededRandom();
  const delta = packed(base);
  const options = { engine: new Reads().engine(), image: delta, packages: true, factory: base };
  await withTestBed(options, async (bed) => {
    bed.server.behaviours = Array.from({ length: 3 }, () => ({ cutAfter: random.integer(1, delta.byteLength) }));
    bed.platform.pending = () => bed.offer();
    bed.board.powerOn();
    for (let cuts = 0; cuts < 3 && !bed.boots.includes("ota_1"); cuts++) {
      await new Promise((resolve) => setTimeout(resolve, random.integer(10, 150)));
      if (bed.boots.includes("ota_1")) break;
      bed.board.cutPower();
      await new Promise((resolve) => setTimeout(resolve, 10));
      bed.board.powerOn();
    }
    await bed.ended();
    assertUpdated(bed);
  });
});

test("a record that C refuses is told by its reason", async () => {
  const bytes = packed(base).slice();
  bytes.fill(0xff, bytes.byteLength - 200, bytes.byteLength - 100);
  const options = { engine: new Reads().engine(), image: bytes, packages: true, factory: base };
  await withTestBed(options, async (bed) => {
    bed.platform.pending = () => bed.offer();
    bed.board.powerOn();
    await bed.until("a report", () => bed.platform.words().some((word) => word.includes("fail")));
    assert.deepEqual(bed.slots().running, { slot: "ota_0", version: "0.1.0", state: "valid" });
  });
});
