import assert from "node:assert/strict";
import { test } from "node:test";
import { Refusals } from "../../../src/update/refusals.js";
import type { Reporter } from "../../../src/update/reporter.js";

const REASON = "url is not plain ASCII";

/** Keeps what it is to report. It is acknowledged at once, or by `acknowledge`. */
function reporting(): { reporter: Reporter; reported: string[]; takes: boolean; holds: boolean; acknowledge(): void } {
  const held: (() => void)[] = [];
  const bed = { reported: [] as string[], takes: true, holds: false, acknowledge: () => held.shift()?.() };
  const reporter = {
    result(version: string, result: { outcome: string; message?: string }, onAcknowledged: () => void) {
      if (bed.takes) bed.reported.push(`${version} ${result.outcome} ${result.message}`);
      if (bed.takes) held.push(onAcknowledged);
      if (!bed.holds) bed.acknowledge();
      return bed.takes;
    },
  } as unknown as Reporter;
  return Object.assign(bed, { reporter });
}

test("a version is reported once for each owner and connection", () => {
  const bed = reporting();
  const refusals = new Refusals();
  for (const owner of ["", "", "P/light1", "P/light1"]) refusals.report(bed.reporter, owner, "0.2.0", REASON);
  assert.deepEqual(bed.reported, [`0.2.0 failed ${REASON}`, `0.2.0 failed ${REASON}`]);
  refusals.clear();
  refusals.report(bed.reporter, "", "0.2.0", REASON);
  assert.equal(bed.reported.length, 3);
});

test("what could not be sent is reported when the offer comes again", () => {
  const bed = reporting();
  const refusals = new Refusals();
  bed.takes = false;
  refusals.report(bed.reporter, "", "0.2.0", REASON);
  bed.takes = true;
  for (let count = 0; count < 2; count++) refusals.report(bed.reporter, "", "0.2.0", REASON);
  assert.equal(bed.reported.length, 1);
});

test("of many versions at once four are reported; the others when they are offered again", () => {
  const bed = reporting();
  bed.holds = true;
  const refusals = new Refusals();
  for (let version = 0; version < 100; version++) refusals.report(bed.reporter, "", `1.${version}`, REASON);
  assert.equal(bed.reported.length, 4);
  bed.acknowledge();
  for (let version = 3; version < 100; version++) refusals.report(bed.reporter, "", `1.${version}`, REASON);
  assert.deepEqual(bed.reported.slice(3), [`1.3 failed ${REASON}`, `1.4 failed ${REASON}`]);
  refusals.clear();
  refusals.report(bed.reporter, "", "1.50", REASON);
  assert.equal(bed.reported.length, 6, "what a lost connection has not acknowledged is over");
});

test("two owners whose names and versions make the same text are two", () => {
  const bed = reporting();
  const refusals = new Refusals();
  refusals.report(bed.reporter, "P/light1", "2.0", REASON);
  refusals.report(bed.reporter, "P/light", "12.0", REASON);
  assert.equal(bed.reported.length, 2);
});

test("of many versions the newest sixteen are remembered", () => {
  const bed = reporting();
  const refusals = new Refusals();
  const report = (version: number): void => refusals.report(bed.reporter, "", `1.${version}`, REASON);
  for (let version = 0; version < 17; version++) report(version);
  for (let version = 1; version < 17; version++) report(version);
  assert.equal(bed.reported.length, 17);
  report(0);
  assert.equal(bed.reported.length, 18);
});
