import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FleetStore } from "../../../../cloud/store/fleet-store.js";
import { IMPORTED_UPGRADES, SIGNING_KEY } from "../../../../cloud/store/json-import.js";
import { withFolder } from "../../../support/folder.js";

const PRODUCT = "ABCDE12345";
const MD5 = "0123456789abcdef0123456789abcdef";
const STATE = {
  devices: [
    { productId: PRODUCT, deviceName: "gate", deviceSecret: "c2VjcmV0", version: "1.0.0", activated: true },
    {
      productId: PRODUCT,
      deviceName: "sub",
      deviceSecret: "b3RoZXI=",
      gateway: { productId: PRODUCT, deviceName: "gate" },
      selfRegistered: true,
    },
    { productId: "FGHIJ67890", deviceName: "certified", version: "3.0" },
  ],
  firmwares: [
    { productId: PRODUCT, version: "1.0.0", size: 5, md5: MD5 },
    {
      productId: PRODUCT,
      version: "2.0.0",
      size: 9,
      md5: "f".repeat(32),
      manifest: { sourceVersion: "1.0.0", minBatteryPercent: 30, kind: "mcu", component: "motor" },
    },
    {
      productId: PRODUCT,
      version: "motor_3.0.0",
      size: 9,
      md5: "f".repeat(32),
      manifest: { kind: "mcu", component: "motor" },
    },
  ],
  tasks: [
    { productId: PRODUCT, deviceName: "gate", version: "2.0.0", state: "downloading", percent: 40 },
    {
      productId: PRODUCT,
      deviceName: "sub",
      version: "1.0.0",
      state: "failed",
      resultCode: "-4",
      resultMessage: "md5",
    },
    { productId: PRODUCT, deviceName: "gone", version: "2.0.0", state: "to-push" },
    { productId: PRODUCT, deviceName: "gate", version: "9.9.9", state: "to-push" },
  ],
  rules: [
    { productId: PRODUCT, version: "2.0.0", fromVersions: ["1.0.0"] },
    { productId: PRODUCT, version: "9.9.9", fromVersions: ["1.0.0"] },
  ],
  products: [{ productId: PRODUCT, productSecret: "top", registration: "any", deviceLimit: 5 }],
  signingKey: "abcd",
};

/** Runs `body` with a store that was opened on a folder with this state. */
function imported(state: unknown, body: (store: FleetStore, folder: string) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    mkdirSync(join(folder, "firmware"));
    writeFileSync(join(folder, "firmware", `${MD5}.bin`), "image");
    writeFileSync(join(folder, "cloud.json"), typeof state === "string" ? state : JSON.stringify(state));
    const store = await FleetStore.open({ folder });
    try {
      await body(store, folder);
    } finally {
      await store.close();
    }
  });
}

test("devices keep their secrets, versions and gateways; the products and the key for URLs are taken over", () =>
  imported(STATE, async ({ tables }) => {
    const product = await tables.products.find(PRODUCT);
    const { secret, registration, deviceLimit } = product ?? {};
    assert.deepEqual({ secret, registration, deviceLimit }, { secret: "top", registration: "any", deviceLimit: 5 });
    assert.equal((await tables.products.find("FGHIJ67890"))?.registration, "off");
    const gate = await tables.devices.findOnWire(PRODUCT, "gate");
    const sub = await tables.devices.findOnWire(PRODUCT, "sub");
    const certified = await tables.devices.findOnWire("FGHIJ67890", "certified");
    assert.ok(gate !== undefined && sub !== undefined && certified !== undefined);
    assert.deepEqual([gate.secret, gate.activated, gate.gatewayId], ["c2VjcmV0", 1, null]);
    assert.deepEqual([sub.secret, sub.activated, sub.selfRegistered, sub.gatewayId], ["b3RoZXI=", 0, 1, gate.id]);
    assert.equal(certified.secret, null);
    const components = await tables.components.ofMany([gate.id, sub.id, certified.id]);
    assert.deepEqual(
      components.map(({ deviceId, component, version }) => [deviceId, component, version]),
      [
        [gate.id, "firmware", "1.0.0"],
        [certified.id, "firmware", "3.0"],
      ],
    );
    assert.equal(await tables.settings.get(SIGNING_KEY), "abcd");
  }));

test("a firmware becomes a package with its manifest and its hash, at the path of the URLs signed before", () =>
  imported(STATE, async ({ tables }) => {
    const whole = await tables.packages.byPath(`/100003908905_${PRODUCT}_1.0.0`);
    assert.ok(whole !== undefined);
    assert.deepEqual([whole.package.form, whole.package.kind, whole.package.component], ["full", "module", "firmware"]);
    assert.deepEqual(
      [whole.file.md5, whole.file.size, whole.file.sha256],
      [MD5, 5, createHash("sha256").update("image").digest("hex")],
    );
    const delta = await tables.packages.byPath(`/100003908905_${PRODUCT}_2.0.0`);
    assert.ok(delta !== undefined);
    const { form, kind, component, sourceVersion, requirements } = delta.package;
    assert.deepEqual([form, kind, component, sourceVersion], ["delta", "mcu", "motor", "1.0.0"]);
    // Devices read it whole.
    assert.deepEqual(JSON.parse(requirements ?? ""), STATE.firmwares[1]?.manifest);
    assert.equal(delta.file.sha256, "", "its file is missing");
  }));

test("a component's version loses the component, which stands before it only on the wire", () =>
  imported(STATE, async ({ tables }) => {
    const motor = await tables.packages.byPath(`/100003908905_${PRODUCT}_motor_3.0.0`);
    assert.deepEqual([motor?.package.component, motor?.package.version], ["motor", "3.0.0"]);
  }));

test("tasks and rules are kept until they become plans", () =>
  imported(STATE, async ({ tables }) => {
    const { tasks, rules } = STATE;
    assert.deepEqual(JSON.parse((await tables.settings.get(IMPORTED_UPGRADES)) ?? ""), { tasks, rules });
    assert.deepEqual(await tables.plans.list(), []);
  }));

test("without tasks and rules nothing is left for later", () =>
  imported({ ...STATE, tasks: [], rules: [] }, async ({ tables }) => {
    assert.equal(await tables.settings.get(IMPORTED_UPGRADES), undefined);
  }));

test("the file is kept beside, and the next start takes over nothing twice", () =>
  withFolder(async (folder) => {
    writeFileSync(join(folder, "cloud.json"), JSON.stringify(STATE));
    await (await FleetStore.open({ folder })).close();
    assert.ok(!existsSync(join(folder, "cloud.json")));
    assert.deepEqual(JSON.parse(readFileSync(join(folder, "cloud.json.imported"), "utf8")), STATE);
    // As after a power cut between the commit and the renaming.
    renameSync(join(folder, "cloud.json.imported"), join(folder, "cloud.json"));
    const again = await FleetStore.open({ folder });
    assert.equal(await again.tables.devices.count(), 3);
    await again.close();
    assert.ok(existsSync(join(folder, "cloud.json.imported")));
    writeFileSync(join(folder, "cloud.json"), JSON.stringify({ ...STATE, signingKey: "ef" }));
    await assert.rejects(FleetStore.open({ folder }), /cloud\.json was written after its state was taken over/);
  }));

test("the oldest form, without products, is taken over too", () =>
  imported({ ...STATE, products: undefined }, async ({ tables }) => {
    assert.equal((await tables.products.find(PRODUCT))?.secret, null);
    assert.equal(await tables.devices.count(), 3);
  }));

for (const [what, text] of [
  ["no JSON", "{"],
  ["another JSON", "[]"],
  ["a state without devices", JSON.stringify({ ...STATE, devices: undefined })],
  ["a device without a name", JSON.stringify({ ...STATE, devices: [{ productId: PRODUCT }] })],
  ["null", "null"],
] as const) {
  test(`${what} is refused, and nothing is taken over`, () =>
    withFolder(async (folder) => {
      writeFileSync(join(folder, "cloud.json"), text);
      await assert.rejects(FleetStore.open({ folder }), /cloud\.json is damaged: move it away to start anew/);
      assert.equal(readFileSync(join(folder, "cloud.json"), "utf8"), text);
      renameSync(join(folder, "cloud.json"), join(folder, "away"));
      const store = await FleetStore.open({ folder });
      assert.deepEqual(await store.tables.products.list(), []);
      await store.close();
    }));
}
