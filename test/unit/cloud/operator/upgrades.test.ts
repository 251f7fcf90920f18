import assert from "node:assert/strict";
import { test } from "node:test";
import type { Selection } from "../../../../cloud/types.js";
import { RestBed } from "../../../support/rest-bed.js";

const PRODUCT = "ABCDE12345";
const ACTOR = { name: "test", origin: "local" };

function run(body: (bed: RestBed, upgrade: (selection: Selection) => Promise<object>) => Promise<void>) {
  return RestBed.run(async (bed) => {
    await bed.devices(4);
    for (const version of ["1.0.0", "2.0.0"]) await bed.package(version);
    await bed.state.store.write(async ({ components }) => {
      for (const device of [1, 2]) await components.set(device, "firmware", "2.0.0", 1);
      await components.set(3, "firmware", "1.5.0", 1);
    });
    await body(bed, (selection) => bed.operator.upgrade({ productId: PRODUCT, version: "2.0.0", selection }, ACTOR));
  });
}

test("an upgrade that no device fits now counts the reasons, and stays active for those that come", () =>
  run(async (bed, upgrade) => {
    assert.deepEqual(await upgrade({ kind: "versions", fromVersions: ["1.0.0"] }), {
      planId: 1,
      devices: 0,
      online: 0,
      byReason: { "runs-target": 2, "version-not-selected": 1, "version-unknown": 1 },
    });
    assert.equal((await bed.operator.plan(1)).state, "active");
  }));

test("an upgrade for which no further device can come is refused with the reasons, and leaves no draft", () =>
  run(async (bed, upgrade) => {
    const names = (await bed.operator.devices({ productId: PRODUCT }, {})).items.map(({ deviceName }) => deviceName);
    await assert.rejects(
      upgrade({ kind: "versions-and-devices", fromVersions: ["2.0.0"], deviceNames: names.slice(0, 2) }),
      /^Refusal: no device matches: 2 runs-target$/,
    );
    assert.deepEqual((await bed.operator.plans({}, {})).items, []);
  }));
