import assert from "node:assert/strict";
import { testOnEngines } from "../support/engines.js";
import { GatewayBench } from "../support/sub-device-bench.js";
import { assertSameBytes } from "../support/same-bytes.js";

const LIGHTS = [{ deviceName: "light1" }, { deviceName: "light2" }, { deviceName: "light3" }];

testOnEngines("three lights are brought to one firmware, which is fetched once", (engine) =>
  GatewayBench.run({ engine, subDevices: LIGHTS }, async (gateway) => {
    gateway.pending("2.0.0", "light1", "light2", "light3");
    gateway.bench.board.powerOn();
    await gateway.ended("light1", "light2", "light3");
    for (const { deviceName } of LIGHTS) {
      assert.equal(gateway.sub(deviceName).version(), "2.0.0");
      assertSameBytes(gateway.sub(deviceName).image() as Uint8Array, gateway.bench.image);
      const words = gateway.words(deviceName);
      assert.equal(words[0], "version 1.0.0");
      assert.deepEqual(words.slice(-3), ["burning", "done", "version 2.0.0"]);
    }
    assert.equal(gateway.bench.server.requests.length, 1);
  }));
