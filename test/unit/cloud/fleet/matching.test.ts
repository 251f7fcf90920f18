import assert from "node:assert/strict";
import { test } from "node:test";
import { lostMatchOf, match, MATCH_REASONS, matcherOf, type TaskOfPlan } from "../../../../cloud/fleet/matching.js";
import type { FleetDevice, FleetPackage, PlanPackage, PlanSelection } from "../../../../cloud/fleet/types.js";

const PRODUCT = "ABCDE12345";

const firmware: FleetPackage = {
  packageId: "1",
  productId: PRODUCT,
  component: "firmware",
  targetVersion: "2.0",
  chip: "esp32",
};
const mcu: FleetPackage = { packageId: "2", productId: PRODUCT, component: "mcu", targetVersion: "m2" };

const device = (over: Partial<FleetDevice> = {}): FleetDevice => ({
  productId: PRODUCT,
  deviceName: "dev_1",
  versions: { firmware: "1.0" },
  ...over,
});

interface Case {
  readonly selection?: Partial<PlanSelection>;
  readonly packages?: readonly FleetPackage[];
  readonly wanted?: readonly PlanPackage[];
  readonly device?: Partial<FleetDevice>;
  readonly tasks?: readonly TaskOfPlan[];
}

const both: readonly PlanPackage[] = [
  { component: "firmware", version: "2.0" },
  { component: "mcu", version: "m2" },
];

function result({ selection, packages = [firmware, mcu], wanted = both.slice(0, 1), device: over, tasks = [] }: Case) {
  const matcher = matcherOf({ productId: PRODUCT, selection: { deny: [], ...selection }, packages: wanted }, packages);
  const found = match(matcher, device(over), tasks);
  return found.matches ? found.wanted.map(({ component }) => component).join() : found.reason;
}

const CASES: { readonly [reason: string]: readonly Case[] } = {
  "not-in-product": [{ device: { productId: "OTHER12345" } }],
  denied: [
    { selection: { deny: ["dev_1"] } },
    { selection: { deny: ["dev_1"], allow: ["dev_1"], deviceNames: ["dev_1"] } },
  ],
  "not-selected": [{ selection: { deviceNames: ["dev_2"] } }],
  "not-allowed": [{ selection: { allow: ["dev_2"] } }, { selection: { allow: ["dev_2"], deviceNames: ["dev_1"] } }],
  "version-unknown": [
    { selection: { fromVersions: ["1.0"] }, device: { versions: {} } },
    { packages: [{ ...firmware, sourceVersion: "1.0" }], device: { versions: {} } },
  ],
  "version-not-selected": [{ selection: { fromVersions: ["0.9"] } }],
  "package-missing": [{ packages: [mcu] }, { packages: [{ ...firmware, productId: "OTHER12345" }] }],
  "wrong-chip": [{ device: { chip: "esp32s3" } }],
  "bound-to-other-device": [{ packages: [{ ...firmware, boundTo: ["dev_2"] }] }],
  "delta-source-differs": [
    { packages: [{ ...firmware, sourceVersion: "1.5" }] },
    {
      wanted: both.slice(1),
      packages: [{ ...mcu, sourceVersion: "m1" }],
      device: { versions: { firmware: "1.0", mcu: "m0" } },
    },
  ],
  "runs-target": [
    { device: { versions: { firmware: "2.0" } } },
    { device: { versions: { firmware: "2.0" } }, selection: { fromVersions: ["1.0"] } },
    { wanted: both, device: { versions: { firmware: "2.0", mcu: "m2" } } },
  ],
  "open-task-of-plan": [
    { tasks: [{ component: "firmware", state: "waiting" }] },
    { tasks: [{ component: "firmware", state: "burning" }] },
  ],
  "already-done-by-this-plan": [
    { tasks: [{ component: "firmware", state: "succeeded" }] },
    { tasks: [{ component: "firmware", state: "succeeded" }], device: { versions: { firmware: "1.0" } } },
  ],
  "already-tried-by-this-plan": [
    { tasks: [{ component: "firmware", state: "failed" }] },
    { tasks: [{ component: "firmware", state: "cancelled" }] },
    { wanted: both, tasks: [{ component: "firmware", state: "declined" }] },
  ],
};

test("each reason of the closed list has its cases, and each case its reason", () => {
  assert.deepEqual(Object.keys(CASES).sort(), [...MATCH_REASONS].sort());
  for (const [reason, cases] of Object.entries(CASES)) {
    for (const each of cases) assert.equal(result(each), reason, JSON.stringify(each));
  }
});

test("a device that matches gets its components in the plan's order, without those that it runs already", () => {
  assert.equal(result({}), "firmware");
  assert.equal(result({ wanted: both }), "firmware,mcu");
  assert.equal(result({ wanted: both, selection: { fromVersions: ["1.0"] } }), "firmware,mcu");
  assert.equal(result({ wanted: both, device: { versions: { firmware: "2.0" } } }), "mcu");
  assert.equal(result({ wanted: both, tasks: [{ component: "firmware", state: "succeeded" }] }), "mcu");
  assert.equal(
    result({ device: { chip: "esp32" }, selection: { allow: ["dev_1"], fromVersions: ["1.0"] } }),
    "firmware",
  );
});

test("a delta of another component goes to a device that reports no version of it: the device checks", () => {
  assert.equal(result({ wanted: both.slice(1), packages: [{ ...mcu, sourceVersion: "m1" }] }), "mcu");
});

test("the chip of an image is that of the firmware alone", () => {
  const packages = [{ ...mcu, chip: "stm32" }];
  assert.equal(result({ wanted: both.slice(1), packages, device: { chip: "esp32" } }), "mcu");
});

test("what a plan has begun does not depend on the versions that it selected by", () => {
  const selection = { fromVersions: ["1.0"] };
  const moved = { versions: { firmware: "2.0" } };
  assert.equal(
    result({ wanted: both, selection, device: moved, tasks: [{ component: "firmware", state: "succeeded" }] }),
    "mcu",
  );
});

test("before its offer a waiting task is matched again", () => {
  const lost = (over: Partial<FleetDevice>, attempt = 0, packages = [firmware]) =>
    lostMatchOf(
      matcherOf({ productId: PRODUCT, selection: { deny: [], fromVersions: ["1.0"] }, packages: both }, packages),
      device(over),
      { component: "firmware", attempt },
    );
  assert.equal(lost({}), undefined);
  assert.equal(lost({ versions: { firmware: "2.0" } }), "runs-target");
  assert.equal(lost({ versions: { firmware: "1.5" } }), "version-not-selected");
  assert.equal(lost({ versions: { firmware: "1.5" } }, 1), undefined);
  assert.equal(lost({}, 0, []), "package-missing");
});
