import assert from "node:assert/strict";
import { test } from "node:test";
import { isOpen, isTimeZone, nextOpening } from "../../../../cloud/fleet/window.js";
import { REPEAT, SeededRandom } from "../../../support/seed.js";

const QUARTER_MS = 900_000;
const YEAR_START_MS = Date.UTC(2026, 0, 1);
const QUARTERS = 366 * 96;

/** Changes of the offset from UTC in 2026, written down from the rules of each zone: [from when on, minutes]. */
const ZONES: { readonly [zone: string]: readonly (readonly [number, number])[] } = {
  UTC: [[0, 0]],
  "Asia/Shanghai": [[0, 480]],
  "Asia/Kolkata": [[0, 330]],
  "Europe/Berlin": [
    [0, 60],
    [Date.UTC(2026, 2, 29, 1), 120],
    [Date.UTC(2026, 9, 25, 1), 60],
  ],
  "America/New_York": [
    [0, -300],
    [Date.UTC(2026, 2, 8, 7), -240],
    [Date.UTC(2026, 10, 1, 6), -300],
  ],
  // Half an hour of summer time, in the southern summer.
  "Australia/Lord_Howe": [
    [0, 660],
    [Date.UTC(2026, 3, 4, 15), 630],
    [Date.UTC(2026, 9, 3, 15, 30), 660],
  ],
};

/** The hour on the clock, without ECMAScript's calendar. */
function hourIn(zone: string, atMs: number): number {
  const [, minutes = 0] = (ZONES[zone] ?? []).findLast(([fromMs]) => atMs >= fromMs) ?? [];
  return new Date(atMs + minutes * 60_000).getUTCHours();
}

for (const zone of Object.keys(ZONES)) {
  test(`in ${zone} windows open as a clock on the wall says, the whole year`, () => {
    const random = new SeededRandom();
    for (let round = 0; round < 4; round++) {
      const from = random.integer(0, 24);
      const window = { from, to: (from + random.integer(1, 24)) % 25 };
      if (window.from === window.to) continue;
      const inWindow = (hour: number): boolean =>
        window.from < window.to ? hour >= window.from && hour < window.to : hour >= window.from || hour < window.to;
      const clock = Array.from({ length: QUARTERS }, (_, index) =>
        inWindow(hourIn(zone, YEAR_START_MS + index * QUARTER_MS)),
      );
      for (let sample = 0; sample < 600; sample++) {
        const quarter = random.integer(0, QUARTERS - 500);
        const atMs = YEAR_START_MS + quarter * QUARTER_MS + random.integer(0, QUARTER_MS);
        const message = `${zone} ${JSON.stringify(window)} ${new Date(atMs).toISOString()}, ${REPEAT}`;
        assert.equal(isOpen(window, zone, atMs), clock[quarter], message);
        const opening = clock.indexOf(true, quarter);
        const expected = opening === quarter ? atMs : YEAR_START_MS + opening * QUARTER_MS;
        assert.equal(nextOpening(window, zone, atMs), expected, message);
      }
    }
  });
}

test("the hours around each change of the clock are as on the wall", () => {
  for (const [zone, changes] of Object.entries(ZONES)) {
    for (const [changeMs] of changes.slice(1)) {
      for (let atMs = changeMs - 3 * 3_600_000; atMs < changeMs + 3 * 3_600_000; atMs += QUARTER_MS) {
        const hour = hourIn(zone, atMs);
        assert.ok(isOpen({ from: hour, to: hour + 1 }, zone, atMs), `${zone} ${new Date(atMs).toISOString()}`);
        assert.ok(!isOpen({ from: (hour + 1) % 24, to: hour }, zone, atMs), `${zone} ${new Date(atMs).toISOString()}`);
      }
    }
  }
});

test("an hour that summer time leaves out opens the next day; one that it repeats is open twice", () => {
  const window = { from: 2, to: 3 };
  const spring = Date.UTC(2026, 2, 29, 0, 30);
  assert.equal(nextOpening(window, "Europe/Berlin", spring), Date.UTC(2026, 2, 30, 0));
  assert.equal(nextOpening(window, "Europe/Berlin", Date.UTC(2026, 9, 24, 23)), Date.UTC(2026, 9, 25, 0));
  assert.ok(isOpen(window, "Europe/Berlin", Date.UTC(2026, 9, 25, 0, 30)));
  assert.ok(isOpen(window, "Europe/Berlin", Date.UTC(2026, 9, 25, 1, 30)));
  assert.ok(!isOpen(window, "Europe/Berlin", Date.UTC(2026, 9, 25, 2)));
});

test("0 and 24 are the same end of a window", () => {
  for (let hour = 0; hour < 24; hour++) {
    const atMs = YEAR_START_MS + hour * 3_600_000;
    assert.equal(isOpen({ from: 22, to: 0 }, "UTC", atMs), isOpen({ from: 22, to: 24 }, "UTC", atMs));
    assert.ok(isOpen({ from: 0, to: 24 }, "UTC", atMs));
  }
});

test("a zone is one that the calendar knows", () => {
  assert.ok(isTimeZone("Asia/Shanghai"));
  assert.ok(!isTimeZone("Asia/Atlantis"));
  assert.ok(!isTimeZone(""));
  assert.throws(() => isOpen({ from: 1, to: 2 }, "nowhere", 0), RangeError);
});
