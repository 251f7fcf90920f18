import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RangeReading } from "../../support/range-reading.js";

const BIG = 10_000_000;

describe("the time limits of a RangeReader", () => {
  it("end a try if no head came within the idle timeout, and not before", () => {
    const reading = RangeReading.requested({ idleTimeoutMs: 20_000 });
    reading.clock.advance(19_999);
    assert.deepEqual(reading.told, []);
    reading.clock.advance(1);
    reading.assertFailed("idle-timeout", /^no byte for 20000 ms$/);
  });

  it("begin anew with the head", () => {
    const reading = RangeReading.requested({ idleTimeoutMs: 20_000 });
    reading.clock.advance(15_000);
    reading.answer({ status: 200 });
    reading.clock.advance(19_999);
    assert.deepEqual(reading.told, ["opened"]);
    reading.clock.advance(1);
    reading.assertFailed("idle-timeout");
  });

  it("begin anew with each byte that is read", () => {
    const reading = RangeReading.begun({ idleTimeoutMs: 20_000, size: BIG });
    reading.reads = true;
    for (const waitMs of [1, 19_999, 5000, 19_999]) {
      reading.clock.advance(waitMs);
      reading.http.exchange.send(new Uint8Array(5000));
    }
    reading.clock.advance(19_999);
    assert.ok(!reading.told.includes("failed"));
    reading.clock.advance(1);
    reading.assertFailed("idle-timeout");
  });

  it("do not begin anew with announced bytes that never come", () => {
    const reading = RangeReading.begun({ idleTimeoutMs: 20_000, size: BIG });
    reading.reads = true;
    for (let second = 0; second < 20; second++) {
      reading.clock.advance(second === 19 ? 999 : 1000);
      reading.http.exchange.send(new Uint8Array(0));
    }
    assert.ok(!reading.told.includes("failed"));
    reading.clock.advance(1);
    reading.assertFailed("idle-timeout");
  });

  it("do not count the time in which whoever reads did something else", () => {
    const reading = RangeReading.begun({ idleTimeoutMs: 20_000, size: BIG });
    reading.reads = true;
    for (let turn = 0; turn < 5; turn++) {
      reading.clock.pass(25_000);
      reading.reader.heldUp(25_000);
      reading.clock.advance(3_999);
    }
    assert.ok(!reading.told.includes("failed"));
    reading.clock.advance(5);
    reading.assertFailed("idle-timeout");
  });

  it("do not count that time in the window of a slow server either", () => {
    const reading = RangeReading.begun({ idleTimeoutMs: 20_000, size: BIG });
    reading.reads = true;
    trickle(reading, 15, 128);
    reading.clock.pass(60_000);
    reading.reader.heldUp(60_000);
    trickle(reading, 15, 128);
    assert.ok(!reading.told.includes("failed"));
    trickle(reading, 31, 100);
    reading.assertFailed("stalled");
  });

  it("begin anew with each redirect, of which there are only five", () => {
    const reading = RangeReading.requested({ idleTimeoutMs: 20_000 });
    reading.clock.advance(19_999);
    reading.redirect("https://other/");
    reading.clock.advance(19_999);
    assert.deepEqual(reading.told, []);
    reading.clock.advance(1);
    reading.assertFailed("idle-timeout");
  });

  it("end a try if a server sends 3839 bytes in 30 seconds, one less than 128 a second", () => {
    const reading = RangeReading.begun({ idleTimeoutMs: 20_000, size: BIG });
    reading.reads = true;
    trickle(reading, 29, 128);
    reading.http.exchange.send(new Uint8Array(127));
    reading.clock.advance(999);
    assert.ok(!reading.told.includes("failed"));
    reading.clock.advance(1);
    reading.assertFailed("stalled", /^3839 bytes in 30000 ms$/);
  });

  it("allow a server that sends 128 bytes a second for ever", () => {
    const reading = RangeReading.begun({ idleTimeoutMs: 20_000, size: BIG });
    reading.reads = true;
    trickle(reading, 600, 128);
    assert.ok(!reading.told.includes("failed"), reading.failures[0]?.message);
    assert.equal(reading.received.length, 600 * 128);
  });

  it("count each window for itself: a fast start does not make up for a slow end", () => {
    const reading = RangeReading.begun({ idleTimeoutMs: 20_000, size: BIG });
    reading.reads = true;
    reading.http.exchange.send(new Uint8Array(1_000_000));
    trickle(reading, 29, 1);
    assert.ok(!reading.told.includes("failed"));
    reading.clock.advance(1000);
    assert.ok(!reading.told.includes("failed"));
    trickle(reading, 30, 1);
    reading.assertFailed("stalled", /^30 bytes in 30000 ms$/);
  });

  it("never end a slow try before the configured idle timeout", () => {
    const reading = RangeReading.begun({ idleTimeoutMs: 60_000, size: BIG });
    reading.clock.advance(59_999);
    assert.ok(!reading.told.includes("failed"));
    reading.clock.advance(1);
    assert.equal(reading.failures.length, 1);
    assert.ok(["idle-timeout", "stalled"].includes(reading.failures[0]?.code ?? ""));
  });

  it("do not count the wait for the head as slowness", () => {
    const reading = RangeReading.requested({ idleTimeoutMs: 40_000, size: BIG });
    reading.clock.advance(39_000);
    reading.answer({ status: 200 });
    reading.reads = true;
    trickle(reading, 39, 128);
    assert.ok(!reading.told.includes("failed"), reading.failures[0]?.message);
  });

  it("leave no timer behind, however a try ends", () => {
    const closed = RangeReading.begun();
    assert.notEqual(closed.clock.names().length, 0);
    closed.reader.close();
    assert.deepEqual(closed.clock.names(), []);
    const refused = RangeReading.requested();
    refused.answer({ status: 404 });
    assert.deepEqual(refused.clock.names(), []);
  });

  it("need two timers at most, however many pieces come", () => {
    const reading = RangeReading.begun({ size: BIG });
    reading.reads = true;
    trickle(reading, 200, 1000);
    assert.ok(reading.clock.names().length <= 2, reading.clock.names().join());
  });
});

/** One piece at the end of each second. */
function trickle(reading: RangeReading, seconds: number, pieceLength: number): void {
  for (let second = 0; second < seconds && reading.failures.length === 0; second++) {
    reading.clock.advance(999);
    reading.http.exchange.send(new Uint8Array(pieceLength));
    reading.clock.advance(1);
  }
}
