import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import { describe, it } from "node:test";
import { HalError, type KeyValueStore, type Random } from "../../../hal/ports/index.js";
import type { Identity, OtaError } from "../../../src/index.js";
import type { DeviceName } from "../../../src/protocol/identity.js";
import { register, type RegisterOptions } from "../../../src/registration/part.js";
import { REGISTRATION_KEY, storeRegistration } from "../../../src/registration/record.js";
import { NODE_DIGESTS } from "../../support/digests.js";
import { FakeHttp } from "../../support/fake-http.js";
import { CollectedLog } from "../../support/log.js";
import { MemoryStore } from "../../support/planning.js";
import { registrationAnswer, registrationRefusal } from "../../support/registration-answer.js";
import { certificateDer, keyDer, tlsPem } from "../../support/tls-fixtures.js";
import { VirtualClock } from "../../support/virtual-clock.js";

const NAME = { productId: "ABCDE12345", deviceName: "light_01" };
const PRODUCT_SECRET = "Abcdefghijklmnop01234567";
const DEVICE_SECRET = "MDEyMzQ1Njc4OWFiY2RlZg==";
const GRANTED = registrationAnswer(JSON.stringify({ encryptionType: 2, psk: DEVICE_SECRET }), PRODUCT_SECRET);
const REGISTERED: Identity = { ...NAME, authentication: { mode: "KEY", deviceSecret: DEVICE_SECRET } };

/** What the store holds of a device that has registered under this name. */
function recordOf(name: DeviceName): Uint8Array {
  const store = new MemoryStore();
  storeRegistration(store, { ...name, authentication: { mode: "KEY", deviceSecret: DEVICE_SECRET } });
  return store.records.get(REGISTRATION_KEY) as Uint8Array;
}

class Scene {
  readonly http = new FakeHttp();
  readonly clock = new VirtualClock();
  readonly logged = new CollectedLog();
  readonly records = new Map<string, Uint8Array>();
  identity: Identity | undefined;
  error: OtaError | undefined;
  store: KeyValueStore = {
    read: (key) => this.records.get(key),
    write: (key, bytes) => void this.records.set(key, bytes.slice()),
    delete: (key) => void this.records.delete(key),
  };
  /** It gives a half. */
  readonly random: Random = { fill: (into) => into.fill(0).set([0x80]) };

  constructor() {
    this.clock.unix = 1_700_000_000;
  }

  async start(options: Partial<RegisterOptions> = {}): Promise<void> {
    const { http, clock, store, random } = this;
    const device = { http, clock, store, random, digests: NODE_DIGESTS, log: this.logged.log };
    register({ device, ...NAME, productSecret: PRODUCT_SECRET, ...options }).then(
      (identity) => (this.identity = identity),
      (error: OtaError) => (this.error = error),
    );
    await setImmediate();
  }

  /** The newest request gets this answer. */
  async answer(content: string, { status = 200, date }: { status?: number; date?: string } = {}): Promise<void> {
    const { exchange } = this.http;
    exchange.head({ status, headers: date === undefined ? {} : { date } });
    exchange.send(Buffer.from(content));
    if (!exchange.closed) exchange.end();
    await setImmediate();
  }

  async advance(ms: number): Promise<void> {
    this.clock.advance(ms);
    await setImmediate();
  }

  field(name: string): string | undefined {
    return this.http.exchange.request.headers.find(([known]) => known === name)?.[1];
  }
}

describe("register", () => {
  it("asks the platform once, stores what it says, and resolves with the identity", async () => {
    const scene = new Scene();
    await scene.start();
    const { request } = scene.http.exchange;
    assert.deepEqual(
      [request.host, request.port, request.target, request.authority],
      ["ap-guangzhou.gateway.tencentdevices.com", 443, "/device/register", "ap-guangzhou.gateway.tencentdevices.com"],
    );
    assert.deepEqual(request.tls, {});
    assert.equal(request.body, '{"ProductId":"ABCDE12345","DeviceName":"light_01"}');
    assert.equal(scene.field("X-TC-Timestamp"), "1700000000");
    assert.equal(scene.records.size, 0);
    await scene.answer(GRANTED);
    assert.deepEqual(scene.identity, REGISTERED);
    assert.deepEqual(scene.records.get(REGISTRATION_KEY), recordOf(NAME));
    assert.deepEqual(scene.clock.names(), []);
  });

  it("asks nobody if the store holds the secret of this name", async () => {
    const scene = new Scene();
    scene.records.set(REGISTRATION_KEY, recordOf(NAME));
    // An update needs no product secret.
    await scene.start({ region: "europe", productSecret: undefined });
    assert.deepEqual(scene.identity, { ...REGISTERED, region: "europe" });
    assert.equal(scene.http.exchanges.length, 0);
  });

  it("asks anew, and says why, if the record is damaged or another device's", async () => {
    const damaged = recordOf(NAME);
    damaged[20] = 0;
    const other = recordOf({ ...NAME, deviceName: "light_02" });
    for (const record of [damaged, other]) {
      const scene = new Scene();
      scene.records.set(REGISTRATION_KEY, record);
      await scene.start();
      await scene.answer(GRANTED);
      assert.deepEqual(scene.identity, REGISTERED);
      assert.match(scene.logged.lines.join("\n"), /stored registration is (damaged|of another device)/);
    }
  });

  it("goes to another server if it is told, over TLS with the trust anchor or without TLS", async () => {
    const scene = new Scene();
    const authority = Uint8Array.of(0x30);
    await scene.start({ url: "https://cloud.test:8443", authority });
    const { request } = scene.http.exchange;
    assert.deepEqual([request.host, request.port, request.authority], ["cloud.test", 8443, "cloud.test:8443"]);
    assert.deepEqual(request.tls, { authority });
    const plain = new Scene();
    await plain.start({ url: "http://cloud.test" });
    assert.equal(plain.http.exchange.request.tls, undefined);
  });

  for (const code of [
    "AuthFailure.SignatureFailure",
    "UnauthorizedOperation.DynamicRegisterOff",
    "FailedOperation.DeviceActivated",
    "LimitExceeded.Device",
    "ResourceNotFound.DeviceNotExist",
  ]) {
    it(`rejects at once if the platform says ${code}`, async () => {
      const scene = new Scene();
      await scene.start();
      await scene.answer(registrationRefusal(code, "no\nway"));
      assert.equal(scene.error?.code, "registration-refused");
      assert.equal(scene.error?.message, `platform refuses: ${code}: no?way`);
      assert.equal(scene.http.exchanges.length, 1);
      assert.equal(scene.records.size, 0);
    });
  }

  it("keeps the certificate of a product whose devices have certificates", async () => {
    const scene = new Scene();
    await scene.start();
    const pem = (file: string): string => tlsPem(file).toString();
    const text = JSON.stringify({ encryptionType: 1, clientCert: pem("client.pem"), clientKey: pem("client-key.pem") });
    await scene.answer(registrationAnswer(text, PRODUCT_SECRET));
    const certificate = certificateDer("client.pem");
    const privateKey = keyDer("client-key.pem");
    const expected = { ...NAME, authentication: { mode: "CERT", certificate, privateKey } };
    assert.deepEqual(scene.identity, expected);
    scene.identity = undefined;
    await scene.start({ productSecret: undefined });
    assert.deepEqual([scene.identity, scene.http.exchanges.length], [expected, 1]);
  });

  it("tries again, with pauses that grow, while the platform cannot be reached or has troubles", async () => {
    const scene = new Scene();
    await scene.start();
    const troubles: (() => Promise<void>)[] = [
      async () => scene.http.exchange.fail("unreachable"),
      async () => scene.http.exchange.fail("closed"),
      () => scene.answer("busy", { status: 503 }),
      () => scene.answer("slowly", { status: 429 }),
      () => scene.answer(registrationRefusal("InternalError")),
      () => scene.answer(registrationRefusal("RequestLimitExceeded.Uin")),
      () => scene.answer("<html>a portal"),
      () => scene.answer("x".repeat(5000)),
    ];
    for (const [index, trouble] of troubles.entries()) {
      await trouble();
      await setImmediate();
      const pauseMs = 1000 + Math.min(2000 * 2 ** index, 60_000) / 2;
      assert.equal(scene.clock.remaining("registration"), pauseMs, `pause ${index}`);
      await scene.advance(pauseMs);
      assert.equal(scene.http.exchanges.length, index + 2);
    }
    await scene.answer(GRANTED);
    assert.deepEqual(scene.identity, REGISTERED);
  });

  it("waits 40 seconds for the whole answer", async () => {
    for (const speaks of [false, true]) {
      const scene = new Scene();
      await scene.start({ maxAttempts: 1 });
      if (speaks) scene.http.exchange.head({ status: 200 });
      await scene.advance(39_999);
      assert.equal(scene.http.exchange.closed, false);
      await scene.advance(1);
      assert.equal(scene.error?.code, "idle-timeout");
      assert.equal(scene.http.exchange.closed, true);
    }
  });

  it("ends after the last try with what it has met", async () => {
    const scene = new Scene();
    await scene.start({ maxAttempts: 2 });
    scene.http.exchange.fail("unreachable");
    await setImmediate();
    await scene.advance(60_000);
    scene.http.exchange.fail("closed");
    await setImmediate();
    assert.equal(scene.error?.code, "connection-lost");
  });

  it("does not try again if a certificate is not trusted, or a server is none", async () => {
    const untrusted = new Scene();
    await untrusted.start();
    untrusted.http.exchange.fail("untrusted");
    await setImmediate();
    assert.equal(untrusted.error?.code, "untrusted");
    const other = new Scene();
    await other.start();
    await other.answer("<html>", { status: 404 });
    assert.equal(other.error?.code, "http-status");
  });

  it("takes the server's time if a refusal may be due to the board's, once", async () => {
    for (const unix of [undefined, 1_600_000_000]) {
      const scene = new Scene();
      scene.clock.unix = unix;
      await scene.start();
      const date = "Tue, 14 Nov 2023 22:13:20 GMT";
      await scene.answer(registrationRefusal("AuthFailure.SignatureExpire"), { date });
      assert.equal(scene.http.exchanges.length, 2);
      assert.equal(scene.field("X-TC-Timestamp"), "1700000000");
      await scene.answer(registrationRefusal("AuthFailure.SignatureExpire"), { date });
      assert.equal(scene.error?.code, "registration-refused");
    }
    const right = new Scene();
    await right.start();
    await right.answer(registrationRefusal("X"), { date: "Tue, 14 Nov 2023 22:13:50 GMT" });
    assert.equal(right.error?.code, "registration-refused");
    assert.equal(right.http.exchanges.length, 1);
  });

  it("does not resolve with a secret that it could not keep", async () => {
    const scene = new Scene();
    scene.store = {
      ...scene.store,
      write: () => {
        throw new HalError("no-space", "full");
      },
    };
    await scene.start();
    await scene.answer(GRANTED);
    assert.equal(scene.identity, undefined);
    assert.equal(scene.error?.code, "store-failed");
    const unread = new Scene();
    unread.store = {
      ...unread.store,
      read: () => {
        throw new HalError("io", "broken");
      },
    };
    await unread.start();
    assert.equal(unread.error?.code, "store-failed");
    assert.equal(unread.http.exchanges.length, 0);
  });

  it("refuses options that cannot be right, without the secret in its message", async () => {
    for (const options of [
      { productId: "abc" },
      { deviceName: "" },
      { productSecret: "short" },
      { productSecret: `${PRODUCT_SECRET} ` },
      { productSecret: "x".repeat(65) },
      { productSecret: undefined },
      { productSecret: 5 as unknown as string },
      { region: "mars" },
      { url: "mqtt://cloud.test" },
      { url: "http://cloud.test/path" },
      { authority: "PEM" as unknown as Uint8Array },
      { maxAttempts: 0 },
    ]) {
      const scene = new Scene();
      await scene.start(options);
      assert.equal(scene.error?.code, "usage", JSON.stringify(options));
      assert.ok(!(scene.error?.message ?? "").includes(PRODUCT_SECRET));
      assert.equal(scene.http.exchanges.length, 0);
    }
  });

  it("logs no secret and no signature", async () => {
    const scene = new Scene();
    await scene.start();
    const signature = scene.field("X-TC-Signature") ?? assert.fail();
    await scene.answer("<html>");
    await scene.advance(60_000);
    await scene.answer(GRANTED);
    assert.equal(scene.logged.lines.length, 2);
    for (const secret of [PRODUCT_SECRET, DEVICE_SECRET, signature]) {
      assert.ok(!scene.logged.lines.join("\n").includes(secret));
    }
  });
});
