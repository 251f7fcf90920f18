import assert from "node:assert/strict";
import { test } from "node:test";
import { createDevice, OtaAgent, type OtaConfig, OtaError } from "../../../hal/boards/main.js";
import { factoryFlash } from "../../../hal/boards/sim/state-dir.js";
import { mqtt } from "../../../src/application-mqtt/part.js";
import { plans } from "../../../src/components/part.js";
import { control } from "../../../src/control/part.js";
import { gateway } from "../../../src/gateway/part.js";
import { DEVICE, imageOf, SECRET } from "../../support/test-bed.js";
import { NO_LOG } from "../../support/log.js";
import { SimDevice } from "../../support/sim-device.js";

const CONFIG: OtaConfig = { identity: { ...DEVICE, authentication: { mode: "KEY", deviceSecret: SECRET } } };

function agent(config: Partial<OtaConfig> = {}, parts?: ConstructorParameters<typeof OtaAgent>[0]["parts"]): OtaAgent {
  const board = new SimDevice(factoryFlash(imageOf("0.1.0", 4096)));
  const device = createDevice(board.modules, NO_LOG);
  return new OtaAgent({ device, config: { ...CONFIG, ...config }, ...(parts === undefined ? {} : { parts }) });
}

function lacks(part: "control" | "gateway" | "mqtt" | "plans", use: () => unknown): void {
  assert.throws(
    use,
    (error) => error instanceof OtaError && error.code === "usage" && error.message.includes(`"moddable-ota/${part}"`),
  );
}

test("a setting that needs a missing part is refused with the name of the part", () => {
  lacks("control", () => agent().control);
  lacks("gateway", () => agent({ gateway: {} }));
  lacks("gateway", () => agent({ gateway: {} }, { plans }));
  lacks("plans", () => agent({ policy: {} }, { gateway }));
  lacks("plans", () => agent().on("plan", () => {}));
  lacks("plans", () => agent().checkForUpdate());
  lacks("plans", () => agent().forgetDeclined());
  lacks("plans", () => agent().components);
  lacks("mqtt", () => agent({ gateway: {} }, { gateway }).mqtt);
});

test("each part works without the other", () => {
  assert.equal(agent({}, { control }).control.lastResult, undefined);
  assert.deepEqual(agent({ gateway: {} }, { gateway }).gateway.devices, []);
  agent({ policy: {} }, { plans }).on("plan", () => {});
  assert.equal(agent({}, { mqtt }).mqtt.unsubscribe("a"), false);
  assert.throws(() => agent({}, { gateway, plans }).gateway, /set `gateway`/);
});

test("a wrong policy is refused if the part for it is there", () => {
  assert.throws(
    () => agent({ policy: { minBatteryPercent: 101 } }, { plans }),
    (error) => error instanceof OtaError && error.code === "usage",
  );
});
