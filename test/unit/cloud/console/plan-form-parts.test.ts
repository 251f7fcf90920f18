import assert from "node:assert/strict";
import { test } from "node:test";
import { activationProblemsOf, type FormPackage } from "../../../../cloud/console/pages/plan-form/activation.js";
import { bytesOf, durationOf, secondsOf, sizeOf } from "../../../../cloud/console/pages/plan-form/amounts.js";
import { errorsOf } from "../../../../cloud/console/pages/plan-form/errors.js";
import { firstForm, type FirstFormOptions } from "../../../../cloud/console/pages/plan-form/first-form.js";
import { fromSettings } from "../../../../cloud/console/pages/plan-form/from-settings.js";
import { namesIn, withNames } from "../../../../cloud/console/pages/plan-form/names.js";
import { newForm } from "../../../../cloud/console/pages/plan-form/plan-form-state.js";
import { withProduct } from "../../../../cloud/console/pages/plan-form/proposals.js";
import {
  canaryPercent,
  haltingCount,
  stageSize,
  withCanary,
  withStage,
} from "../../../../cloud/console/pages/plan-form/stages.js";
import { nameOf } from "../../../../cloud/console/pages/plan-form/to-plan-input.js";
import { windowLength, zoneChoices } from "../../../../cloud/console/pages/plan-form/zones.js";
import { judgeHalt } from "../../../../cloud/fleet/halt.js";
import { paceOf } from "../../../../cloud/fleet/pace.js";

test("names are read from lines, tables and pasted lists, and what is no name is kept apart", () => {
  assert.deepEqual(namesIn('\uFEFFDeviceName\r\nlamp_1\r\n"lamp:2",lamp-3；lamp_1\n bad!name \n'), {
    names: ["lamp_1", "lamp:2", "lamp-3"],
    rejected: ["bad!name"],
  });
  assert.deepEqual(namesIn(" \n, "), { names: [], rejected: [] });
  assert.deepEqual(namesIn("x".repeat(49)).rejected, ["x".repeat(49)]);
  // Only the first line is a heading.
  assert.deepEqual(namesIn("a\nname_1").names, ["a", "name_1"]);
});

test("a device is added to a list once", () => {
  assert.equal(withNames("", ["a"]), "a");
  assert.equal(withNames("a, b\n", ["b", "c"]), "a, b\nc");
  assert.equal(withNames("a, b\n", ["b"]), "a, b\n");
});

test("a time is shown in the largest unit that it is a whole number of", () => {
  assert.deepEqual(durationOf(604_800), { amount: "7", unit: "days" });
  assert.deepEqual(durationOf(5400), { amount: "90", unit: "minutes" });
  assert.deepEqual(durationOf(61), { amount: "61", unit: "seconds" });
  assert.equal(secondsOf({ amount: "0.5", unit: "hours" }), 1800);
  assert.equal(secondsOf({ amount: "1.1", unit: "hours" }), 3960);
  assert.equal(secondsOf({ amount: "soon", unit: "hours" }), "soon");
  assert.deepEqual(sizeOf(1_572_864), { amount: "1536", unit: "KiB" });
  assert.equal(bytesOf({ amount: "2", unit: "MiB" }), 2_097_152);
  assert.deepEqual(sizeOf(0), { amount: "0", unit: "B" });
});

test("a stage is as large as the cloud makes it", () => {
  for (const total of [1, 3, 7, 99, 100, 101, 10_000]) {
    for (const percent of [1, 5, 33, 50, 99, 100]) {
      const counts = { total, ended: 0, untried: total, inFlight: 0, asked: 0, offeredLastMinute: 0 };
      const limits = { maxInFlight: 1_000_000, maxAsked: 1_000_000, perMinute: 1_000_000 };
      const { first } = paceOf({ ...limits, stages: [percent, 100] }, counts);
      assert.equal(stageSize(total, percent), first, `${percent} % of ${total}`);
    }
  }
});

test("a canary is never larger than it was wished, unless 1 % is", () => {
  for (const total of [1, 3, 7, 99, 100, 101, 250, 10_000]) {
    for (const wanted of [1, 2, 5, 10, 1000]) {
      const percent = canaryPercent(total, wanted);
      assert.ok(percent >= 1 && percent <= 100);
      assert.ok(stageSize(total, percent) <= Math.max(wanted, stageSize(total, 1)), `${wanted} of ${total}`);
      if (percent < 100) assert.ok(stageSize(total, percent + 1) >= wanted, `${wanted} of ${total} could be more`);
    }
  }
  assert.deepEqual(withCanary(["1", "5", "25", "100"], 10, 1), ["10", "25", "100"]);
  assert.deepEqual(withCanary(["100"], 10, 20), ["100"]);
  assert.deepEqual(withCanary([], 10, 2), ["20", "100"]);
});

test("a further stage lies between the last two", () => {
  assert.deepEqual(withStage(["10", "100"]), ["10", "55", "100"]);
  assert.deepEqual(withStage(["100"]), ["50", "100"]);
});

test("the sentence about the halt is what the cloud does", () => {
  for (const percent of [1, 10, 20, 33, 100]) {
    for (const atLeast of [1, 3, 5, 10, 99]) {
      const bad = haltingCount(percent, atLeast);
      const halts = (failed: number) =>
        judgeHalt(
          { percent, atLeast },
          { open: 0, succeeded: atLeast - failed, failed, silent: 0 },
          { ended: 0, bad: 0 },
        ).isReached;
      assert.ok(halts(bad), `${bad} of ${atLeast} at ${percent} %`);
      assert.ok(!halts(bad - 1), `${bad - 1} of ${atLeast} at ${percent} %`);
    }
  }
  assert.equal(haltingCount(20, 10), 2);
});

test("a window over midnight ends on the next day", () => {
  assert.deepEqual(windowLength(22, 6), { hours: 8, isNextDay: true });
  assert.deepEqual(windowLength(2, 6), { hours: 4, isNextDay: false });
  assert.deepEqual(windowLength(22, 24), { hours: 2, isNextDay: false });
  assert.deepEqual(windowLength(22, 0), { hours: 2, isNextDay: false });
});

test("the reader's own zone stands first, and each zone once", () => {
  const zones = zoneChoices(["Asia/Shanghai", "", "UTC", "Asia/Shanghai"]);
  assert.deepEqual(zones.slice(0, 2), ["Asia/Shanghai", "UTC"]);
  assert.equal(new Set(zones).size, zones.length);
  assert.ok(zones.includes("Europe/Berlin"));
});

const LAMP = { productId: "LAMP000001", timeZone: "Europe/Berlin" };
const DEMO = { productId: "DEMO000001" };
const OWN = "Asia/Shanghai";

test("what is proposed follows the product, and what a person has changed stays", () => {
  const none = { productId: "" };
  const first = withProduct(newForm(OWN), { before: none, chosen: DEMO, ownZone: OWN });
  assert.deepEqual([first.product, first.timeZone], ["DEMO000001", OWN]);
  assert.deepEqual(first.silentAfter, { amount: "20", unit: "seconds" });
  assert.deepEqual(
    first.retry.map(({ code, after }) => [code, after]),
    [
      ["-1", durationOf(10)],
      ["-3", durationOf(10)],
    ],
    "a silent board on the desk stays silent, for whoever looks",
  );
  const second = withProduct(first, { before: DEMO, chosen: LAMP, ownZone: OWN });
  assert.deepEqual([second.product, second.timeZone], ["LAMP000001", "Europe/Berlin"]);
  assert.deepEqual(second.silentAfter, { amount: "1", unit: "hours" });
  assert.deepEqual(second.retry, newForm(OWN).retry);
  assert.deepEqual([first.haltPercent, first.haltAtLeast], ["50", "10"]);
  assert.deepEqual([second.haltPercent, second.haltAtLeast], ["10", "5"]);
  const changed = {
    ...first,
    timeZone: "UTC",
    silentAfter: durationOf(90),
    retry: [],
    haltPercent: "7",
    from: ["1.0.0"],
  };
  const third = withProduct(changed, { before: DEMO, chosen: LAMP, ownZone: OWN });
  assert.deepEqual([third.timeZone, third.silentAfter, third.retry, third.from], ["UTC", durationOf(90), [], []]);
  assert.deepEqual([third.haltPercent, third.haltAtLeast], ["7", "10"]);
});

test("the name is that of the packages until somebody writes one", () => {
  const form = { ...newForm(OWN), packages: [{ component: "firmware", version: "1.1.0" }] };
  assert.equal(nameOf(form), "firmware 1.1.0");
  assert.equal(
    nameOf({ ...form, packages: [...form.packages, { component: "mcu", version: "2" }] }),
    "firmware 1.1.0, mcu 2",
  );
  assert.equal(nameOf({ ...form, name: "" }), "");
});

const START: FirstFormOptions = {
  settings: undefined,
  isCopy: true,
  package: undefined,
  products: [LAMP, DEMO],
  chosenProduct: "",
  ownZone: OWN,
};

test("a form begins with what its address names", () => {
  assert.equal(firstForm(START).product, "");
  assert.equal(firstForm({ ...START, products: [DEMO] }).product, "DEMO000001");
  assert.equal(firstForm({ ...START, chosenProduct: "LAMP000001" }).timeZone, "Europe/Berlin");
  const pack = { productId: "LAMP000001", component: "mcu", version: "2" };
  const form = firstForm({ ...START, chosenProduct: "DEMO000001", package: pack, devices: ["a", "b"] });
  assert.equal(form.product, "LAMP000001");
  assert.deepEqual(form.packages, [{ component: "mcu", version: "2" }]);
  assert.deepEqual([form.scope, form.devices], ["devices", "a\nb"]);
  const settings = { name: "n", product: "LAMP000001", version: "1", all: true, override: "why" };
  assert.equal(firstForm({ ...START, settings }).override, "");
  assert.equal(firstForm({ ...START, settings, isCopy: false }).override, "why");
});

test("what keeps a plan from its activation is said before", () => {
  const list: readonly FormPackage[] = [
    { component: "firmware", version: "1", state: "verified", form: "full" },
    { component: "firmware", version: "2", state: "uploaded", form: "full" },
    { component: "firmware", version: "3", state: "withdrawn", form: "full" },
  ];
  const form = (version: string) => fromSettings({ name: "n", product: "LAMP000001", version, all: true });
  assert.deepEqual(activationProblemsOf(form("1"), list, 5), []);
  assert.deepEqual(activationProblemsOf(form("1"), list, 0), ["nobody-matches"]);
  assert.deepEqual(activationProblemsOf({ ...form("1"), dynamic: true }, list, 0), []);
  assert.deepEqual(activationProblemsOf(form("2"), list, 5), ["not-verified"]);
  assert.deepEqual(activationProblemsOf(form("2"), list, 1), []);
  assert.deepEqual(activationProblemsOf({ ...form("2"), dynamic: true }, list, 1), ["not-verified"]);
  assert.deepEqual(activationProblemsOf({ ...form("2"), override: "why" }, list, 5), []);
  assert.deepEqual(activationProblemsOf(form("3"), list, 5), ["withdrawn"]);
  assert.deepEqual(activationProblemsOf(form("4"), list, 5), ["not-uploaded"]);
});

test("what the cloud refuses stands at its step, without the field's name twice", () => {
  const refused = [
    { field: "pace.stages", message: "pace.stages: they are to rise" },
    { field: "name", message: "it is taken" },
  ];
  const found = errorsOf([{ field: "devices", code: "no-list" }], refused, ({ code }) => code);
  assert.deepEqual(found, [
    { field: "name", step: "what", text: "it is taken" },
    { field: "devices", step: "whom", text: "no-list" },
    { field: "pace.stages", step: "pace", text: "they are to rise" },
  ]);
});
