import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { copyOf, fromSettings } from "../../../../cloud/console/pages/plan-form/from-settings.js";
import { newForm, type PlanFormState } from "../../../../cloud/console/pages/plan-form/plan-form-state.js";
import { problemsOf } from "../../../../cloud/console/pages/plan-form/problems.js";
import { stepOf } from "../../../../cloud/console/pages/plan-form/steps.js";
import { toPlanInput, toPreviewInput } from "../../../../cloud/console/pages/plan-form/to-plan-input.js";
import { checkSettings, SETTING_KEYS } from "../../../../cloud/fleet/settings.js";
import type { PlanSettings } from "../../../../cloud/fleet/types.js";
import type { PlanInput } from "../../../../cloud/operator/types.js";
import { validSettings } from "./plan-settings.js";

const LEAST = { name: "lamps", product: "LAMP000001", version: "1.1.0" };

function settingsOf(input: PlanInput): PlanSettings {
  const checked = checkSettings(input);
  assert.ok("ok" in checked, JSON.stringify(checked));
  return checked.ok;
}

/** plan.json as the cloud gives it: every default is filled in, and `all` is left out. */
function asTheCloudGivesIt(settings: PlanSettings): PlanInput {
  const { productId, selection, ...rest } = settings;
  const { fromVersions, deviceNames, allow, deny } = selection;
  const lists = { from: fromVersions, devices: deviceNames, allow, deny: deny.length === 0 ? undefined : deny };
  return JSON.parse(JSON.stringify({ ...rest, product: productId, ...lists })) as PlanInput;
}

test("what a plan says goes through the form unchanged, as it was written and as the cloud gives it", () => {
  fc.assert(
    fc.property(validSettings, (input) => {
      const settings = settingsOf(input);
      assert.deepEqual(settingsOf(toPlanInput(fromSettings(input))), settings);
      assert.deepEqual(settingsOf(toPlanInput(fromSettings(asTheCloudGivesIt(settings)))), settings);
      assert.deepEqual(problemsOf(fromSettings(input)), []);
    }),
    { numRuns: 300 },
  );
});

test("the form writes every key that the cloud knows, but for the short form of packages", () => {
  const full = fromSettings({
    ...LEAST,
    from: ["1.0.0"],
    devices: ["a"],
    allow: ["a"],
    deny: ["b"],
    window: { from: 1, to: 2 },
    override: "why",
  });
  const keys = new Set([...Object.keys(toPlanInput(full)), ...Object.keys(toPlanInput({ ...full, scope: "all" }))]);
  assert.deepEqual(
    [...SETTING_KEYS].filter((key) => !keys.has(key)),
    ["version"],
  );
});

test("each key that the cloud knows belongs to a step", () => {
  for (const key of SETTING_KEYS) assert.notEqual(stepOf(key), "end", key);
  assert.equal(stepOf("pace.stages[1]"), "pace");
  assert.equal(stepOf("texts.zh.title"), "when");
  assert.equal(stepOf(""), "whom");
  assert.equal(stepOf("something-new"), "end");
});

test("a new form has the defaults of the cloud", () => {
  const form = { ...newForm("UTC"), name: "lamps", product: "LAMP000001" };
  const written = toPlanInput({ ...form, packages: [{ component: "firmware", version: "1.1.0" }] });
  assert.deepEqual(settingsOf(written), settingsOf({ ...LEAST, all: true }));
});

test("a form that finds nothing wrong is accepted, and what the cloud refuses is found at the same step", () => {
  const word = fc.constantFrom(
    "",
    " ",
    "0",
    "1",
    "50",
    "100",
    "101",
    "1.5",
    "-1",
    "x",
    "24",
    "9999999",
    "de",
    "zh",
    "UTC",
  );
  fc.assert(
    fc.property(validSettings, fc.array(fc.tuple(fc.nat(), word), { maxLength: 3 }), (input, changes) => {
      const form = changes.reduce(withLeaf, fromSettings(input));
      const checked = checkSettings(toPlanInput(form));
      const refused = "errors" in checked ? checked.errors : [];
      const found = problemsOf(form);
      for (const { field } of refused) {
        assert.ok(
          found.some((problem) => stepOf(problem.field) === stepOf(field)),
          `${field} of ${JSON.stringify(form)}: ${JSON.stringify(found)}`,
        );
      }
      assert.ok(found.length > 0 || refused.length === 0);
    }),
    { numRuns: 1000 },
  );
});

/** One of the texts in the form becomes another one. */
function withLeaf(form: PlanFormState, [at, word]: [number, string]): PlanFormState {
  const paths: (readonly (string | number)[])[] = [];
  const look = (value: unknown, path: readonly (string | number)[]): void => {
    if (typeof value === "string") paths.push(path);
    else if (typeof value === "object" && value !== null) {
      for (const [key, each] of Object.entries(value)) look(each, [...path, key]);
    }
  };
  look(form, []);
  // These are chosen from a list, never typed.
  const free = paths.filter((path) => !["scope", "zone", "mode", "unit", "conflict"].includes(String(path.at(-1))));
  const changed = structuredClone(form);
  const path = free[at % free.length] ?? [];
  const owner = path.slice(0, -1).reduce<never>((value, key) => value[key as never], changed as never);
  (owner as { [key: string]: string })[String(path.at(-1))] = word;
  return changed;
}

test("each mistake is named with the field that the cloud names", () => {
  const good = fromSettings({ ...LEAST, all: true });
  const cases: readonly (readonly [Partial<PlanFormState>, string])[] = [
    [{ name: " " }, "name"],
    [{ name: "x".repeat(65) }, "name"],
    [{ product: "" }, "product"],
    [{ packages: [] }, "packages"],
    [{ packages: [{ component: "firmware", version: "" }] }, "packages[0].version"],
    [{ scope: "versions" }, "from"],
    [{ scope: "devices", devices: "!!" }, "devices"],
    [{ hasAllow: true }, "allow"],
    [{ timeZone: "Nowhere/Land" }, "timeZone"],
    [{ hasWindow: true, windowFrom: "3", windowTo: "3" }, "window"],
    [{ mode: "confirm" }, "texts.zh.title"],
    [{ minBatteryPercent: "101" }, "strategy.minBatteryPercent"],
    [{ minSignalDbm: "5" }, "strategy.minSignalDbm"],
    [{ space: { amount: "-1", unit: "KiB" } }, "strategy.space"],
    [{ maxInFlight: "0" }, "pace.maxInFlight"],
    [{ perMinute: "many" }, "pace.perMinute"],
    [{ stages: ["5", "5", "100"] }, "pace.stages"],
    [{ stages: ["0", "100"] }, "pace.stages[0]"],
    [{ haltPercent: "" }, "halt.percent"],
    [{ haltAtLeast: "1.5" }, "halt.atLeast"],
    [{ retry: [{ code: "-1", times: "0", after: { amount: "1", unit: "hours" } }] }, "retry[0].times"],
    [{ retry: [{ code: "-1", times: "1", after: { amount: "2", unit: "days" } }] }, "retry[0].afterSeconds"],
    [{ silentAfter: { amount: "31", unit: "days" } }, "silentAfterSeconds"],
    [{ answerWithin: { amount: "0", unit: "days" } }, "answerWithinSeconds"],
    [{ override: "x".repeat(257) }, "override"],
  ];
  assert.deepEqual(problemsOf(good), []);
  for (const [patch, field] of cases) {
    const form = { ...good, ...patch };
    assert.equal(problemsOf(form)[0]?.field, field, JSON.stringify(patch));
    assert.ok("errors" in checkSettings(toPlanInput(form)), JSON.stringify(patch));
  }
});

test("a preview needs the packages and the devices alone", () => {
  const form = { ...fromSettings({ ...LEAST, devices: ["a", "b"], deny: ["b"] }), name: "", haltPercent: "" };
  assert.ok(problemsOf(form).length > 0);
  const { selection, packages } = settingsOf(toPreviewInput(form));
  assert.deepEqual(selection, { deviceNames: ["a", "b"], deny: ["b"] });
  assert.deepEqual(packages, [{ component: "firmware", version: "1.1.0" }]);
});

test("a copy does not take over the reason for packages that are not verified", () => {
  const settings = { ...LEAST, all: true, override: "an emergency" };
  assert.equal(fromSettings(settings).override, "an emergency");
  assert.equal(copyOf(settings).override, "");
});

test("settings of another shape are read as far as they can be", () => {
  for (const wrong of [null, 7, "x", [null, 7], { a: [] }]) {
    const keys = SETTING_KEYS.map((key) => [key, wrong]);
    assert.doesNotThrow(() => problemsOf(fromSettings(Object.fromEntries(keys))));
  }
});
