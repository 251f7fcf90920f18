import assert from "node:assert/strict";
import { test } from "node:test";
import { withFolder } from "../support/folder.js";
import { REPEAT, SEED } from "../support/seed.js";
import { killedFleet } from "./killed-fleet.js";

const DEVICES = 1000;

test(`1,000 devices update while the cloud is killed at random: nothing acknowledged is lost (${REPEAT})`, () =>
  withFolder(async (folder) => {
    const figures = await killedFleet({ folder, devices: DEVICES, kills: 3, seed: SEED });
    const where = `killed at ${figures.killedAt.join()}; ${REPEAT}`;
    assert.deepEqual(figures.violations, [], where);
    assert.equal(figures.succeeded + figures.failed, DEVICES, where);
    assert.equal(figures.killedAt.length, 3, where);
    assert.ok(figures.failed > 0, "some devices fail");
  }));
