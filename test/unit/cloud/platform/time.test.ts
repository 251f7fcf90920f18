import assert from "node:assert/strict";
import { test } from "node:test";
import { answerTime } from "../../../../cloud/platform/time.js";
import { DEVICE, PlatformTestBed, PRODUCT } from "../../../support/platform-test-bed.js";

const ASK = JSON.stringify({ type: "get", resource: ["time"] });

test("a device that asks for the time gets both times in milliseconds, and the seconds", () => {
  assert.deepEqual(JSON.parse(answerTime(ASK, 1_700_000_000_998, 1_700_000_001_003) ?? ""), {
    type: "get",
    time: 1_700_000_001,
    ntptime1: 1_700_000_000_998,
    ntptime2: 1_700_000_001_003,
  });
});

test("what asks for nothing that is known is dropped", () => {
  for (const payload of [
    "",
    "time",
    "[]",
    '{"type":"get"}',
    '{"type":"get","resource":["log"]}',
    '{"resource":["time"]}',
  ]) {
    assert.equal(answerTime(payload, 1, 1), undefined, payload);
  }
});

test("the answer goes to the device's own topic, and nothing is stored", async () => {
  await PlatformTestBed.run(async (bed) => {
    const before = await bed.stored();
    const topic = `$sys/operation/${PRODUCT}/${DEVICE}`;
    await bed.core.platform.onMessage(topic, ASK);
    await bed.core.platform.onMessage(topic, '{"type":"get","resource":["log"]}');
    assert.deepEqual(
      bed.published.map(([to]) => to),
      [`$sys/operation/result/${PRODUCT}/${DEVICE}`],
    );
    const { ntptime2 = 0 } = JSON.parse(bed.published[0]?.[1] ?? "{}") as { ntptime2?: number };
    assert.ok(ntptime2 > 1_600_000_000_000);
    assert.deepEqual(await bed.stored(), before);
  });
});
