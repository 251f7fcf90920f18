import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkConfig, type OtaConfig, resolveConfig } from "../../../src/agent/config.js";
import { VERSION } from "../../../src/agent/version.js";
import { OtaError } from "../../../src/errors.js";
import { ROOT } from "../../support/root.js";

const IDENTITY: OtaConfig["identity"] = {
  productId: "ABCDE12345",
  deviceName: "light_01",
  authentication: { mode: "KEY", deviceSecret: "MDEyMzQ1Njc4OWFiY2RlZg==" },
};
const CERTIFICATE = { certificate: Uint8Array.of(1), privateKey: Uint8Array.of(2) };

function refused(config: Partial<OtaConfig>, message: RegExp): void {
  for (const use of [resolveConfig, checkConfig]) {
    assert.throws(
      () => use({ identity: IDENTITY, ...config }),
      (error) =>
        error instanceof OtaError &&
        error.code === "usage" &&
        message.test(error.message) &&
        !error.message.includes("\n"),
      JSON.stringify(config),
    );
  }
}

function serverOf(url: string) {
  return resolveConfig({ identity: IDENTITY, broker: { url } }).server;
}

test("an identity is enough: everything else has its default", () => {
  assert.deepEqual(resolveConfig({ identity: IDENTITY }), {
    identity: IDENTITY,
    server: { host: "ABCDE12345.iotcloud.tencentdevices.com", port: 8883, tls: { authority: undefined } },
    keepaliveSeconds: 120,
    downloadTls: { authority: undefined },
    userAgent: `moddable-ota/${VERSION}`,
    policy: undefined,
    seal: undefined,
    allowDowngrade: true,
    checkEveryMs: 600_000,
    selfTest: undefined,
    components: { separator: "_", installTimeoutMs: 60_000 },
    limits: { idleTimeoutMs: 30_000, maxAttempts: 8, backoffMaxMs: 60_000, trialMs: 300_000, selfTestMs: 60_000 },
    gateway: undefined,
  });
});

test("a lower version is taken, unless a seal is required or the setting says otherwise", () => {
  const allows = (config: Partial<OtaConfig>) => resolveConfig({ identity: IDENTITY, ...config }).allowDowngrade;
  const seal = { trusted: [] };
  assert.equal(allows({}), true);
  assert.equal(allows({ allowDowngrade: false }), false);
  assert.equal(allows({ seal }), false);
  assert.equal(allows({ seal, allowDowngrade: true }), true);
  assert.equal(allows({ seal: { ...seal, required: false } }), true);
  // An application in JavaScript.
  assert.equal(allows({ allowDowngrade: 1 as unknown as boolean }), false);
});

test("a device is a gateway if the setting `gateway` is there, even an empty one", () => {
  const gatewayOf = (gateway: NonNullable<OtaConfig["gateway"]>) =>
    resolveConfig({ identity: IDENTITY, gateway }).gateway;
  assert.deepEqual(gatewayOf({}), { slot: false, installTimeoutMs: 60_000, messagesPerSecond: 8 });
  const undefinedAll = { staging: undefined, installTimeoutSeconds: undefined, messagesPerSecond: undefined };
  assert.deepEqual(gatewayOf(undefinedAll), gatewayOf({}));
  const given = { staging: "slot", installTimeoutSeconds: 0.5, messagesPerSecond: 30 } as const;
  assert.deepEqual(gatewayOf(given), { slot: true, installTimeoutMs: 500, messagesPerSecond: 30 });
  refused({ identity: IDENTITY, gateway: { staging: "ram" as never } }, /staging is neither partition nor slot/);
  for (const messagesPerSecond of [0, 31, 1.5, NaN]) {
    refused({ identity: IDENTITY, gateway: { messagesPerSecond } }, /messagesPerSecond/);
  }
  for (const installTimeoutSeconds of [0, -1, 86_401, "60" as never]) {
    refused({ identity: IDENTITY, gateway: { installTimeoutSeconds } }, /installTimeoutSeconds/);
  }
});

test("settings that are given and undefined count as not given", () => {
  const config: OtaConfig = {
    identity: IDENTITY,
    broker: { url: undefined, authority: undefined, keepaliveSeconds: undefined },
    download: {
      authority: undefined,
      idleTimeoutSeconds: undefined,
      maxAttempts: undefined,
      backoffMaxSeconds: undefined,
      userAgent: undefined,
    },
    trialSeconds: undefined,
  };
  assert.deepEqual(resolveConfig(config), resolveConfig({ identity: IDENTITY }));
});

test("the User-Agent is what the application says, as long as it fits into a field", () => {
  const agentOf = (userAgent: string) => resolveConfig({ identity: IDENTITY, download: { userAgent } }).userAgent;
  for (const text of ["x", "lamp/2.1 (board 7; moddable-ota)", "x".repeat(64)]) assert.equal(agentOf(text), text);
  for (const userAgent of ["", " ", " x", "x ", "x".repeat(65), "a\r\nRange: x", "a\tb", "\x7f", "ü", "灯"]) {
    refused({ download: { userAgent } }, /^userAgent is not 1 to 64 of printable ASCII$/);
  }
});

test("the version in the User-Agent is the package's", () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
  assert.equal(VERSION, version);
});

test("the region selects the broker, unless a URL is given", () => {
  const region = (name: string) => ({ ...IDENTITY, region: name });
  assert.equal(
    resolveConfig({ identity: region("europe") }).server.host,
    "ABCDE12345.europe.iothub.tencentdevices.com",
  );
  refused({ identity: region("moon") }, /region moon is none of china/);
  refused({ identity: region("toString") }, /region/);
});

test("a broker URL gives host, port and TLS", () => {
  assert.deepEqual(serverOf("mqtt://localhost"), { host: "localhost", port: 1883, tls: undefined });
  assert.deepEqual(serverOf("mqtt://10.0.0.1:2000/"), { host: "10.0.0.1", port: 2000, tls: undefined });
  assert.deepEqual(serverOf("mqtts://broker.test"), { host: "broker.test", port: 8883, tls: { authority: undefined } });
  assert.deepEqual(serverOf("mqtt://[::1]:65535"), { host: "::1", port: 65535, tls: undefined });
  assert.equal(serverOf("mqtts://Host_1.test:443").port, 443);
});

test("refuses a text that is no broker URL", () => {
  const urls = [
    "",
    "broker.test",
    "http://h",
    "mqtt:/h",
    "mqtt://",
    "mqtt://h:",
    "mqtt://h/path",
    "mqtt://u:p@h",
    "mqtt://h?x",
    "MQTT://h",
  ];
  for (const url of [
    ...urls,
    "mqtt://a b",
    "mqtt://h:99999999",
    "mqtt://::1",
    "mqtt://[h]",
    " mqtt://h",
    "mqtt://h\n",
    "wss://h",
  ]) {
    refused({ broker: { url } }, /broker URL/);
  }
  for (const port of ["0", "65536", "99999"]) refused({ broker: { url: `mqtt://h:${port}` } }, /port/);
});

test("trust anchors stay apart: the broker's and the download's", () => {
  const [broker, download] = [Uint8Array.of(1), Uint8Array.of(2)];
  const resolved = resolveConfig({
    identity: IDENTITY,
    broker: { authority: broker },
    download: { authority: download },
  });
  assert.equal(resolved.server.tls?.authority, broker);
  assert.equal(resolved.downloadTls.authority, download);
});

test("a device certificate goes to the broker and not to the file server", () => {
  const identity = { ...IDENTITY, authentication: { mode: "CERT", ...CERTIFICATE } } as const;
  const { server, downloadTls } = resolveConfig({ identity });
  assert.deepEqual(server.tls, { authority: undefined, ...CERTIFICATE });
  assert.deepEqual(downloadTls, { authority: undefined });
});

test("refuses an identity that the platform cannot have, without showing the secret", () => {
  for (const productId of ["", "ABCDE1234", "ABCDE123456", "abcde12345", "ABCDE-2345"]) {
    refused({ identity: { ...IDENTITY, productId } }, /productId/);
  }
  for (const deviceName of ["", "a".repeat(49), "a b", "a/b", "ä", "a+", "#"]) {
    refused({ identity: { ...IDENTITY, deviceName } }, /deviceName/);
  }
  for (const deviceSecret of ["", "=", "not base64!", "A"]) {
    refused(
      { identity: { ...IDENTITY, authentication: { mode: "KEY", deviceSecret } } },
      /^deviceSecret is not base64$/,
    );
  }
});

test("each number has its bounds, and both of them are inside", () => {
  const resolve = (config: Partial<OtaConfig>) => resolveConfig({ identity: IDENTITY, ...config });
  for (const keepaliveSeconds of [0, 1, 900]) {
    assert.equal(resolve({ broker: { keepaliveSeconds } }).keepaliveSeconds, keepaliveSeconds);
  }
  assert.equal(resolve({ download: { idleTimeoutSeconds: 0.001 } }).limits.idleTimeoutMs, 1);
  assert.equal(resolve({ download: { maxAttempts: 1 } }).limits.maxAttempts, 1);
  assert.equal(resolve({ download: { backoffMaxSeconds: 0 } }).limits.backoffMaxMs, 0);
  assert.equal(resolve({ trialSeconds: 86_400 }).limits.trialMs, 86_400_000);
});

test("refuses a number outside its bounds, and a value that is no number, by the name of the setting", () => {
  for (const value of [-1, NaN, Infinity, -Infinity, 1e9]) {
    refused({ broker: { keepaliveSeconds: value } }, /^keepaliveSeconds /);
    refused({ download: { idleTimeoutSeconds: value } }, /^idleTimeoutSeconds /);
    refused({ download: { maxAttempts: value } }, /^maxAttempts /);
    refused({ download: { backoffMaxSeconds: value } }, /^backoffMaxSeconds /);
    refused({ trialSeconds: value }, /^trialSeconds /);
  }
  refused({ broker: { keepaliveSeconds: 901 } }, /^keepaliveSeconds /);
  refused({ download: { idleTimeoutSeconds: 0 } }, /^idleTimeoutSeconds /);
  refused({ download: { maxAttempts: 0 } }, /^maxAttempts /);
  refused({ trialSeconds: 0 }, /^trialSeconds /);
});

test("refuses a keepalive that is not whole seconds: it cannot be put on the wire", () => {
  for (const keepaliveSeconds of [0.5, 1.5, 899.9]) refused({ broker: { keepaliveSeconds } }, /^keepaliveSeconds /);
});

test("refuses a number that came as text, as it does from a JSON file written by hand", () => {
  const text = "60" as unknown as number;
  refused({ broker: { keepaliveSeconds: text } }, /^keepaliveSeconds /);
  refused({ download: { maxAttempts: text } }, /^maxAttempts /);
});

test("refuses a version to report that the platform does not take", () => {
  for (const version of ["", "1 0", "v".repeat(33), "1/0", "é"]) refused({ version }, /version/);
  checkConfig({ identity: IDENTITY, version: "1.0-rc_1" });
});

/** Values that an application in JavaScript can pass, each with the one line that it gets. */
const WRONG: readonly (readonly [config: unknown, message: RegExp])[] = [
  [undefined, /^config is missing: \{ identity, /],
  [null, /^config is not an object: /],
  ["identity", /^config is not an object: /],
  [{}, /^identity is missing: \{ productId, deviceName, authentication, /],
  [{ identity: "light_01" }, /^identity is not an object: /],
  [
    { identity: { productId: "ABCDE12345", deviceName: "light_01" } },
    /^identity\.authentication is missing: \{ mode, /,
  ],
  [proof("MDEyMzQ1Njc4OWFiY2RlZg=="), /^identity\.authentication is not an object: /],
  [proof({}), /^mode of the authentication is neither KEY nor CERT$/],
  [proof({ mode: "key", deviceSecret: "MDEy" }), /neither KEY nor CERT/],
  [proof({ mode: "KEY" }), /^deviceSecret is not base64$/],
  [proof({ mode: "KEY", deviceSecret: 5 }), /^deviceSecret is not base64$/],
  [proof({ mode: "KEY", deviceSecret: "MDEy", hash: "MD5" }), /^hash is neither SHA-256 nor SHA-1$/],
  [proof({ mode: "CERT" }), /^certificate is not a Uint8Array with DER$/],
  [proof({ mode: "CERT", certificate: Uint8Array.of(0x30) }), /^privateKey is not a Uint8Array with DER$/],
  [proof({ mode: "CERT", ...CERTIFICATE, certificate: "light.crt" }), /^certificate is not a Uint8Array/],
  [proof({ mode: "CERT", ...CERTIFICATE, certificate: pem() }), /^certificate is PEM: convert it to DER$/],
  [
    proof({ mode: "CERT", certificateFile: "a" }),
    /certificateFile is no setting: did you mean identity\.authentication\.certificate\?$/,
  ],
  [{ identity: { ...IDENTITY, productId: 1234567890 } }, /^productId is not/],
  [{ identity: { ...IDENTITY, deviceName: ["light_01"] } }, /^deviceName is not/],
  [
    { identity: { ...IDENTITY, device: "light_01" } },
    /^identity\.device is no setting: did you mean identity\.deviceName\?$/,
  ],
  [{ identity: IDENTITY, version: 1.2 }, /^version is not/],
  [{ identity: IDENTITY, broker: "mqtt://x" }, /^broker is not an object: \{ url, authority, keepaliveSeconds \}$/],
  [{ identity: IDENTITY, broker: null }, /^broker is not an object: /],
  [{ identity: IDENTITY, broker: ["mqtt://x"] }, /^broker is not an object: /],
  [{ identity: IDENTITY, broker: { URL: "mqtt://x" } }, /^broker\.URL is no setting: did you mean broker\.url\?$/],
  [{ identity: IDENTITY, broker: { keepAliveSecs: 60 } }, /did you mean broker\.keepaliveSeconds\?$/],
  [{ identity: IDENTITY, broker: { authority: "ca.pem" } }, /^broker\.authority is not a Uint8Array/],
  [{ identity: IDENTITY, download: { authority: pem() } }, /^download\.authority is PEM/],
  [{ identity: IDENTITY, url: "mqtt://x" }, /^url is no setting: did you mean broker\.url\?$/],
  [{ identity: IDENTITY, keepaliveSeconds: 60 }, /did you mean broker\.keepaliveSeconds\?$/],
  [{ identity: IDENTITY, download: { authorities: [] } }, /did you mean download\.authority\?$/],
  [{ identity: IDENTITY, trailSeconds: 60 }, /^trailSeconds is no setting: did you mean trialSeconds\?$/],
  [{ identity: IDENTITY, gateway: true }, /^gateway is not an object: /],
  [{ identity: IDENTITY, components: { seperator: "_" } }, /did you mean components\.separator\?$/],
  [{ identity: IDENTITY, selfTest: true }, /^selfTest is not a function$/],
];

function proof(authentication: unknown): object {
  return { identity: { productId: "ABCDE12345", deviceName: "light_01", authentication } };
}

function pem(): Uint8Array {
  return new TextEncoder().encode("-----BEGIN CERTIFICATE-----");
}

for (const [config, message] of WRONG) {
  test(`refuses ${JSON.stringify(config)} in one line, as wrong usage`, () => {
    assert.throws(
      () => checkConfig(config as OtaConfig),
      (error) => error instanceof OtaError && error.code === "usage" && message.test(error.message),
    );
  });
}

test("what parseDeviceInfo returns is an identity as it is", () => {
  const info = { ...IDENTITY, region: "china", subDevices: [] };
  checkConfig({ identity: info });
});
