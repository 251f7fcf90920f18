import assert from "node:assert/strict";
import { encodePackage } from "../../cloud/delta/package-file.js";
import { buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import { type Partition, readPartitionTable } from "../../hal/boards/sim/partition-table.js";
import { RESULT_HASH_OFFSET } from "../../src/package/format.js";
import { changedPackage } from "../support/changed-package.js";
import { bootablePair } from "../support/bootable-image.js";
import { type Engine, testOnEngines } from "../support/engines.js";
import { assertSameBytes } from "../support/same-bytes.js";
import { sealed, signerNamed } from "../support/seals.js";
import { REPEAT, SeededRandom } from "../support/seed.js";
import { DEVICE, type TestBed, type TestBedOptions } from "../support/test-bed.js";
import { withTestBed } from "../support/with-test-bed.js";

const ESP32_CHIP = 0;
const { base, result } = bootablePair({ seed: 3, byteLength: 300_000 });
const BASE = { bytes: base, version: "0.1.0" };
const RESULT = { bytes: result, version: "0.2.0" };
const DELTA = encodePackage({ base: BASE, result: RESULT, chipId: ESP32_CHIP });
const COMPRESSED = encodePackage({ result: RESULT, chipId: ESP32_CHIP });

const withPackages = (
  options: Omit<TestBedOptions, "packages" | "factory">,
  body: (bed: TestBed) => Promise<void>,
): Promise<void> => withTestBed({ image: DELTA, ...options, packages: true, factory: base }, body);

for (const [name, file] of [
  ["delta", DELTA],
  ["compressed image", COMPRESSED],
] as const) {
  testOnEngines(`an update by a ${name} runs to its end, by one request`, (engine) =>
    withPackages({ engine, image: file }, async (bed) => {
      await bed.update();
      assert.deepEqual(bed.platform.words().slice(-4), ["downloading 100", "burning", "done", "version 0.2.0"]);
      assert.deepEqual(bed.slots().running, { slot: "ota_1", version: "0.2.0", state: "valid" });
      assertSameBytes(bed.slot("ota_1", result.byteLength), result);
      assertSameBytes(bed.slot("ota_0", base.byteLength), base);
      assert.equal(bed.server.requests.length, 1);
      assert.equal(bed.server.bodyBytes, file.byteLength);
    }),
  );
}

/** Bytes of the file that the server has sent or was sending, by the Range fields of its requests. */
function askedFrom(bed: TestBed): (number | undefined)[] {
  return bed.server.requests.map(({ headers }) => {
    const [, from] = /^bytes=([0-9]+)-$/.exec(headers.range ?? "") ?? [];
    return from === undefined ? undefined : Number(from);
  });
}

async function cut(bed: TestBed): Promise<void> {
  bed.board.cutPower();
  await new Promise((resolve) => setTimeout(resolve, 10));
  bed.board.powerOn();
}

function assertUpdated(bed: TestBed): void {
  assert.deepEqual(bed.slots().running, { slot: "ota_1", version: "0.2.0", state: "valid" });
  assertSameBytes(bed.slot("ota_1", result.byteLength), result);
  assertSameBytes(bed.slot("ota_0", base.byteLength), base);
}

testOnEngines("after a power cut the header is read again, then the rest is asked for", (engine) =>
  withPackages({ engine }, async (bed) => {
    const half = Math.floor(DELTA.byteLength / 2);
    bed.server.behaviours = [{ stallAfter: half }];
    bed.platform.pending = () => bed.offer();
    bed.board.powerOn();
    await bed.until("half of it", () => bed.progress > result.byteLength / 3);
    await new Promise((resolve) => setTimeout(resolve, 30));
    const { progress } = bed;
    const erased = bed.checkpoint();
    assert.equal(erased?.phase === "downloading" && erased.stored.resultLength, result.byteLength);
    await cut(bed);
    await bed.ended();
    assertUpdated(bed);
    assert.ok(progress > 0);
    const mismatches = bed.logged.lines.filter((line) => line.includes("does not match"));
    assert.deepEqual(mismatches, [], "what was stored was used");
    const [first, header, rest] = askedFrom(bed);
    assert.deepEqual([first, header], [undefined, undefined]);
    // The record of the last block before the cut is the one that is fetched again.
    assert.ok(rest === undefined || rest <= half, `asked from ${rest}`);
    assert.ok(bed.server.requests.length <= 3);
  }),
);

testOnEngines("cuts at random places, and connections that end, bring the same image", (engine) =>
  withPackages({ engine }, async (bed) => {
    const random = new SeededRandom();
    bed.server.behaviours = Array.from({ length: 4 }, () => ({ cutAfter: random.integer(1, DELTA.byteLength) }));
    bed.platform.pending = () => bed.offer();
    bed.board.powerOn();
    for (let cuts = 0; cuts < 4 && bed.boots.length < 8; cuts++) {
      await new Promise((resolve) => setTimeout(resolve, random.integer(10, 150)));
      if (bed.boots.at(-1) !== "ota_0" || bed.boots.includes("ota_1")) break;
      await cut(bed);
    }
    await bed.ended();
    if (bed.platform.words().includes("done")) assertUpdated(bed);
    else assert.fail(`${bed.platform.words().join(", ")}; ${REPEAT}`);
  }),
);

testOnEngines("a server without ranges sends all of it once more: what is stored is passed over", (engine) =>
  withPackages({ engine }, async (bed) => {
    const half = Math.floor(DELTA.byteLength / 2);
    bed.server.behaviours = [
      { cutAfter: half, ignoreRange: true, etag: null },
      { ignoreRange: true, etag: null },
    ];
    await bed.update();
    assertUpdated(bed);
    assert.equal(bed.server.requests.length, 2);
    assert.notEqual(askedFrom(bed)[1], undefined, "the second request asks for the rest");
  }),
);

testOnEngines(
  "another package at the same URL is noticed when a download goes on, and fetched from its start",
  (engine) =>
    withPackages({ engine }, async (bed) => {
      const changed = changedPackage(DELTA, (view) => view.setUint8(RESULT_HASH_OFFSET, 0x40));
      bed.server.behaviours = [
        { cutAfter: Math.floor(DELTA.byteLength / 2), content: changed, etag: '"old"' },
        { etag: '"new"' },
      ];
      await bed.update();
      assertUpdated(bed);
      assert.deepEqual(askedFrom(bed).at(-1), undefined, "the last request is for all of it");
    }),
);

testOnEngines("a server that tags the file in another way each time costs no block that is stored", (engine) =>
  withPackages({ engine }, async (bed) => {
    const { byteLength } = DELTA;
    bed.server.behaviours = [0.4, 0.6, 0.8, 1].map((share) => ({
      cutAfter: Math.floor(byteLength * share),
      ignoreRange: true,
      etag: `"${share}"`,
    }));
    await bed.update();
    assertUpdated(bed);
    assert.equal(bed.server.requests.length, 4);
    const from = askedFrom(bed);
    assert.ok(
      from.every((offset, index) => index === 0 || (offset ?? 0) > (from[index - 1] ?? 0)),
      `asked from ${from}`,
    );
  }),
);

testOnEngines("a delta for another base is refused before anything is erased", (engine) =>
  withPackages({ engine }, async (bed) => {
    const strange = base.slice();
    strange[base.byteLength >> 1] = (strange[base.byteLength >> 1] as number) ^ 1;
    bed.server.file = encodePackage({
      base: { bytes: strange, version: "0.1.0" },
      result: { bytes: result, version: "0.2.0" },
      chipId: ESP32_CHIP,
    });
    await bed.update();
    assert.match(bed.platform.words().at(-1) ?? "", /^fail -5 wrong-base: /);
    assert.ok(
      bed.slot("ota_1", 65536).every((byte) => byte === 0xff),
      "nothing was programmed",
    );
    assert.equal(bed.server.requests.length, 1);
    assert.equal(bed.checkpoint(), undefined);
  }),
);

testOnEngines(
  "a base that was flashed anew between two boots is noticed before anything further is written",
  (engine) =>
    withPackages({ engine }, async (bed) => {
      bed.server.behaviours = [{ stallAfter: Math.floor(DELTA.byteLength / 2) }];
      bed.platform.pending = () => bed.offer();
      bed.board.powerOn();
      await bed.until("half of it", () => bed.progress > result.byteLength / 3);
      bed.board.cutPower();
      const before = bed.slot("ota_1", result.byteLength);
      const { offset } = readPartitionTable(bed.flash).find(({ label }) => label === "ota_0") as Partition;
      const reflashed = buildAppImage({ version: "0.1.0", byteLength: 200_000, seed: 9 });
      bed.flash.erase(offset, 50 * 4096);
      bed.flash.program(reflashed, offset);
      bed.board.powerOn();
      await bed.ended();
      assert.match(bed.platform.words().at(-1) ?? "", /^fail -5 wrong-base: /);
      assertSameBytes(bed.slot("ota_1", result.byteLength), before);
      assertSameBytes(bed.slot("ota_0", reflashed.byteLength), reflashed);
      assert.equal(bed.checkpoint(), undefined);
    }),
);

testOnEngines("a package for another chip, or of another version, is refused before anything is erased", (engine) =>
  withPackages({ engine }, async (bed) => {
    bed.server.file = encodePackage({ base: BASE, result: RESULT, chipId: 5 });
    await bed.update();
    assert.match(bed.platform.words().at(-1) ?? "", /^fail -5 package for chip 5, this is 0/);
    bed.platform.reports.length = 0;
    bed.platform.pending = undefined;
    bed.server.file = encodePackage({ base: BASE, result: { bytes: result, version: "0.3.0" }, chipId: ESP32_CHIP });
    bed.platform.offer(DEVICE, bed.offer());
    await bed.ended();
    assert.match(bed.platform.words().at(-1) ?? "", /^fail -5 package that makes version 0.3.0/);
    assert.ok(
      bed.slot("ota_1", 65536).every((byte) => byte === 0xff),
      "nothing was programmed",
    );
  }),
);

testOnEngines("a package whose MD5 is not the offered one is refused, although it makes a sound image", (engine) =>
  withPackages({ engine }, async (bed) => {
    bed.platform.pending = () => ({ ...bed.offer(), md5sum: "0".repeat(32) });
    await bed.update();
    assert.equal(bed.platform.words().at(-1), "fail -4 md5 not match");
    assert.deepEqual(bed.boots, ["ota_0"]);
  }),
);

testOnEngines("without the part a package is refused, with what is missing", (engine) =>
  withTestBed({ engine, image: DELTA, factory: base }, async (bed) => {
    await bed.update();
    assert.equal(bed.platform.words().at(-1), "fail -5 needs part `packages`");
    assert.ok(bed.slot("ota_1", 4096).every((byte) => byte === 0xff));
  }),
);

testOnEngines("a plain image costs a device with the part no other request", (engine) =>
  withPackages({ engine, image: result }, async (bed) => {
    await bed.update();
    assertUpdated(bed);
    assert.equal(bed.server.requests.length, 1);
    assert.equal(bed.server.bodyBytes, result.byteLength);
  }),
);

testOnEngines("what a package has made is whole: a cut before its installation costs the header alone", (engine) =>
  withPackages({ engine }, async (bed) => {
    let hasCut = false;
    bed.platform.onReport = ({ message }) => {
      if (hasCut || message.report.progress?.state !== "burning") return;
      hasCut = true;
      bed.board.cutPower();
      setTimeout(() => bed.board.powerOn(), 20);
    };
    await bed.update();
    assertUpdated(bed);
    assert.ok(hasCut);
    assert.deepEqual(askedFrom(bed), [undefined, undefined]);
    assert.deepEqual(bed.boots, ["ota_0", "ota_0", "ota_1"]);
  }),
);

const VENDOR = signerNamed("vendor");
const STRANGER = signerNamed("stranger");

/** A delta to an image with a seal, whose copy is in its header unless another one is given. */
function sealedDelta(signer: typeof VENDOR, copy?: Uint8Array): { file: Uint8Array; image: Uint8Array } {
  const image = sealed(result, { version: "0.2.0", securityVersion: 0, signers: [signer] });
  const seal = copy ?? image.subarray(result.byteLength);
  return {
    file: encodePackage({ base: BASE, result: { bytes: image, version: "0.2.0" }, chipId: ESP32_CHIP, seal }),
    image,
  };
}

const withSeal = (engine: Engine, image: Uint8Array, body: (bed: TestBed) => Promise<void>): Promise<void> =>
  withPackages({ engine, image, config: { seal: { trusted: [VENDOR.pem] } } }, body);

testOnEngines("a sealed image comes as a delta, and costs no more requests than as it is", (engine) => {
  const { file, image } = sealedDelta(VENDOR);
  return withSeal(engine, file, async (bed) => {
    await bed.update();
    assert.deepEqual(bed.slots().running, { slot: "ota_1", version: "0.2.0", state: "valid" });
    assertSameBytes(bed.slot("ota_1", image.byteLength), image);
    assert.equal(bed.server.requests.length, 2);
  });
});

for (const [name, file, code] of [
  ["no copy of a seal", sealedDelta(VENDOR, new Uint8Array(0)).file, "unsigned"],
  ["a stranger's seal", sealedDelta(STRANGER).file, "key-unknown"],
  ["a plain image without a seal", result, "unsigned"],
] as const) {
  testOnEngines(`a board that needs seals refuses ${name}, before anything is erased`, (engine) =>
    withSeal(engine, file, async (bed) => {
      await bed.update();
      assert.match(bed.platform.words().at(-1) ?? "", new RegExp(`^fail -5 ${code}: `));
      assert.ok(
        bed.slot("ota_1", 65536).every((byte) => byte === 0xff),
        "nothing was programmed",
      );
    }),
  );
}

testOnEngines("a delta with a true copy of a seal that makes an unsealed image does not boot", (engine) => {
  const { image } = sealedDelta(VENDOR);
  const other = image.slice();
  other.set(new Uint8Array(16), result.byteLength + 130);
  const seal = image.subarray(result.byteLength);
  const file = encodePackage({ base: BASE, result: { bytes: other, version: "0.2.0" }, chipId: ESP32_CHIP, seal });
  return withSeal(engine, file, async (bed) => {
    await bed.update();
    assert.match(bed.platform.words().at(-1) ?? "", /^fail -5 signature-invalid: /);
    assert.deepEqual(bed.boots, ["ota_0"]);
  });
});
