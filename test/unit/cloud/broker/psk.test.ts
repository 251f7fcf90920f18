import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { type EventEmitter, once } from "node:events";
import { test } from "node:test";
import { connect as connectMqtt, type IClientOptions } from "mqtt";
import { Cloud } from "../../../../cloud/cloud.js";
import type { CloudOptions } from "../../../../cloud/options.js";
import { signOlderRegistration } from "../../../../cloud/platform/registration-older.js";
import { ACTOR, FleetBed, PRODUCT } from "../../../support/fleet-bed.js";
import { withFolder } from "../../../support/folder.js";
import { connectOver, pskOptions, pskSocket, SDK_CIPHERS } from "../../../support/psk-device.js";

const SECRET = "MDEyMzQ1Njc4OWFiY2RlZg==";
const OTHER_SECRET = "ZmVkY2JhOTg3NjU0MzIxMA==";
const NOT_ACCEPTED = 4;

interface Bed {
  readonly cloud: Cloud;
  readonly url: string;
  readonly warnings: string[];
}

function withPsk(body: (bed: Bed) => Promise<void>, options: Partial<CloudOptions> = {}): Promise<void> {
  return withFolder(async (folder) => {
    const warnings: string[] = [];
    const cloud = await Cloud.start({ folder, pskPort: 0, onWarning: (line) => warnings.push(line), ...options });
    try {
      await body({ cloud, url: cloud.pskUrl ?? "", warnings });
    } finally {
      await cloud.stop();
    }
  });
}

function add(cloud: Cloud, deviceName: string, deviceSecret = SECRET) {
  return cloud.operator.addDevices([{ productId: PRODUCT, deviceName, deviceSecret }], ACTOR);
}

/** @returns the code of the error with which the handshake fails; `undefined` if it succeeds */
async function handshakeError(url: string, deviceName: string, secret = SECRET): Promise<string | undefined> {
  try {
    (await pskSocket({ url, identity: PRODUCT + deviceName, secret })).destroy();
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

async function connackOf(
  url: string,
  deviceName: string,
  more: { readonly as?: string; readonly expiry?: number; readonly password?: string } = {},
): Promise<number> {
  const { as = deviceName, ...fields } = more;
  const socket = await pskSocket({ url, identity: PRODUCT + deviceName, secret: SECRET });
  try {
    return await connectOver(socket, { clientId: PRODUCT + as, ...fields });
  } finally {
    socket.destroy();
  }
}

test("a device that connects as the vendor's C SDK does, with either of its suites, is taken through an update", async () => {
  await FleetBed.run(
    async (bed) => {
      const { operator, pskUrl = "" } = bed.cloud;
      await bed.package("2.0.0");
      for (const [index, ciphers] of SDK_CIPHERS.split(":").entries()) {
        const deviceName = `lamp-${index}`;
        await operator.addDevices([{ productId: PRODUCT, deviceName, deviceSecret: SECRET }], ACTOR);
        const clientId = PRODUCT + deviceName;
        const username = `${clientId};21010406;x7Kq2;9223372036854775807`;
        const handshake = pskOptions({ url: pskUrl, identity: clientId, secret: SECRET, ciphers });
        const client = connectMqtt({
          protocol: "mqtts",
          clientId,
          username,
          reconnectPeriod: 0,
          ...(handshake as IClientOptions),
        });
        await once(client as unknown as EventEmitter, "connect", { signal: AbortSignal.timeout(5000) });
        const offers: string[] = [];
        client.on("message", (_topic, payload) => offers.push(payload.toString()));
        await client.subscribeAsync(`$ota/update/${PRODUCT}/${deviceName}`, { qos: 1 });
        const report = (message: object) =>
          client.publishAsync(`$ota/report/${PRODUCT}/${deviceName}`, JSON.stringify(message), { qos: 1 });
        await report({ type: "report_version", report: { version: "1.0.0" } });
        const { id } = await bed.plan({ devices: [deviceName] });
        await bed.until("an offer", () => offers.some((offer) => offer.includes("update_firmware")));
        await report({ type: "report_version", report: { version: "2.0.0" } });
        await bed.until("the end", async () => (await bed.tasks(id))[deviceName]?.state === "succeeded");
        await client.endAsync(true);
      }
    },
    { pskPort: 0 },
  );
});

test("an unknown device, a wrong key and a device without a secret fail alike; the log knows them apart", async () => {
  await withPsk(async ({ cloud, url, warnings }) => {
    await add(cloud, "lamp");
    await cloud.operator.addDevices([{ productId: PRODUCT, deviceName: "cert", certificate: true }], ACTOR);
    assert.equal(await handshakeError(url, "lamp"), undefined);
    const wrong = await handshakeError(url, "lamp", OTHER_SECRET);
    assert.match(wrong ?? "", /BAD_RECORD_MAC|DECRYPT/);
    for (const name of ["nobody", "nobody", "cert"]) assert.equal(await handshakeError(url, name), wrong);
    const ends = warnings.map((line) => line.replace(/^connection from \S+ port \d+ ended: /, ""));
    assert.deepEqual(
      ends.map((line) => line.replace(/: ERR_.*/, "")),
      [
        `TLS-PSK with a wrong key for ${PRODUCT}lamp`,
        `TLS-PSK with unknown identity ${PRODUCT}nobody`,
        `TLS-PSK with unknown identity ${PRODUCT}nobody`,
        `TLS-PSK with unknown identity ${PRODUCT}cert`,
      ],
    );
    assert.ok(warnings.every((line) => !line.includes(SECRET) && !line.includes(OTHER_SECRET)));
  });
});

test("the handshake is for its own client id, whose user name is still checked, and a password if one is sent", async () => {
  await withPsk(async ({ cloud, url, warnings }) => {
    await add(cloud, "lamp");
    await add(cloud, "other");
    const signed = (deviceName: string) => {
      const username = `${PRODUCT}${deviceName};21010406;x7Kq2;2147483647`;
      return `${createHmac("sha256", Buffer.from(SECRET, "base64")).update(username).digest("hex")};hmacsha256`;
    };
    assert.equal(await connackOf(url, "lamp"), 0);
    assert.equal(await connackOf(url, "lamp", { password: signed("lamp") }), 0);
    assert.equal(await connackOf(url, "lamp", { password: `${"0".repeat(64)};hmacsha256` }), NOT_ACCEPTED);
    assert.equal(await connackOf(url, "lamp", { expiry: 1 }), NOT_ACCEPTED);
    assert.equal(await connackOf(url, "lamp", { as: "other" }), NOT_ACCEPTED);
    assert.match(warnings.at(-1) ?? "", /its PSK is not this device's/);
    assert.equal(await connackOf(url, "lamp", { as: "other", password: signed("other") }), NOT_ACCEPTED);
  });
});

test("a device that was removed cannot connect, not even over a handshake that it made before", async () => {
  await withPsk(async ({ cloud, url }) => {
    const name = { productId: PRODUCT, deviceName: "lamp" };
    await add(cloud, "lamp");
    const handshake = { url, identity: `${PRODUCT}lamp`, secret: SECRET };
    const [early, late] = [await pskSocket(handshake), await pskSocket(handshake)];
    await cloud.operator.removeDevice(name, ACTOR);
    assert.equal(await connectOver(early, { clientId: `${PRODUCT}lamp` }), NOT_ACCEPTED);
    assert.notEqual(await handshakeError(url, "lamp"), undefined);
    await add(cloud, "lamp", OTHER_SECRET);
    assert.equal(await connectOver(late, { clientId: `${PRODUCT}lamp` }), NOT_ACCEPTED);
    assert.notEqual(await handshakeError(url, "lamp"), undefined);
    assert.equal(await handshakeError(url, "lamp", OTHER_SECRET), undefined);
    for (const socket of [early, late]) socket.destroy();
  });
});

test("a device that has registered itself while the cloud runs, and those of an earlier run, are known", async () => {
  await withFolder(async (folder) => {
    const first = await Cloud.start({ folder });
    await add(first, "lamp");
    await first.stop();
    await withPsk(
      async ({ cloud, url }) => {
        assert.equal(await connackOf(url, "lamp"), 0);
        const product = await cloud.desk.setProduct({ productId: PRODUCT, registration: "any" });
        const fields = { productId: PRODUCT, deviceName: "own", nonce: 5, timestamp: Math.floor(Date.now() / 1000) };
        const signature = signOlderRegistration(product.productSecret ?? "", fields);
        const body = JSON.stringify({ ...fields, signature });
        const answer = await fetch(`${cloud.httpUrl}/register/dev`, { method: "POST", body });
        assert.equal(((await answer.json()) as { readonly code: number }).code, 0);
        const secret = (await cloud.core.state.transactions.tables.devices.findOnWire(PRODUCT, "own"))?.secret ?? "";
        assert.equal(await handshakeError(url, "own", secret), undefined);
      },
      { folder },
    );
  });
});

test("a handshake cannot be taken up again: its identity would be missing, and its key might not count any more", async () => {
  await withPsk(async ({ cloud, url }) => {
    await add(cloud, "lamp");
    const handshake = { url, identity: `${PRODUCT}lamp`, secret: SECRET };
    const first = await pskSocket(handshake);
    assert.equal(await connectOver(first, { clientId: `${PRODUCT}lamp` }), 0);
    const session = first.getSession();
    first.destroy();
    assert.ok(session !== undefined);
    const second = await pskSocket(handshake, { session });
    assert.equal(second.isSessionReused(), false);
    second.destroy();
  });
});

test("only the listener for TLS-PSK takes it, and it takes neither plain MQTT nor a client without a key", async () => {
  await withPsk(async ({ cloud, url }) => {
    await add(cloud, "lamp");
    const { hostname, port } = new URL(url);
    const plain = connectMqtt(`mqtt://${hostname}:${port}`, { reconnectPeriod: 0 });
    plain.on("error", () => {});
    await once(plain as unknown as EventEmitter, "close", { signal: AbortSignal.timeout(5000) });
    const { identity, secret } = { identity: `${PRODUCT}lamp`, secret: SECRET };
    await assert.rejects(pskSocket({ url, identity, secret, ciphers: "ECDHE-RSA-AES128-GCM-SHA256" }));
    await assert.rejects(pskSocket({ url: cloud.mqttUrl, identity, secret }));
  });
});
