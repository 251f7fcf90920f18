import assert from "node:assert/strict";
import { createDecipheriv } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { test } from "node:test";
import { type Core, openAtRest } from "../../../../cloud/core.js";
import {
  answerRegistration,
  type RegistrationAnswer,
  REGISTRATION_PATH,
} from "../../../../cloud/platform/registration.js";
import { answerOlderRegistration, signOlderRegistration } from "../../../../cloud/platform/registration-older.js";
import type { Device } from "../../../../cloud/store/schema.js";
import type { RegistrationMode } from "../../../../cloud/types.js";
import { signRegistration } from "../../../../src/protocol/registration.js";
import { NODE_DIGESTS } from "../../../support/digests.js";
import { withFolder } from "../../../support/folder.js";
import { password } from "../../../../src/protocol/credentials.js";

const PRODUCT = "ABCDE12345";
const NOW = (): number => Math.floor(Date.now() / 1000);

interface Place {
  readonly core: Core;
  devices(): Promise<Device[]>;
  set(registration: RegistrationMode, deviceLimit?: number): Promise<void>;
  /** @returns the answer to a signed request; `changes` come before the signature, `after` behind it */
  ask(
    deviceName: string,
    changes?: Changes,
    after?: { headers?: object; content?: string },
  ): Promise<RegistrationAnswer["Response"]>;
  /** @returns the device secret in an answer */
  open(answer: RegistrationAnswer["Response"]): string;
}

interface Changes {
  readonly productId?: string;
  readonly productSecret?: string;
  readonly unixTime?: number;
}

async function withPlace(body: (place: Place) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const core = await openAtRest(folder);
    const { transactions } = core.state;
    let secret = "";
    await body({
      core,
      devices: () => transactions.tables.devices.list(),
      set: async (registration, deviceLimit) => {
        const limit = deviceLimit === undefined ? {} : { deviceLimit };
        const product = await core.desk.setProduct({ productId: PRODUCT, registration, ...limit });
        secret = product.productSecret;
      },
      ask: async (deviceName, changes = {}, { headers = {}, content } = {}) => {
        const signed = signRegistration({
          productId: PRODUCT,
          deviceName,
          productSecret: secret,
          authority: "cloud.test:8080",
          target: REGISTRATION_PATH,
          unixTime: NOW(),
          nonce: 1,
          digests: NODE_DIGESTS,
          ...changes,
        });
        const fields = signed.headers.map(([name, value]) => [name.toLowerCase(), value]);
        const all = { host: "cloud.test:8080", ...Object.fromEntries(fields), ...headers } as IncomingHttpHeaders;
        const request = { headers: all, content: Buffer.from(content ?? signed.body) };
        return (await answerRegistration(transactions, request)).answer.Response;
      },
      open: ({ Payload = "", Len }) => {
        const decipher = createDecipheriv("aes-128-cbc", secret.slice(0, 16), "0".repeat(16)).setAutoPadding(false);
        const text = Buffer.concat([decipher.update(Payload, "base64"), decipher.final()]).toString();
        const { encryptionType, psk } = JSON.parse(text.slice(0, Len)) as { encryptionType: number; psk: string };
        assert.equal(encryptionType, 2);
        return psk;
      },
    });
    await core.close();
  });
}

test("a device of any name registers, and gets the same secret again until it has connected", () =>
  withPlace(async ({ core, devices, set, ask, open }) => {
    await set("any");
    const secret = open(await ask("light_01"));
    assert.equal(open(await ask("light_01")), secret);
    assert.equal(Buffer.from(secret, "base64").byteLength, 16);
    assert.equal((await devices()).length, 1);
    assert.notEqual(open(await ask("light_02")), secret);

    const clientId = `${PRODUCT}light_01`;
    const username = `${clientId};12010126;abcde;2147483647`;
    const authentication = { mode: "KEY", deviceSecret: secret } as const;
    const proof = password(username, authentication, NODE_DIGESTS);
    assert.ok(await core.platform.authenticate({ clientId, username, password: proof }));
    assert.equal((await ask("light_01")).Error?.Code, "FailedOperation.DeviceActivated");
    assert.equal((await devices())[0]?.activated, 1, "it is stored");
  }));

test("only a device that was added registers if the product says so, with the secret that it was added with", () =>
  withPlace(async ({ core, set, ask, open }) => {
    await set("listed");
    assert.equal((await ask("light_01")).Error?.Code, "ResourceNotFound.DeviceNotExist");
    await core.desk.addDevice({ productId: PRODUCT, deviceName: "light_01", deviceSecret: "MDEyMzQ1Njc4OWFiY2RlZg==" });
    assert.equal(open(await ask("light_01")), "MDEyMzQ1Njc4OWFiY2RlZg==");
  }));

test("each wrong request has a code of its own, and makes no device", () =>
  withPlace(async ({ devices, set, ask }) => {
    assert.equal((await ask("light_01")).Error?.Code, "ResourceNotFound.ProductNotExist");
    await set("off");
    assert.equal((await ask("light_01")).Error?.Code, "UnauthorizedOperation.DynamicRegisterOff");
    await set("any");
    for (const [response, code] of [
      [await ask("light_01", { productSecret: "Abcdefghijklmnop01234567" }), "AuthFailure.SignatureFailure"],
      [await ask("light_01", {}, { headers: { "x-tc-nonce": "2" } }), "AuthFailure.SignatureFailure"],
      [await ask("light_01", {}, { headers: { host: "other.test" } }), "AuthFailure.SignatureFailure"],
      [
        await ask("light_01", {}, { content: `{"ProductId":"${PRODUCT}","DeviceName":"light_02"}` }),
        "AuthFailure.SignatureFailure",
      ],
      [await ask("light_01", { unixTime: NOW() - 1000 }), "AuthFailure.SignatureExpire"],
      [await ask("light_01", {}, { headers: { "x-tc-algorithm": "md5" } }), "InvalidParameterValue"],
      [await ask("light 01"), "InvalidParameterValue"],
      [await ask("light_01", {}, { content: "{" }), "InvalidParameterValue"],
      [await ask("light_01", { productId: "abc" }), "InvalidParameterValue"],
    ] as const) {
      assert.equal(response.Error?.Code, code);
      assert.equal(response.Payload, undefined);
    }
    assert.equal((await devices()).length, 0);
  }));

test("no more devices than the limit make themselves known", () =>
  withPlace(async ({ set, ask }) => {
    await set("any", 1);
    assert.equal((await ask("light_01")).Error, undefined);
    assert.equal((await ask("light_02")).Error?.Code, "LimitExceeded.Device");
    assert.equal((await ask("light_01")).Error, undefined);
  }));

test("a product keeps its secret if its registration changes", () =>
  withPlace(async ({ core, set }) => {
    await set("any", 5);
    const product = async () => (await core.state.store.tables.products.list())[0];
    const first = await product();
    assert.match(first?.secret ?? "", /^[0-9a-f]{24}$/);
    await set("off");
    assert.deepEqual(await product(), { ...first, registration: "off", deviceLimit: null });
  }));

test("the older form is signed as the vendor's SDKs do", () => {
  const fields = { productId: "ABCDE12345", deviceName: "light_01", nonce: 12345, timestamp: 1700000000 };
  assert.equal(
    signOlderRegistration("Abcdefghijklmnop01234567", fields),
    "NmU2OTdkZTdlNjBmYjg4YWVkYjU3NTllNjYxZjdmMjJhYjA3NWM5Yw==",
  );
});

test("the older form gets the same secret as the newer one, or a refusal with its reason", () =>
  withPlace(async ({ core, set, ask, open }) => {
    await set("any");
    const { transactions } = core.state;
    const secret = (await transactions.tables.products.list())[0]?.secret ?? "";
    const answer = (changes: object = {}, key = secret) => {
      const fields = { productId: PRODUCT, deviceName: "light_01", nonce: 7, timestamp: NOW(), ...changes };
      const body = JSON.stringify({ ...fields, signature: signOlderRegistration(key, fields) });
      return answerOlderRegistration(transactions, { content: Buffer.from(body) });
    };
    const { answer: first, line } = await answer();
    assert.deepEqual([first.code, line], [0, `${PRODUCT}/light_01 registered (older form)`]);
    assert.equal(
      open({ RequestId: "", Len: first.len ?? 0, Payload: first.payload ?? "" }),
      open(await ask("light_01")),
    );
    for (const [refused, reason] of [
      [await answer({}, `${secret}x`), /^AuthFailure.SignatureFailure: /],
      [await answer({ timestamp: NOW() - 1000 }), /^AuthFailure.SignatureExpire: /],
      [await answer({ deviceName: "a b" }), /^InvalidParameterValue: /],
      [await answer({ productId: "ABCDE99999" }), /^ResourceNotFound.ProductNotExist: /],
      [await answerOlderRegistration(transactions, { content: Buffer.from("no JSON") }), /^InvalidParameterValue: /],
    ] as const) {
      assert.equal(refused.answer.code, 1);
      assert.match(refused.answer.message, reason);
      assert.equal(refused.answer.payload, undefined);
      assert.ok(!refused.line.includes(secret));
    }
  }));
