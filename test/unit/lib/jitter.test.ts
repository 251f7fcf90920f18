import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Random } from "../../../hal/ports/index.js";
import { fullJitter, randomFraction, randomText } from "../../../src/lib/jitter.js";
import { REPEAT, SeededRandom } from "../../support/seed.js";

const LOWEST = always(0x00);
const HIGHEST = always(0xff);

describe("randomFraction", () => {
  it("goes from 0 up to and without 1", () => {
    assert.equal(randomFraction(LOWEST), 0);
    const highest = randomFraction(HIGHEST);
    assert.ok(highest < 1 && highest > 0.999999, String(highest));
  });

  it("uses all four bytes", () => {
    assert.equal(randomFraction(always(0x80, 0, 0, 0)), 0.5);
    assert.equal(randomFraction(always(0, 0, 0, 1)), 2 ** -32);
  });
});

describe("fullJitter", () => {
  it("may wait nothing at all", () => {
    for (const attempt of [1, 2, 10, 1000]) {
      assert.equal(fullJitter(attempt, { baseMs: 1000, maxMs: 60_000, random: LOWEST }), 0);
    }
  });

  it("doubles its bound with each try, up to the greatest", () => {
    const bounds = [1, 2, 3, 4, 5, 6, 7, 8].map((attempt) =>
      fullJitter(attempt, { baseMs: 1000, maxMs: 60_000, random: HIGHEST }),
    );
    assert.deepEqual(bounds, [999, 1999, 3999, 7999, 15_999, 31_999, 59_999, 59_999]);
  });

  it("stays within the bound after any number of tries", () => {
    for (const attempt of [31, 32, 33, 64, 1023, 1024, 1025, 100_000, Number.MAX_SAFE_INTEGER]) {
      assert.equal(fullJitter(attempt, { baseMs: 1000, maxMs: 60_000, random: HIGHEST }), 59_999, `try ${attempt}`);
    }
  });

  it("bounds the first wait too", () => {
    assert.equal(fullJitter(1, { baseMs: 5000, maxMs: 100, random: HIGHEST }), 99);
    assert.equal(fullJitter(1, { baseMs: 5000, maxMs: 0, random: HIGHEST }), 0);
  });

  it("is whole milliseconds, spread over the whole of the bound", () => {
    const random = new SeededRandom();
    const waits = Array.from({ length: 2000 }, () => fullJitter(3, { baseMs: 250, maxMs: 60_000, random }));
    assert.ok(
      waits.every((wait) => Number.isInteger(wait) && wait >= 0 && wait < 1000),
      REPEAT,
    );
    for (let quarter = 0; quarter < 4; quarter++) {
      const count = waits.filter((wait) => Math.floor(wait / 250) === quarter).length;
      assert.ok(count > 350 && count < 650, `${count} of 2000 in quarter ${quarter}; ${REPEAT}`);
    }
  });
});

describe("randomText", () => {
  it("is as long as asked, of letters and digits", () => {
    const random = new SeededRandom();
    for (const length of [0, 1, 5, 64]) {
      assert.match(randomText(length, random), new RegExp(`^[A-Za-z0-9]{${length}}$`), REPEAT);
    }
  });

  it("can contain every character of its alphabet", () => {
    assert.equal(randomText(3, LOWEST), "AAA");
    assert.equal(randomText(3, HIGHEST), "999");
    const found = new Set(randomText(5000, new SeededRandom()));
    assert.equal(found.size, 62, REPEAT);
  });
});

/** A source that repeats these bytes. */
function always(...bytes: number[]): Random {
  return {
    fill(into) {
      for (let index = 0; index < into.byteLength; index++) into[index] = bytes[index % bytes.length] as number;
    },
  };
}
