import assert from "node:assert/strict";
import { test } from "node:test";
import { withRestingCloud } from "../../../support/resting-cloud.js";

const ACTOR = { name: "test", origin: "local" };

test("a count that meets names of before says which devices it has added", () =>
  withRestingCloud(async ({ operator }) => {
    const request = { productId: "ABCDE12345", prefix: "lamp_" };
    const first = await operator.addDeviceCount({ ...request, count: 2 }, ACTOR);
    assert.deepEqual(
      first.map(({ deviceName, added }) => [deviceName, added]),
      [
        ["lamp_1", true],
        ["lamp_2", true],
      ],
    );
    const second = await operator.addDeviceCount({ ...request, count: 3 }, ACTOR);
    assert.deepEqual(
      second.map(({ deviceName, added }) => [deviceName, added]),
      [
        ["lamp_1", false],
        ["lamp_2", false],
        ["lamp_3", true],
      ],
    );
  }));
