import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Comparison,
  comparisonTable,
  isWithin,
  medianOf,
  modelMs,
  profilesOfRuns,
} from "../../../bench/lwip/comparison.js";
import { SHIPPED } from "../../../bench/model/link-settings.js";
import { profileOf } from "../../../bench/model/profiles.js";
import { TimedRun } from "../../../bench/model/run.js";

const compared = (lwipMs: number, modelledMs: number): Comparison => ({
  profile: "wan",
  settings: "as shipped",
  lwipMs,
  modelMs: modelledMs,
});

test("the median is the middle one, or the mean of the two in the middle", () => {
  assert.deepEqual([medianOf([9, 1, 5]), medianOf([4, 1, 2, 100]), medianOf([3])], [5, 3, 3]);
});

test("the model may be a tenth faster or slower than lwIP, and no more", () => {
  const within = [9000, 11_000, 8999, 11_001].map((ms) => isWithin(compared(10_000, ms)));
  assert.deepEqual(within, [true, true, false, false]);
});

test("the table has seconds, and the difference in percent of lwIP's", () => {
  assert.deepEqual(comparisonTable([compared(10_000, 9_500), compared(8000, 8100)]).slice(2), [
    "| wan | as shipped | 10.00 | 9.50 | −5.0 % |",
    "| wan | as shipped | 8.00 | 8.10 | +1.3 % |",
  ]);
});

test("on a line that loses segments, the losses of each run are at other places", () => {
  const begun = (name: string): unknown[] => profilesOfRuns(profileOf(name), 4).map(({ link }) => link.lossesBegun);
  assert.deepEqual(begun("4g-cat1"), [0, 25, 50, 75]);
  assert.deepEqual(begun("wan"), [0, 0, 0, 0]);
});

test("the round trips of the TLS handshake, which the rig lacks, are not in the model's time", () => {
  const wan = profileOf("wan");
  const { offeredMs = 0, pendingMs = 0 } = TimedRun.go({ profile: wan, settings: SHIPPED, byteLength: 65_536 }).last;
  assert.equal(modelMs(wan, SHIPPED, 65_536), pendingMs - offeredMs - 200);
});
