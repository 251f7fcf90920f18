import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { test } from "node:test";
import { type PackageView, Refusal } from "../../../../cloud/operator/types.js";
import { sealImage } from "../../../../cloud/seal/sign.js";
import { ACTOR, ConsoleBed, PRODUCT } from "../../../support/console-bed.js";
import { newKey, sealedImage } from "../../../support/sealing.js";

const KEY = newKey();
const SEALED = sealedImage({ version: "2.0.0", keys: [KEY], product: PRODUCT, securityVersion: 3, byteLength: 4096 });

function add(bed: ConsoleBed, bytes: Uint8Array, over: object = {}): Promise<PackageView> {
  const request = { productId: PRODUCT, version: "2.0.0", fileName: "image.bin", ...over };
  return bed.operator.addPackage(request, Readable.from([Buffer.from(bytes)]), ACTOR);
}

async function refused(bed: ConsoleBed, bytes: Uint8Array, over: object, says: RegExp): Promise<void> {
  await assert.rejects(add(bed, bytes, over), (error) => error instanceof Refusal && says.test(error.message));
}

test("a sealed file is kept byte for byte, and its package shows what the seal says", () =>
  ConsoleBed.run(async (bed) => {
    const { id, seal, files, chip } = await add(bed, SEALED);
    const shown = { securityVersion: 3, built: 1_800_000_000, keyIds: [KEY.key.id.toString("hex")] };
    assert.deepEqual([seal, chip], [shown, "esp32"]);
    const [file] = files;
    assert.deepEqual([file?.size, file?.md5], [SEALED.byteLength, createHash("md5").update(SEALED).digest("hex")]);
    assert.deepEqual((await bed.operator.package(id)).seal, shown);
    await bed.restart();
    assert.deepEqual((await bed.operator.packages(PRODUCT, {})).items[0]?.seal, shown);
    assert.equal((await add(bed, Buffer.from("plain"), { version: "3.0.0" })).seal, undefined);
  }));

test("a seal for something else than what the file is added as is refused, and says for what it is", () =>
  ConsoleBed.run(async (bed) => {
    await refused(bed, SEALED, { version: "2.0.1" }, /^image\.bin is sealed as version 2\.0\.0, and not as 2\.0\.1$/);
    await refused(
      bed,
      SEALED,
      { productId: "OTHER12345" },
      /^image\.bin is sealed for ABCDE12345, and not for OTHER12345$/,
    );
    await refused(bed, SEALED, { component: "motor" }, /^image\.bin is sealed for ABCDE12345, and not for motor$/);
    await bed.operator.setProduct({ productId: PRODUCT, registration: "off", chip: "esp32c3" }, ACTOR);
    await refused(bed, SEALED, {}, /^image\.bin is an image for esp32, and ABCDE12345 has esp32c3$/);
    assert.deepEqual((await bed.operator.packages(PRODUCT, {})).items, []);
  }));

test("a file that every device would refuse is refused", () =>
  ConsoleBed.run(async (bed) => {
    const changed = SEALED.slice();
    changed[1000]! ^= 1;
    await refused(bed, changed, {}, /^image\.bin: the image is not the one that was sealed$/);
    const broken = SEALED.slice();
    broken[4096]! ^= 1;
    await refused(bed, broken, {}, /^image\.bin: the seal is broken: /);
  }));

test("the file of a component is sealed for the component, and is for no chip", () =>
  ConsoleBed.run(async (bed) => {
    const file = sealImage({
      image: Buffer.from("firmware of a motor"),
      keys: [{ file: "key", key: KEY.key }],
      product: "motor",
      version: "7",
      securityVersion: 1,
      built: 1,
    });
    const { seal, chip } = await add(bed, file, { version: "motor_7", component: "motor" });
    assert.deepEqual([seal?.securityVersion, chip], [1, undefined]);
  }));
