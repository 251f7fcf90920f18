import assert from "node:assert/strict";
import { test } from "node:test";
import { ACTOR, ConsoleBed, PRODUCT } from "../../../support/console-bed.js";

test("a device's time zone and language can be taken away again", () =>
  ConsoleBed.run(async (bed) => {
    await bed.devices(["a"]);
    const name = { productId: PRODUCT, deviceName: "a" };
    const set = await bed.operator.changeDevice(name, { timeZone: "Asia/Shanghai", language: "zh" }, ACTOR);
    assert.deepEqual([set.timeZone, set.language], ["Asia/Shanghai", "zh"]);
    const taken = await bed.operator.changeDevice(name, { timeZone: "", language: "" }, ACTOR);
    assert.deepEqual([taken.timeZone, taken.language], [undefined, undefined]);
    await assert.rejects(bed.operator.changeDevice(name, { timeZone: "Mars/Base" }, ACTOR), { code: "invalid" });
  }));
