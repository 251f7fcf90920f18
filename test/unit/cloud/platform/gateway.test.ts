import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkBindProof } from "../../../../cloud/platform/bind-signature.js";
import { SUB_DEVICE_LIMIT } from "../../../../cloud/platform/sessions.js";
import { StorageError } from "../../../../cloud/store/storage-error.js";
import { bindEntry, deviceEntry, GATEWAY, GatewayTestBed, LIGHT } from "../../../support/gateway-test-bed.js";
import { PRODUCT, SECRET } from "../../../support/platform-test-bed.js";

const OTHER_GATEWAY = { productId: "GATEWAY001", deviceName: "gw2" };

test("bind agrees with the vectors of the protocol's description, with both methods; the key is the secret's text", () => {
  const device = { ...LIGHT, deviceSecret: SECRET };
  const proof = { random: 987654321, timestamp: 1700000000 };
  const vectors = [
    ["hmacsha1", "acV3hFNNxVZDrJIYnVJlHL+ijXM="],
    ["hmacsha256", "m1bwsupRVaWcWZ+6Ucwmz6giBtF8R+1TfvOO9v4aPbo="],
  ] as const;
  for (const [signmethod, signature] of vectors) {
    assert.equal(checkBindProof(device, { ...proof, signmethod, signature }, 1700000000), "valid", signmethod);
    const decoded = Buffer.from(SECRET, "base64").toString();
    assert.equal(
      checkBindProof({ ...device, deviceSecret: decoded }, { ...proof, signmethod, signature }, 1700000000),
      "wrong",
    );
  }
});

test("a bind request holds for 600 s before and behind its time", () => {
  const device = { ...LIGHT, deviceSecret: SECRET };
  const timestamp = 1700000000;
  const verdictAt = (nowSec: number) => checkBindProof(device, bindEntry(LIGHT, { timestamp }), nowSec);
  assert.deepEqual(
    [-601, -600, 600, 601].map((later) => verdictAt(timestamp + later)),
    ["expired", "valid", "valid", "expired"],
  );
});

test("a sub-device that was bound comes online and goes offline, and is unbound", async () => {
  await GatewayTestBed.run(async (bed) => {
    const steps: [operation: string, entry: object, online: boolean][] = [
      ["bind", bindEntry(LIGHT), false],
      ["online", deviceEntry(LIGHT), true],
      ["online", deviceEntry(LIGHT), true],
      ["offline", deviceEntry(LIGHT), false],
      ["offline", deviceEntry(LIGHT), false],
      ["online", deviceEntry(LIGHT), true],
      ["unbind", deviceEntry(LIGHT), false],
    ];
    for (const [operation, entry, online] of steps) {
      assert.equal(await bed.result(operation, entry), 0, operation);
      assert.equal(bed.isOnline(LIGHT), online, operation);
    }
    assert.equal(await bed.result("online", deviceEntry(LIGHT)), -1);
  });
});

test("an answer has the form seen on the wire", async () => {
  await GatewayTestBed.run(async (bed) => {
    await bed.ask("online", [deviceEntry(LIGHT)]);
    assert.deepEqual(bed.bed.published, [
      [
        "$gateway/operation/result/GATEWAY001/gw1",
        '{"type":"online","payload":{"devices":[{"product_id":"ABCDE12345","device_name":"light_01","result":-1}]}}',
      ],
    ]);
  });
});

test("every result code has its cause", async () => {
  await GatewayTestBed.run(async (bed) => {
    const { desk } = bed;
    await desk.addDevice({ productId: PRODUCT, deviceName: "cert_01" });
    await desk.addDevice({ ...OTHER_GATEWAY, deviceSecret: SECRET });
    const light2 = { productId: PRODUCT, deviceName: "light_02" };
    await desk.addDevice({ ...light2, deviceSecret: SECRET });
    const good = bindEntry(LIGHT);
    const expect = async (result: number, type: string, entry: unknown, gateway = GATEWAY): Promise<void> =>
      assert.equal(await bed.result(type, entry, gateway), result, `${type} ${JSON.stringify(entry)}`);

    for (const operation of ["online", "offline", "unbind"]) await expect(-1, operation, deviceEntry(LIGHT));
    for (const operation of ["online", "offline", "unbind", "bind"]) {
      await expect(801, operation, {});
      await expect(801, operation, { product_id: PRODUCT });
      await expect(801, operation, { product_id: PRODUCT, device_name: 7 });
      await expect(801, operation, null);
      await expect(802, operation, { ...good, device_name: "nobody" });
      await expect(802, operation, { ...good, device_name: "a/b" });
      await expect(802, operation, { ...good, device_name: "" });
    }
    for (const field of ["signature", "random", "timestamp", "signmethod", "authtype"]) {
      await expect(801, "bind", { ...good, [field]: null });
    }
    await expect(801, "bind", { ...good, authtype: "none" });
    await expect(803, "bind", bindEntry(LIGHT, { secret: "other" }));
    await expect(803, "bind", { ...good, random: 1 });
    await expect(803, "bind", { ...good, signmethod: "hmacsha256" });
    await expect(803, "bind", { ...good, signature: "" });
    await expect(804, "bind", { ...good, signmethod: "hmacmd5" });
    const nowSec = Math.floor(Date.now() / 1000);
    await expect(805, "bind", bindEntry(LIGHT, { timestamp: nowSec - 660 }));
    await expect(805, "bind", bindEntry(LIGHT, { timestamp: nowSec + 660 }));
    await expect(810, "bind", bindEntry({ productId: PRODUCT, deviceName: "cert_01" }));
    await expect(810, "bind", { ...good, authtype: "certificate" });
    await expect(807, "bind", bindEntry(GATEWAY));
    await expect(0, "bind", bindEntry(LIGHT, { timestamp: nowSec - 500, method: "sha256" }));
    await expect(809, "bind", good);
    await expect(806, "bind", good, OTHER_GATEWAY);
    await expect(-1, "unbind", deviceEntry(LIGHT), OTHER_GATEWAY);
    await expect(807, "bind", bindEntry(GATEWAY), OTHER_GATEWAY);
    await expect(808, "bind", bindEntry(light2), LIGHT);
    assert.equal((await bed.bed.device("light_02")).gateway, undefined);
  });
});

test("a gateway has at most 1500 sub-devices", async () => {
  await GatewayTestBed.run(async (bed) => {
    const { store } = bed.bed.core.state;
    const gatewayId = (await store.tables.devices.findOnWire(GATEWAY.productId, GATEWAY.deviceName))?.id ?? 0;
    const [last] = await store.write(async ({ products, devices }) => {
      const productId = (await products.find(PRODUCT))?.id ?? 0;
      const names = Array.from({ length: SUB_DEVICE_LIMIT }, (_, index) => `sub_${index}`);
      return devices.insertMany(names.map((deviceName) => ({ productId, deviceName, gatewayId, createdAt: 0 })));
    });
    assert.equal(await bed.result("bind", bindEntry(LIGHT)), 808);
    await store.write(({ devices }) => devices.update(last?.id ?? 0, { gatewayId: null }));
    assert.equal(await bed.result("bind", bindEntry(LIGHT)), 0);
  });
});

test("a state that cannot be stored is a system error, and binds and unbinds nothing", async () => {
  await GatewayTestBed.run(async (bed) => {
    const { store } = bed.bed.core.state;
    const enqueue = store.enqueue.bind(store);
    const fail = (): Promise<never> => Promise.reject(new StorageError("full", new Error("disk full")));
    store.enqueue = fail;
    assert.equal(await bed.result("bind", bindEntry(LIGHT)), -2);
    store.enqueue = enqueue;
    assert.equal(await bed.result("online", deviceEntry(LIGHT)), -1);
    assert.equal(await bed.result("bind", bindEntry(LIGHT)), 0);
    assert.equal(await bed.result("online", deviceEntry(LIGHT)), 0);
    store.enqueue = fail;
    assert.equal(await bed.result("unbind", deviceEntry(LIGHT)), -2);
    store.enqueue = enqueue;
    assert.equal(bed.isOnline(LIGHT), true);
    assert.deepEqual((await bed.bed.device()).gateway, GATEWAY);
  });
});

test("several devices in one request are answered in one array, each with its own result", async () => {
  await GatewayTestBed.run(async (bed) => {
    const names = ["light_02", "light_03"].map((deviceName) => ({ productId: PRODUCT, deviceName }));
    for (const name of names) await bed.desk.addDevice({ ...name, deviceSecret: SECRET });
    const [bound] = await bed.ask("bind", [
      bindEntry(LIGHT),
      ...names.map((name) => bindEntry(name, { secret: name.deviceName })),
    ]);
    assert.deepEqual(
      bound?.payload.devices.map(({ result }) => result),
      [0, 803, 803],
    );
    const [online] = await bed.ask("online", [deviceEntry(names[0] as typeof LIGHT), deviceEntry(LIGHT), {}]);
    assert.deepEqual(online?.payload.devices, [
      { ...deviceEntry(names[0] as typeof LIGHT), result: -1 },
      { ...deviceEntry(LIGHT), result: 0 },
      { product_id: "", device_name: "", result: 801 },
    ]);
  });
});

test("a longer name does not make the answer longer", async () => {
  await GatewayTestBed.run(async (bed) => {
    const entry = { product_id: PRODUCT, device_name: "n".repeat(1000) };
    assert.deepEqual((await bed.ask("online", [entry]))[0]?.payload.devices, [
      { ...entry, device_name: "n".repeat(64), result: 802 },
    ]);
  });
});

test("a request without devices gets one answer, 801", async () => {
  await GatewayTestBed.run(async (bed) => {
    for (const message of [
      { type: "online" },
      { type: "bind", payload: null },
      { type: "online", payload: { devices: {} } },
    ]) {
      assert.deepEqual((await bed.send(message))[0]?.payload.devices, [
        { product_id: "", device_name: "", result: 801 },
      ]);
    }
    assert.deepEqual((await bed.ask("unbind", []))[0]?.payload.devices, [
      { product_id: "", device_name: "", result: 801 },
    ]);
  });
});

test("the list of sub-devices is sent, also when it is empty, and is there after a restart of the cloud", async () => {
  await GatewayTestBed.run(async (bed) => {
    const describe = { type: "describe_sub_devices" };
    assert.deepEqual(await bed.send(describe), [{ ...describe, payload: { devices: [] } }]);
    await bed.result("bind", bindEntry(LIGHT));
    await bed.bed.restart();
    assert.deepEqual(await bed.send(describe), [{ ...describe, payload: { devices: [deviceEntry(LIGHT)] } }]);
  });
});

test("malformed requests are dropped, never throw, and bind nothing", async () => {
  await GatewayTestBed.run(async (bed) => {
    const objects = ['{"type":"sleep"}', '{"type":7}', '{"type":"change"}', '{"payload":{"devices":[{}]}}'];
    for (const message of ["", "{", "null", "7", "[]", ...objects])
      assert.deepEqual(await bed.send(message), [], message);
    const before = await bed.bed.stored();
    const operation = fc.constantFrom("online", "offline", "bind", "unbind", "describe_sub_devices", "change");
    // Those of one run share a transaction.
    const many = (value: fc.Arbitrary<unknown>) => fc.array(fc.tuple(operation, value), { minLength: 20 });
    const run = (messages: [type: string, payload: unknown][]) =>
      Promise.all(messages.map(([type, payload]) => bed.send(JSON.stringify({ type, payload })))).then(() => {});
    await fc.assert(fc.asyncProperty(many(fc.jsonValue()), run), { numRuns: 20 });
    const devices = fc.array(fc.jsonValue()).map((entries) => ({ devices: entries }));
    await fc.assert(fc.asyncProperty(many(devices), run), { numRuns: 20 });
    assert.deepEqual(await bed.bed.stored(), before);
    await bed.send({ type: "describe_sub_devices" }, { productId: PRODUCT, deviceName: "nobody" });
  });
});

test("a connected gateway is informed of what the operator binds and unbinds, and its answer is noted", async () => {
  await GatewayTestBed.run(async (bed) => {
    const { desk } = bed;
    const open = async (): Promise<number | undefined> =>
      (await desk.status()).devices.find(({ deviceName }) => deviceName === "gw1")?.unansweredChanges;
    await desk.bindSubDevice({ ...LIGHT, gateway: GATEWAY });
    assert.deepEqual(await desk.unbindSubDevice(LIGHT), GATEWAY);
    assert.deepEqual(bed.answers(), [], "it was not connected");
    await bed.send({ type: "describe_sub_devices" });
    const from = bed.bed.published.length;
    await desk.bindSubDevice({ ...LIGHT, gateway: GATEWAY });
    await desk.bindSubDevice({ ...LIGHT, gateway: GATEWAY });
    assert.equal(await open(), 1);
    await bed.send({ type: "change", result: 1 });
    assert.equal(await open(), 1);
    await bed.send({ type: "change", result: 0 });
    assert.equal(await open(), undefined);
    assert.equal(await bed.result("online", deviceEntry(LIGHT)), 0);
    await desk.unbindSubDevice(LIGHT);
    assert.equal(await open(), 1);
    assert.equal(bed.isOnline(LIGHT), false);
    assert.deepEqual(
      bed.answers(from).filter(({ type }) => type === "change"),
      [1, 0].map((status) => ({ type: "change", payload: { status, devices: [deviceEntry(LIGHT)] } })),
    );
    await bed.send({ type: "change", result: 0 });
    await bed.send({ type: "change", result: 0 });
    assert.equal(await open(), undefined);
  });
});

test("an impossible binding by the operator is refused in one line with the reason", async () => {
  await GatewayTestBed.run(async ({ desk }) => {
    await desk.addDevice(OTHER_GATEWAY);
    const nobody = { productId: PRODUCT, deviceName: "nobody" };
    const refused = (doing: Promise<unknown>, message: RegExp) =>
      assert.rejects(doing, { name: "CloudError", message });
    await refused(
      desk.bindSubDevice({ ...nobody, gateway: GATEWAY }),
      /^there is no device ABCDE12345\/nobody: add it first$/,
    );
    await refused(desk.bindSubDevice({ ...LIGHT, gateway: nobody }), /^there is no device/);
    await refused(desk.bindSubDevice({ ...GATEWAY, gateway: GATEWAY }), /gw1 is a gateway itself$/);
    await refused(desk.unbindSubDevice(LIGHT), /light_01 is bound to no gateway$/);
    await desk.bindSubDevice({ ...LIGHT, gateway: GATEWAY });
    await refused(
      desk.bindSubDevice({ ...LIGHT, gateway: OTHER_GATEWAY }),
      /is bound to GATEWAY001\/gw1: unbind it first$/,
    );
    await refused(desk.bindSubDevice({ ...GATEWAY, gateway: OTHER_GATEWAY }), /gw1 is a gateway itself$/);
    await refused(desk.bindSubDevice({ ...OTHER_GATEWAY, gateway: LIGHT }), /light_01 is a sub-device itself/);
  });
});
