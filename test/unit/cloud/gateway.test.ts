import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { checkBindProof } from "../../../cloud/bind-signature.js";
import { SUB_DEVICE_LIMIT } from "../../../cloud/sub-devices.js";
import { bindEntry, deviceEntry, GATEWAY, GatewayTestBed, LIGHT } from "../../support/gateway-test-bed.js";
import { PRODUCT, SECRET } from "../../support/platform-test-bed.js";

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
      assert.equal(bed.result(operation, entry), 0, operation);
      assert.equal(bed.isOnline(LIGHT), online, operation);
    }
    assert.equal(bed.result("online", deviceEntry(LIGHT)), -1);
  });
});

test("an answer has the form seen on the wire", async () => {
  await GatewayTestBed.run((bed) => {
    bed.ask("online", [deviceEntry(LIGHT)]);
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
    const { platform } = bed;
    await platform.addDevice({ productId: PRODUCT, deviceName: "cert_01" });
    await platform.addDevice({ ...OTHER_GATEWAY, deviceSecret: SECRET });
    const light2 = { productId: PRODUCT, deviceName: "light_02" };
    await platform.addDevice({ ...light2, deviceSecret: SECRET });
    const good = bindEntry(LIGHT);
    const expect = (result: number, type: string, entry: unknown, gateway = GATEWAY): void =>
      assert.equal(bed.result(type, entry, gateway), result, `${type} ${JSON.stringify(entry)}`);

    for (const operation of ["online", "offline", "unbind"]) expect(-1, operation, deviceEntry(LIGHT));
    for (const operation of ["online", "offline", "unbind", "bind"]) {
      expect(801, operation, {});
      expect(801, operation, { product_id: PRODUCT });
      expect(801, operation, { product_id: PRODUCT, device_name: 7 });
      expect(801, operation, null);
      expect(802, operation, { ...good, device_name: "nobody" });
      expect(802, operation, { ...good, device_name: "a/b" });
      expect(802, operation, { ...good, device_name: "" });
    }
    for (const field of ["signature", "random", "timestamp", "signmethod", "authtype"]) {
      expect(801, "bind", { ...good, [field]: null });
    }
    expect(801, "bind", { ...good, authtype: "none" });
    expect(803, "bind", bindEntry(LIGHT, { secret: "other" }));
    expect(803, "bind", { ...good, random: 1 });
    expect(803, "bind", { ...good, signmethod: "hmacsha256" });
    expect(803, "bind", { ...good, signature: "" });
    expect(804, "bind", { ...good, signmethod: "hmacmd5" });
    const nowSec = Math.floor(Date.now() / 1000);
    expect(805, "bind", bindEntry(LIGHT, { timestamp: nowSec - 601 }));
    expect(805, "bind", bindEntry(LIGHT, { timestamp: nowSec + 601 }));
    expect(810, "bind", bindEntry({ productId: PRODUCT, deviceName: "cert_01" }));
    expect(810, "bind", { ...good, authtype: "certificate" });
    expect(807, "bind", bindEntry(GATEWAY));
    expect(0, "bind", bindEntry(LIGHT, { timestamp: nowSec - 600, method: "sha256" }));
    expect(809, "bind", good);
    expect(806, "bind", good, OTHER_GATEWAY);
    expect(-1, "unbind", deviceEntry(LIGHT), OTHER_GATEWAY);
    expect(807, "bind", bindEntry(GATEWAY), OTHER_GATEWAY);
    expect(808, "bind", bindEntry(light2), LIGHT);
    assert.ok(bed.platform.subDevices.device(light2)?.gateway === undefined);
  });
});

test("a gateway has at most 1500 sub-devices", async () => {
  await GatewayTestBed.run((bed) => {
    const { state } = bed.bed.store;
    for (let index = 0; index < SUB_DEVICE_LIMIT; index++) {
      state.devices.push({ productId: PRODUCT, deviceName: `sub_${index}`, gateway: GATEWAY });
    }
    assert.equal(bed.result("bind", bindEntry(LIGHT)), 808);
    delete state.devices.at(-1)?.gateway;
    assert.equal(bed.result("bind", bindEntry(LIGHT)), 0);
  });
});

test("a state that cannot be stored is a system error, and binds and unbinds nothing", async () => {
  await GatewayTestBed.run((bed) => {
    const broken = new Error("disk full");
    const store = bed.bed.store as { save(): void };
    const save = store.save.bind(store);
    const fail = (): never => {
      throw broken;
    };
    store.save = fail;
    assert.equal(bed.result("bind", bindEntry(LIGHT)), -2);
    assert.equal(bed.result("online", deviceEntry(LIGHT)), -1);
    store.save = save;
    assert.equal(bed.result("bind", bindEntry(LIGHT)), 0);
    assert.equal(bed.result("online", deviceEntry(LIGHT)), 0);
    store.save = fail;
    assert.equal(bed.result("unbind", deviceEntry(LIGHT)), -2);
    assert.equal(bed.isOnline(LIGHT), true);
  });
});

test("several devices in one request are answered in one array, each with its own result", async () => {
  await GatewayTestBed.run(async (bed) => {
    const names = ["light_02", "light_03"].map((deviceName) => ({ productId: PRODUCT, deviceName }));
    for (const name of names) await bed.platform.addDevice({ ...name, deviceSecret: SECRET });
    const [bound] = bed.ask("bind", [
      bindEntry(LIGHT),
      ...names.map((name) => bindEntry(name, { secret: name.deviceName })),
    ]);
    assert.deepEqual(
      bound?.payload.devices.map(({ result }) => result),
      [0, 803, 803],
    );
    const [online] = bed.ask("online", [deviceEntry(names[0] as typeof LIGHT), deviceEntry(LIGHT), {}]);
    assert.deepEqual(online?.payload.devices, [
      { ...deviceEntry(names[0] as typeof LIGHT), result: -1 },
      { ...deviceEntry(LIGHT), result: 0 },
      { product_id: "", device_name: "", result: 801 },
    ]);
  });
});

test("a longer name does not make the answer longer", async () => {
  await GatewayTestBed.run((bed) => {
    const entry = { product_id: PRODUCT, device_name: "n".repeat(1000) };
    assert.deepEqual(bed.ask("online", [entry])[0]?.payload.devices, [
      { ...entry, device_name: "n".repeat(64), result: 802 },
    ]);
  });
});

test("a request without devices gets one answer, 801", async () => {
  await GatewayTestBed.run((bed) => {
    for (const message of [
      { type: "online" },
      { type: "bind", payload: null },
      { type: "online", payload: { devices: {} } },
    ]) {
      assert.deepEqual(bed.send(message)[0]?.payload.devices, [{ product_id: "", device_name: "", result: 801 }]);
    }
    assert.deepEqual(bed.ask("unbind", [])[0]?.payload.devices, [{ product_id: "", device_name: "", result: 801 }]);
  });
});

test("the list of sub-devices is sent, also when it is empty, and is there after a restart of the cloud", async () => {
  await GatewayTestBed.run(async (bed) => {
    const describe = { type: "describe_sub_devices" };
    assert.deepEqual(bed.send(describe), [{ ...describe, payload: { devices: [] } }]);
    bed.result("bind", bindEntry(LIGHT));
    bed.bed.restart();
    const from = bed.bed.published.length;
    bed.bed.platform.onOperation(GATEWAY.productId, GATEWAY.deviceName, JSON.stringify(describe));
    assert.deepEqual(bed.answers(from), [{ ...describe, payload: { devices: [deviceEntry(LIGHT)] } }]);
  });
});

test("malformed requests are dropped, never throw, and bind nothing", async () => {
  await GatewayTestBed.run((bed) => {
    const objects = ['{"type":"sleep"}', '{"type":7}', '{"type":"change"}', '{"payload":{"devices":[{}]}}'];
    for (const message of ["", "{", "null", "7", "[]", ...objects]) assert.deepEqual(bed.send(message), [], message);
    const before = structuredClone(bed.bed.store.state);
    const operation = fc.constantFrom("online", "offline", "bind", "unbind", "describe_sub_devices", "change");
    fc.assert(
      fc.property(operation, fc.jsonValue(), (type, payload) => void bed.send(JSON.stringify({ type, payload }))),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(operation, fc.array(fc.jsonValue()), (type, devices) => void bed.ask(type, devices)),
      { numRuns: 300 },
    );
    assert.deepEqual(bed.bed.store.state, before);
    bed.platform.onOperation("ABCDE12345", "nobody", '{"type":"describe_sub_devices"}');
  });
});

test("a connected gateway is informed of what the operator binds and unbinds, and its answer is noted", async () => {
  await GatewayTestBed.run(async (bed) => {
    const { platform } = bed;
    const open = async (): Promise<number | undefined> =>
      (await platform.status()).devices.find(({ deviceName }) => deviceName === "gw1")?.unansweredChanges;
    await platform.bindSubDevice({ ...LIGHT, gateway: GATEWAY });
    assert.deepEqual(await platform.unbindSubDevice(LIGHT), GATEWAY);
    assert.deepEqual(bed.answers(), [], "it was not connected");
    bed.send({ type: "describe_sub_devices" });
    const from = bed.bed.published.length;
    await platform.bindSubDevice({ ...LIGHT, gateway: GATEWAY });
    await platform.bindSubDevice({ ...LIGHT, gateway: GATEWAY });
    assert.equal(await open(), 1);
    bed.send({ type: "change", result: 1 });
    assert.equal(await open(), 1);
    bed.send({ type: "change", result: 0 });
    assert.equal(await open(), undefined);
    assert.equal(bed.result("online", deviceEntry(LIGHT)), 0);
    await platform.unbindSubDevice(LIGHT);
    assert.equal(await open(), 1);
    assert.equal(bed.isOnline(LIGHT), false);
    assert.deepEqual(
      bed.answers(from).filter(({ type }) => type === "change"),
      [1, 0].map((status) => ({ type: "change", payload: { status, devices: [deviceEntry(LIGHT)] } })),
    );
    bed.send({ type: "change", result: 0 });
    bed.send({ type: "change", result: 0 });
    assert.equal(await open(), undefined);
  });
});

test("an impossible binding by the operator is refused in one line with the reason", async () => {
  await GatewayTestBed.run(async ({ platform }) => {
    await platform.addDevice(OTHER_GATEWAY);
    const nobody = { productId: PRODUCT, deviceName: "nobody" };
    const refused = (doing: Promise<unknown>, message: RegExp) =>
      assert.rejects(doing, { name: "CloudError", message });
    await refused(
      platform.bindSubDevice({ ...nobody, gateway: GATEWAY }),
      /^there is no device ABCDE12345\/nobody: add it first$/,
    );
    await refused(platform.bindSubDevice({ ...LIGHT, gateway: nobody }), /^there is no device/);
    await refused(platform.bindSubDevice({ ...GATEWAY, gateway: GATEWAY }), /gw1 is a gateway itself$/);
    await refused(platform.unbindSubDevice(LIGHT), /light_01 is bound to no gateway$/);
    await platform.bindSubDevice({ ...LIGHT, gateway: GATEWAY });
    await refused(
      platform.bindSubDevice({ ...LIGHT, gateway: OTHER_GATEWAY }),
      /is bound to GATEWAY001\/gw1: unbind it first$/,
    );
    await refused(platform.bindSubDevice({ ...GATEWAY, gateway: OTHER_GATEWAY }), /gw1 is a gateway itself$/);
    await refused(platform.bindSubDevice({ ...OTHER_GATEWAY, gateway: LIGHT }), /light_01 is a sub-device itself/);
  });
});
