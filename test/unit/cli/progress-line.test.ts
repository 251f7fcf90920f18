import assert from "node:assert/strict";
import { test } from "node:test";
import { progressLine } from "../../../cli/progress-line.js";

const line = (columns: number, { name = "download", share = 0.425, tail = "| 445645 of 1048576 bytes" } = {}): string =>
  progressLine({ name, share, tail, columns });

test("a wide terminal has all of it, the bar no longer than 40", () => {
  assert.equal(line(200), `download ${"█".repeat(17)}${"░".repeat(23)} 42 % | 445645 of 1048576 bytes`);
});

test("on any terminal the line fits, and has the percentage", () => {
  for (const name of ["download", "light1         ", "a device of the longest name that there may be12"]) {
    for (const share of [0, 0.1, 0.999, 1]) {
      for (let columns = 6; columns < 120; columns++) {
        const shown = line(columns, { name, share });
        assert.ok(shown.length <= columns, `${shown.length} of ${columns}: ${shown}`);
        assert.ok(shown.includes(`${Math.floor(share * 100)} %`), `${columns}: ${shown}`);
      }
    }
  }
});

test("on a narrow terminal the bar becomes shorter, then the bytes, the bar, and the end of the name are left out", () => {
  assert.match(line(45), /^download [█░]{4,} 42 % \| 445645 of 1048576 bytes$/);
  assert.match(line(30), /^download [█░]{16} 42 %$/);
  assert.equal(line(17), "download 42 %");
  assert.equal(line(10), "downl 42 %");
});
