import assert from "node:assert/strict";
import { test } from "node:test";
import { describePlan, planReports } from "../../../../cli/device/plan-report.js";
import { decodePlans, encodePlans } from "../../../../src/plans/record.js";
import { Planning, type PlanningOptions } from "../../../support/planning.js";

const OFFER = { version: "2.0", url: "http://h.test/f.bin", md5: "ab".repeat(16), size: 1000 };
const NOW = Date.parse("2026-03-01T12:00:00Z") / 1000;

/** A board that knows the time and was offered an image; the line is what `inspect` says of it, without its name. */
class Scene {
  readonly planning: Planning;

  constructor(options: PlanningOptions = {}) {
    this.planning = new Planning({ listens: true, ...options });
    this.planning.clock.unix = NOW;
    this.planning.ask("download", OFFER);
  }

  line(unixTime = NOW): string {
    const reports = planReports(this.planning.store.records.get("plans"), unixTime);
    assert.equal(reports.length, 1);
    const line = describePlan(reports[0]!);
    assert.ok(line.startsWith("firmware  version 2.0  "), line);
    return line.slice("firmware  version 2.0  ".length);
  }
}

test("a deferred image is deferred until its time is over, and then offered", () => {
  const scene = new Scene();
  scene.planning.shown[0]!.defer({ seconds: 3600 });
  assert.equal(scene.line(), "deferred until 2026-03-01T13:00:00.000Z  deferrals 1");
  assert.equal(scene.line(NOW + 3600), "offered  deferrals 1");
});

test("a declined image is declined, whatever was decided before", () => {
  const deferred = new Scene();
  deferred.planning.shown[0]!.defer({ seconds: 3600 });
  deferred.planning.shown[0]!.decline("no");
  assert.equal(deferred.line(), "declined  deferrals 1");
  const accepted = new Scene();
  accepted.planning.shown[0]!.accept();
  accepted.planning.shown[0]!.decline("no");
  assert.equal(accepted.line(), "declined");
});

test("an accepted image is accepted, with no end to it", () => {
  const scene = new Scene();
  scene.planning.shown[0]!.defer({ seconds: 60 });
  scene.planning.shown[0]!.accept();
  assert.equal(scene.line(), "download accepted  deferrals 1");
});

test("an image that failed too often cools down until its time is over", () => {
  const scene = new Scene({ policy: { maxAttempts: 1, coolDownSeconds: 60 } });
  scene.planning.ended("reporting", OFFER);
  assert.equal(scene.line(), "tried too often until 2026-03-01T12:01:00.000Z  failures 1");
  assert.equal(scene.line(NOW + 60), "tried too often  failures 1");
});

test("an image whose job failed, and that may be tried again, has failed", () => {
  const scene = new Scene();
  scene.planning.ended("reporting", OFFER);
  assert.equal(scene.line(), "failed  failures 1");
});

test("on a board that does not know the time a deferral has no end that can be told", () => {
  const scene = new Scene();
  scene.planning.clock.unix = undefined;
  scene.planning.shown[0]!.defer({ seconds: 3600 });
  assert.equal(scene.line(), "deferred  deferrals 1");
});

test("an image of which an older agent stored no version is named by its MD5", () => {
  const scene = new Scene();
  scene.planning.shown[0]!.accept();
  const entries = decodePlans(scene.planning.store.records.get("plans"));
  const record = encodePlans(entries.map((entry) => ({ ...entry, label: "" })));
  const [report] = planReports(record, NOW);
  assert.deepEqual([report?.component, report?.version], [null, null]);
  assert.equal(describePlan(report!), `MD5 ${OFFER.md5}  download accepted`);
});
