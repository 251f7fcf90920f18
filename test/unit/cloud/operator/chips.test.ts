import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { type Operator, Refusal } from "../../../../cloud/operator/types.js";
import { buildAppImage } from "../../../../hal/boards/sim/app-image-builder.js";
import { ESP32, ESP32_C3 as C3, SDK_CHIPS, targetNameOf } from "../../../../hal/boards/family/chips.js";
import { withRestingCloud } from "../../../support/resting-cloud.js";

const PRODUCT = "ABCDE12345";
const ACTOR = { name: "anna", origin: "10.0.0.5" };

function imageFor(chipId: number, version = "2.0.0"): Uint8Array {
  return buildAppImage({ version, byteLength: 1024, seed: 1, chipId: chipId === 77 ? ESP32.id : chipId }).fill(
    chipId,
    12,
    13,
  );
}

function add(operator: Operator, image: Uint8Array, component?: string): ReturnType<Operator["addPackage"]> {
  const request = { productId: PRODUCT, version: "2.0.0", fileName: "image.bin" };
  return operator.addPackage(
    component === undefined ? request : { ...request, component },
    Readable.from([Buffer.from(image)]),
    ACTOR,
  );
}

function refused(message: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof Refusal);
    assert.deepEqual([error.code, error.message], ["conflict", message]);
    return true;
  };
}

test("an image for another chip than the product's is refused with both names, whatever chip it is", () =>
  withRestingCloud(async ({ operator }) => {
    await operator.setProduct({ productId: PRODUCT, chip: targetNameOf(C3) }, ACTOR);
    for (const chip of SDK_CHIPS.filter((one) => one !== C3)) {
      const message = `image.bin is an image for ${targetNameOf(chip)}, and ${PRODUCT} has esp32c3`;
      await assert.rejects(add(operator, imageFor(chip.id)), refused(message));
    }
    const message = `image.bin is an image for chip 77, and ${PRODUCT} has esp32c3`;
    await assert.rejects(add(operator, imageFor(77)), refused(message));
    const { id } = await add(operator, imageFor(C3.id));
    const file = Readable.from([Buffer.from(imageFor(ESP32.id))]);
    await assert.rejects(
      operator.addPackageFile(id, { fileName: "second.bin" }, file, ACTOR),
      refused(`second.bin is an image for esp32, and ${PRODUCT} has esp32c3`),
    );
    await add(operator, imageFor(ESP32.id), "mcu");
  }));

test("a plan whose package was added before the product had another chip is refused with both names", () =>
  withRestingCloud(async ({ operator }) => {
    await operator.addDevices([{ productId: PRODUCT, deviceName: "d0" }], ACTOR);
    await add(operator, imageFor(ESP32.id));
    await operator.setProduct({ productId: PRODUCT, chip: "esp32c3" }, ACTOR);
    const { id } = await operator.createPlan(
      { name: "spring", product: PRODUCT, version: "2.0.0", all: true, override: "a test" },
      ACTOR,
    );
    await assert.rejects(
      operator.activatePlan(id, ACTOR),
      refused(`no device matches: 1 wrong-chip; 2.0.0 is for esp32, and ${PRODUCT} has esp32c3`),
    );
  }));
