import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Driving, failing, OFFER } from "../../support/driving.js";
import { decodeCheckpoint, encodeCheckpoint } from "../../support/records.js";

const { started } = Driving;
const { version, md5, size } = OFFER;

describe("a trial with a self test", () => {
  const applying = encodeCheckpoint({ phase: "applying", slot: "ota_0", image: { version, md5, size } });
  const proves = (selfTest: () => boolean | Promise<boolean>): Driving => {
    const driving = started({
      status: { runningState: "pending-verify", runningSlot: "ota_0" },
      record: applying,
      selfTest,
    });
    driving.dispatch({ type: "online" });
    return driving;
  };
  const reason = (driving: Driving): string | undefined => {
    const checkpoint = decodeCheckpoint(driving.record as Uint8Array);
    return checkpoint?.phase === "applying" ? checkpoint.reason : checkpoint?.phase;
  };

  test("is confirmed only once that passes", async () => {
    let hold = (_: boolean): void => {};
    const driving = proves(() => new Promise((resolve) => (hold = resolve)));
    await settled();
    assert.equal(driving.state, "confirming");
    hold(true);
    await settled();
    assert.equal(driving.state, "reporting");
  });

  for (const [what, selfTest, message] of [
    ["says false", () => false, "self test failed"],
    ["promises false", () => Promise.resolve(false), "self test failed"],
    ["says something else", () => "yes" as unknown as boolean, "self test failed"],
    ["throws", () => fail("no sensor"), "self test: no sensor"],
    ["rejects", () => Promise.reject(new Error("no sensor")), "self test: no sensor"],
  ] as const) {
    test(`that ${what} is reverted, with the reason in the record`, async () => {
      const driving = proves(selfTest);
      await settled();
      driving.advance(0);
      assert.deepEqual(driving.story.slice(-4), ["store", "revert", "about to restart", "restart"]);
      assert.equal(reason(driving), message);
    });
  }

  test("that never ends is reverted", () => {
    const driving = proves(() => new Promise(() => {}));
    driving.advance(60_000);
    assert.equal(reason(driving), "self test: no end in time");
    assert.ok(driving.story.includes("revert"));
  });

  test("that ends after its time is ignored", async () => {
    let hold = (_: boolean): void => {};
    const driving = started({
      status: { runningState: "pending-verify" },
      ...failing("revert"),
      record: applying,
      selfTest: () => new Promise((resolve) => (hold = resolve)),
    });
    driving.dispatch({ type: "online" });
    const late = hold;
    driving.advance(60_000);
    assert.equal(reason(driving), undefined, "the reason is taken back where no other image can boot");
    driving.dispatch({ type: "online" });
    late(true);
    await settled();
    assert.equal(driving.state, "confirming");
  });
});

/** Resolves once all promises have run. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function fail(message: string): never {
  throw new Error(message);
}
