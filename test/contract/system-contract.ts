import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { Clock, Digest, DigestAlgorithm, Random, Vitals } from "../../hal/ports/index.js";
import { REPEAT, SeededRandom } from "../support/seed.js";

export interface ClockFixture {
  readonly clock: Clock;
  /** Lets at least this much time pass. */
  pass(ms: number): Promise<void>;
  /** Whether the board knows the time of day. */
  readonly knowsTime: boolean;
  stop(): void;
}

/** The clock of hal/ports/system.ts, sentence by sentence. */
export function clockContract(name: string, start: () => ClockFixture): void {
  describe(`clock: ${name}`, () => {
    let fixture: ClockFixture;
    let clock: Clock;
    beforeEach(() => {
      fixture = start();
      clock = fixture.clock;
    });
    afterEach(() => fixture.stop());

    test("the time goes on and never back", async () => {
      const first = clock.now();
      await fixture.pass(5);
      const second = clock.now();
      assert.ok(second >= first + 5, `${first} to ${second}`);
      let last = second;
      for (let count = 0; count < 1000; count++) {
        const now = clock.now();
        assert.ok(now >= last);
        last = now;
      }
    });

    test("a timer calls back once, not before its time", async () => {
      const start = clock.now();
      const fired: number[] = [];
      clock.timer("test", 10, () => fired.push(clock.now() - start));
      assert.deepEqual(fired, []);
      await fixture.pass(12);
      await until(fixture, () => fired.length > 0);
      assert.ok((fired[0] ?? 0) >= 9, `after ${fired[0]} ms`);
      await fixture.pass(30);
      assert.equal(fired.length, 1);
    });

    test("a delay of 0 is not inside the call, but the next turn", async () => {
      const order: string[] = [];
      clock.timer("test", 0, () => order.push("timer"));
      order.push("call");
      await fixture.pass(1);
      await until(fixture, () => order.length === 2);
      assert.deepEqual(order, ["call", "timer"]);
    });

    test("timers fire in the order of their time, whatever the order they were set in", async () => {
      const order: number[] = [];
      for (const delay of [30, 1, 15]) clock.timer("test", delay, () => order.push(delay));
      await fixture.pass(40);
      await until(fixture, () => order.length === 3);
      assert.deepEqual(order, [1, 15, 30]);
    });

    test("a fraction of a millisecond is a delay like another", async () => {
      let fired = false;
      clock.timer("test", 0.4, () => (fired = true));
      await fixture.pass(2);
      await until(fixture, () => fired);
      assert.equal(fired, true);
    });

    test("a cancelled timer does not fire, and may be cancelled again, also once it fired", async () => {
      const names = [0, 1, 5].map((delay) => clock.timer("test", delay, () => assert.fail(`fired after ${delay}`)));
      for (const timer of names) timer.cancel();
      for (const timer of names) timer.cancel();
      let fired = 0;
      const other = clock.timer("test", 1, () => fired++);
      await fixture.pass(10);
      await until(fixture, () => fired === 1);
      other.cancel();
      assert.equal(fired, 1);
    });

    test("a timer that has fired or was cancelled can be set again, and then fires once more", async () => {
      const start = clock.now();
      const fired: number[] = [];
      const timer = clock.timer("test", 5, () => {
        fired.push(clock.now() - start);
        if (fired.length === 1) timer.again();
      });
      await fixture.pass(15);
      await until(fixture, () => fired.length === 2);
      assert.ok((fired[1] ?? 0) >= 9, `after ${fired[1]} ms`);
      timer.again();
      timer.cancel();
      await fixture.pass(10);
      assert.equal(fired.length, 2);
      timer.again();
      await fixture.pass(10);
      await until(fixture, () => fired.length === 3);
      await fixture.pass(10);
      assert.equal(fired.length, 3);
    });

    test("cancelling a timer that has fired does not affect timers that were set since", async () => {
      let fired = 0;
      const first = clock.timer("test", 0, () => fired++);
      await fixture.pass(1);
      await until(fixture, () => fired === 1);
      for (let count = 0; count < 5; count++) clock.timer("test", 1, () => fired++);
      first.cancel();
      await fixture.pass(5);
      await until(fixture, () => fired === 6);
      assert.equal(fired, 6);
    });

    test("a timer may cancel itself, cancel another that is due, and set a new one", async () => {
      const order: string[] = [];
      const one = clock.timer("one", 0, () => {
        order.push("one");
        one.cancel();
        two.cancel();
        clock.timer("three", 0, () => order.push("three"));
      });
      const two = clock.timer("two", 0, () => order.push("two"));
      await fixture.pass(5);
      await until(fixture, () => order.length === 2);
      await fixture.pass(5);
      assert.deepEqual(order, ["one", "three"]);
    });

    test("the time of day is in seconds since 1970, or not known", () => {
      const now = clock.unixTime();
      assert.equal(now !== undefined, fixture.knowsTime);
      if (now !== undefined) assert.ok(Math.abs(now - Date.now() / 1000) < 5, `${now}`);
    });
  });
}

/** The digests of hal/ports/system.ts. @param create returns `undefined` for an algorithm that is not covered */
export function digestContract(name: string, create: (algorithm: DigestAlgorithm) => Digest | undefined): void {
  describe(`digest: ${name}`, () => {
    for (const algorithm of ["MD5", "SHA-1", "SHA-256"] as const) {
      if (create(algorithm) === undefined) continue;
      const start = (): Digest => create(algorithm) as Digest;
      const nodeName = algorithm.replace("-", "").toLowerCase();
      const expected = (bytes: Uint8Array): string => createHash(nodeName).update(bytes).digest("hex");

      test(`${algorithm} of nothing, of "abc", and of a million bytes`, () => {
        for (const bytes of [new Uint8Array(0), Buffer.from("abc"), new Uint8Array(1_000_000).fill(0x61)]) {
          const digest = start();
          digest.update(Uint8Array.from(bytes));
          assert.equal(hex(digest.digest()), expected(bytes));
        }
        assert.equal(hex(start().digest()), expected(new Uint8Array(0)));
      });

      test(`${algorithm} is the same however the bytes are split`, () => {
        const random = new SeededRandom();
        for (let round = 0; round < 60; round++) {
          const bytes = random.bytes(random.integer(0, 700));
          const digest = start();
          for (let at = 0; at < bytes.byteLength; ) {
            const next = Math.min(bytes.byteLength, at + random.integer(0, 200));
            digest.update(bytes.subarray(at, next));
            at = next;
          }
          assert.equal(hex(digest.digest()), expected(bytes), `${bytes.byteLength} bytes; ${REPEAT}`);
        }
      });

      test(`${algorithm} at every length around a block's edge`, () => {
        for (let length = 50; length < 140; length++) {
          const digest = start();
          digest.update(new Uint8Array(length).fill(length));
          assert.equal(hex(digest.digest()), expected(new Uint8Array(length).fill(length)), `${length} bytes`);
        }
      });

      test(`${algorithm} takes the bytes of a view and none around it, of any kind of view`, () => {
        const buffer = new SeededRandom(3).bytes(300);
        const view = buffer.subarray(17, 217);
        const pooled = Buffer.from(view);
        for (const bytes of [view, pooled, pooled.subarray(0)]) {
          const digest = start();
          digest.update(bytes);
          assert.equal(hex(digest.digest()), expected(view));
        }
      });

      test(`${algorithm} allows the buffer to be reused after each update`, () => {
        const digest = start();
        const buffer = new Uint8Array(100);
        const all: Buffer[] = [];
        for (let count = 0; count < 5; count++) {
          buffer.fill(count);
          all.push(Buffer.from(buffer));
          digest.update(buffer);
        }
        buffer.fill(0xff);
        assert.equal(hex(digest.digest()), expected(Buffer.concat(all)));
      });

      test(`two ${algorithm} computations do not affect each other`, () => {
        const [one, two] = [start(), start()];
        for (const byte of Buffer.from("interleaved")) {
          one.update(Uint8Array.of(byte));
          two.update(Uint8Array.of(byte ^ 0xff));
        }
        assert.equal(hex(one.digest()), expected(Buffer.from("interleaved")));
        assert.notEqual(hex(two.digest()), expected(Buffer.from("interleaved")));
      });
    }
  });
}

export function randomContract(name: string, start: () => Random): void {
  describe(`random: ${name}`, () => {
    test("fills exactly the view, each time with other bytes", () => {
      const random = start();
      const buffer = new Uint8Array(64);
      random.fill(buffer.subarray(16, 48));
      assert.ok(buffer.subarray(0, 16).every((byte) => byte === 0) && buffer.subarray(48).every((byte) => byte === 0));
      const first = hex(buffer.subarray(16, 48));
      random.fill(buffer.subarray(16, 48));
      assert.notEqual(hex(buffer.subarray(16, 48)), first);
      random.fill(new Uint8Array(0));
    });

    test("every bit is 0 about as often as 1", () => {
      const bytes = new Uint8Array(4096);
      start().fill(bytes);
      for (let bit = 0; bit < 8; bit++) {
        const ones = bytes.reduce((sum, byte) => sum + ((byte >> bit) & 1), 0);
        assert.ok(ones > 1700 && ones < 2400, `bit ${bit}: ${ones} of 4096`);
      }
    });
  });
}

async function until(fixture: ClockFixture, condition: () => boolean): Promise<void> {
  for (let count = 0; count < 2000 && !condition(); count++) await fixture.pass(1);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** What a board's sensors measure, and a way to set it. */
export interface VitalsFixture {
  readonly vitals: Vitals;
  /** `undefined`: not known. */
  measure(batteryPercent: number | undefined, signalDbm: number | undefined): void;
}

/** The vitals of hal/ports/system.ts, sentence by sentence. */
export function vitalsContract(name: string, fixture: VitalsFixture): void {
  describe(`vitals: ${name}`, () => {
    const { vitals, measure } = fixture;
    const read = (): unknown => [vitals.batteryPercent(), vitals.signalDbm()];

    test("each call measures anew", () => {
      measure(80, -60);
      assert.deepEqual(read(), [80, -60]);
      measure(0, -113);
      assert.deepEqual(read(), [0, -113]);
      measure(100, -1);
      assert.deepEqual(read(), [100, -1]);
    });

    test("a value that is unknown or impossible is undefined", () => {
      for (const unknown of [undefined, NaN, Infinity, -Infinity, "80" as unknown as number]) {
        measure(unknown, unknown);
        assert.deepEqual(read(), [undefined, undefined], String(unknown));
      }
      measure(101, 0);
      assert.deepEqual(read(), [undefined, undefined]);
      measure(-1, -201);
      assert.deepEqual(read(), [undefined, undefined]);
    });
  });
}
