import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { appVersion } from "../../hal/boards/sim/app-image.js";
import { withFolder } from "../support/folder.js";
import { REPEAT, SEED } from "../support/seed.js";
import { soak } from "./soak.js";

const UPDATES = 30;

test(`updates in a row with cuts and faults: no leak, wear level, every record cleared (${REPEAT})`, () =>
  withFolder(async (folder) => {
    const path = join(folder, "flash.bin");
    const figures = soak({ path, updates: UPDATES, seed: SEED });
    assert.deepEqual(figures.violations, [], REPEAT);
    const { ota_0, ota_1 } = figures.erases;
    assert.ok(ota_0.min > 0 && ota_1.min > 0, "both slots are written to");
    assert.ok(figures.boots >= UPDATES && figures.requests >= UPDATES);
    const flash = readFileSync(path);
    const versions = [0x10000, 0x30000].map((offset) => appVersion(flash.subarray(offset)));
    assert.ok(versions.includes(`1.0.${UPDATES}`) || figures.reverted > 0, versions.join());
  }));
