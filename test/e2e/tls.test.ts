import assert from "node:assert/strict";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Cloud } from "../../cloud/cloud.js";
import { TestBed, DEVICE, imageOf, SECRET } from "../support/test-bed.js";
import { Running, withCommands } from "../support/command.js";
import { type Engine, testOnEngines } from "../support/engines.js";
import { FaultServer } from "../support/fault-server.js";
import { assertSameBytes } from "../support/same-bytes.js";
import { TestPlatform } from "../support/test-platform.js";
import { certificateDer, SERVER_TLS, tlsPath } from "../support/tls-fixtures.js";

/** A bed with MQTT and HTTP on TLS, trusting these. */
async function withTls(
  engine: Engine,
  broker: string | undefined,
  files: string | undefined,
  body: (bed: TestBed) => Promise<void>,
): Promise<void> {
  const platform = new TestPlatform(SERVER_TLS);
  await platform.start();
  const server = new FaultServer(imageOf("0.2.0", 200 * 1024), SERVER_TLS);
  await server.start();
  const bed = await TestBed.start({
    engine,
    platform,
    server,
    image: server.file,
    config: {
      broker: { url: platform.url, authority: broker === undefined ? undefined : certificateDer(broker) },
      download: {
        authority: files === undefined ? undefined : certificateDer(files),
        maxAttempts: 2,
        backoffMaxSeconds: 0.05,
      },
    },
  });
  try {
    await body(bed);
  } finally {
    await bed.stop();
  }
}

testOnEngines("a whole update over mqtts and https", (engine) =>
  withTls(engine, "ca.pem", "ca.pem", async (bed) => {
    await bed.update();
    assert.equal(bed.slots().running.version, "0.2.0");
    assertSameBytes(bed.slot("ota_1", bed.image.byteLength), bed.image);
  }),
);

for (const authority of ["other-ca.pem", undefined]) {
  testOnEngines(`a broker that ${authority ?? "no CA of ours"} did not sign gets no message`, (engine) =>
    withTls(engine, authority, "ca.pem", async (bed) => {
      const errors: unknown[] = [];
      bed.onAgent = (agent) => agent.on("connection", ({ code }) => errors.push(code));
      bed.board.powerOn();
      await bed.until("a refusal", () => errors.length > 0);
      assert.deepEqual(errors.slice(0, 1), ["untrusted"]);
      assert.equal(bed.platform.connects, 0);
      assert.equal(bed.dead, undefined);
    }),
  );
}

testOnEngines("a file server that our CA did not sign is not read from, and that is reported at once", (engine) =>
  withTls(engine, "ca.pem", "other-ca.pem", async (bed) => {
    await bed.update();
    assert.match(
      bed.platform.words().find((word) => word.startsWith("fail")) ?? "",
      /^fail -5 TLS with 127\.0\.0\.1 failed/,
    );
    assert.equal(bed.server.requests.length, 0);
  }),
);

testOnEngines("a connection cut in the middle of TLS is resumed", (engine) =>
  withTls(engine, "ca.pem", "ca.pem", async (bed) => {
    bed.server.behaviours = [{ cutAfter: 100_000 }];
    await bed.update();
    assert.equal(bed.slots().running.version, "0.2.0");
    assert.match(bed.server.requests[1]?.headers.range ?? "", /^bytes=[1-9]/);
  }),
);

testOnEngines("a redirect from https to http is refused", (engine) =>
  withTls(engine, "ca.pem", "ca.pem", async (bed) => {
    bed.server.behaviours = [{ status: 302, headers: { Location: `http://127.0.0.1:${bed.server.port}/` } }];
    await bed.update();
    assert.equal(
      bed.platform.words().find((word) => word.startsWith("fail")),
      "fail -5 redirect from https to http",
    );
  }),
);

test("the commands: a device with a certificate against a cloud that asks for one", () =>
  withCommands(async (folder) => {
    const cloud = await Cloud.start({
      folder: join(folder, "cloud"),
      tls: { cert: tlsPath("server.pem"), key: tlsPath("server-key.pem"), clientCa: tlsPath("ca.pem") },
    });
    const device = { productId: "ABCDE12345", deviceName: "light_01" };
    await cloud.desk.addDevice(device);
    const info = join(folder, "device_info.json");
    for (const name of ["client.pem", "client-key.pem"]) copyFileSync(tlsPath(name), join(folder, name));
    const files = { devCertFile: "client.pem", devPrivateKeyFile: "client-key.pem" };
    writeFileSync(info, JSON.stringify({ auth_mode: "CERT", ...device, cert_deviceinfo: files, region: "china" }));
    const run = [
      "run",
      "--device-info",
      info,
      "--state",
      join(folder, "board"),
      "--mqtt",
      cloud.mqttUrl,
      "--ca",
      tlsPath("ca.pem"),
    ];
    const running = new Running("device/main", run);
    try {
      await running.until("connection", () => running.stderr.includes("connected"));
      for (let count = 0; count < 100 && (await cloud.desk.status()).devices[0]?.version === undefined; count++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assert.equal((await cloud.desk.status()).devices[0]?.version, "0.1.0");
    } finally {
      await running.kill("SIGTERM");
      await cloud.stop();
    }
  }));

test("a device with a secret proves itself to the same cloud by its HMAC", () =>
  withCommands(async (folder) => {
    const cloud = await Cloud.start({
      folder: join(folder, "cloud"),
      tls: { cert: tlsPath("server.pem"), key: tlsPath("server-key.pem"), clientCa: tlsPath("ca.pem") },
    });
    await cloud.desk.addDevice({ ...DEVICE, deviceSecret: SECRET.replace("M", "N") });
    const info = join(folder, "device_info.json");
    writeFileSync(info, JSON.stringify({ auth_mode: "KEY", ...DEVICE, key_deviceinfo: { deviceSecret: SECRET } }));
    const run = [
      "run",
      "--device-info",
      info,
      "--state",
      join(folder, "board"),
      "--mqtt",
      cloud.mqttUrl,
      "--ca",
      tlsPath("ca.pem"),
    ];
    const running = new Running("device/main", run);
    try {
      await running.until("a refusal", () => running.stderr.includes("check productId, deviceName and deviceSecret"));
    } finally {
      await running.kill("SIGTERM");
      await cloud.stop();
    }
  }));
