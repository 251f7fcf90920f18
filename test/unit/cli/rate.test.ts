import assert from "node:assert/strict";
import { test } from "node:test";
import { describeRate, Rate } from "../../../cli/rate.js";

test("one sample is no rate", () => {
  assert.equal(new Rate().update(5, 0), undefined);
});

test("the rate is that of the last few seconds, without what was there before", () => {
  const rate = new Rate();
  rate.update(500_000, 0);
  for (let second = 1; second <= 10; second++) {
    assert.equal(rate.update(500_000 + second * 100, second * 1000), 100);
  }
  rate.update(501_000, 20_000);
  assert.equal(rate.update(501_000, 30_000), 0, "what came long ago is out of the window");
});

test("a download that begins anew is measured anew", () => {
  const rate = new Rate();
  rate.update(500_000, 0);
  assert.equal(rate.update(0, 1000), undefined);
  assert.equal(rate.update(100, 2000), 100);
});

test("two samples at once are no rate", () => {
  const rate = new Rate();
  rate.update(0, 5);
  assert.equal(rate.update(100, 5), undefined);
});

test("a rate is shown in three digits or so", () => {
  for (const [rate, text] of [
    [undefined, ""],
    [0, "0 B/s"],
    [999, "999 B/s"],
    [1000, "1 kB/s"],
    [98_400, "98 kB/s"],
    [999_499, "999 kB/s"],
    [999_500, "1.0 MB/s"],
    [12_340_000, "12.3 MB/s"],
  ] as const) {
    assert.equal(describeRate(rate), text);
  }
});
