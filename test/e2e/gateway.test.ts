import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { XsAgent } from "../../hal/boards/xs/agent.js";
import type { OtaAgent } from "../../src/index.js";
import { imageOf } from "../support/test-bed.js";
import { type RunningAgent, testOnEngines } from "../support/engines.js";
import { GatewayTestBed, PRODUCT } from "../support/sub-device-test-bed.js";
import { assertSameBytes } from "../support/same-bytes.js";

const LIGHTS = [{ deviceName: "light1" }, { deviceName: "light2" }, { deviceName: "light3" }];
const QUICK = { installTimeoutSeconds: 0.5 };
const RESULTS = "$gateway/operation/result/ABCDE12345/board_01";

function failOf(gateway: GatewayTestBed, deviceName: string): string | undefined {
  return gateway.words(deviceName).find((word) => word.startsWith("fail"));
}

testOnEngines("three lights are brought to one firmware, which is fetched once", (engine) =>
  GatewayTestBed.run({ engine, subDevices: LIGHTS }, async (gateway) => {
    gateway.pending("2.0.0", "light1", "light2", "light3");
    gateway.bed.board.powerOn();
    await gateway.ended("light1", "light2", "light3");
    for (const { deviceName } of LIGHTS) {
      assert.equal(gateway.sub(deviceName).version(), "2.0.0");
      assertSameBytes(gateway.sub(deviceName).image() as Uint8Array, gateway.bed.image);
      const words = gateway.words(deviceName);
      assert.equal(words[0], "version 1.0.0");
      assert.deepEqual(words.slice(-3), ["burning", "done", "version 2.0.0"]);
    }
    assert.equal(gateway.bed.server.requests.length, 1);
    assert.deepEqual(
      gateway.platform.story.slice(0, 2).map((line) => line.replace(/\/.*/, "")),
      ["subscribe board_01", "subscribe $gateway"],
    );
  }),
);

testOnEngines(
  "one that refuses its image, one that hangs and one that is away are reported, and the others go on",
  (engine) =>
    GatewayTestBed.run(
      {
        engine,
        gateway: QUICK,
        subDevices: [
          { deviceName: "refuses", install: "fail" },
          { deviceName: "hangs", install: "hang" },
          { deviceName: "away", install: "offline" },
          { deviceName: "works" },
        ],
      },
      async (gateway) => {
        gateway.bed.board.powerOn();
        const names = ["refuses", "hangs", "away", "works"];
        await gateway.bed.until("versions", () => names.every((name) => gateway.words(name).length > 0));
        for (const name of names) gateway.offer("2.0.0", name);
        await gateway.ended(...names);
        assert.equal(failOf(gateway, "refuses"), "fail -5 sub-device refuses the image");
        assert.equal(failOf(gateway, "hangs"), "fail -5 installation timed out");
        assert.equal(failOf(gateway, "away"), "fail -5 sub-device does not answer");
        assert.equal(gateway.sub("works").version(), "2.0.0");
        assert.equal(gateway.bed.server.requests.length, 1);
      },
    ),
);

testOnEngines(
  "an image of another MD5 is -4 for the one it was offered to, and the next one gets the right one",
  (engine) =>
    GatewayTestBed.run({ engine, subDevices: LIGHTS.slice(0, 2) }, async (gateway) => {
      const { platform, bed } = gateway;
      bed.board.powerOn();
      await bed.until("versions", () => gateway.words("light1").length > 0 && gateway.words("light2").length > 0);
      platform.offer({ productId: PRODUCT, deviceName: "light1" }, { ...bed.offer("2.0.0"), md5sum: "0".repeat(32) });
      gateway.offer("2.0.0", "light2");
      await gateway.ended("light1", "light2");
      assert.equal(failOf(gateway, "light1"), "fail -4 md5 not match");
      assert.equal(gateway.sub("light1").version(), "1.0.0");
      assertSameBytes(gateway.sub("light2").image() as Uint8Array, bed.image);
    }),
);

testOnEngines(
  "one that is unbound is unsubscribed on the same connection, and begins anew when it is bound",
  (engine) =>
    GatewayTestBed.run({ engine, subDevices: LIGHTS.slice(0, 2) }, async (gateway) => {
      const { bed, platform } = gateway;
      const devices = [{ product_id: PRODUCT, device_name: "light1" }];
      const change = (status: number): void =>
        platform.send(RESULTS, JSON.stringify({ type: "change", payload: { status, devices } }));
      const unsubscribed: string[] = [];
      platform.onUnsubscribe = (filter) => unsubscribed.push(filter);
      bed.board.powerOn();
      await bed.until("versions", () => gateway.words("light1").length + gateway.words("light2").length === 2);
      change(0);
      await bed.until("UNSUBSCRIBE", () => unsubscribed.length > 0);
      assert.deepEqual(unsubscribed, [`$ota/update/${PRODUCT}/light1`]);
      change(1);
      await bed.until("another version report", () => gateway.words("light1").length === 2);
      gateway.offer("2.0.0", "light1");
      await gateway.ended("light1");
      assert.equal(gateway.sub("light1").version(), "2.0.0");
      assert.equal(platform.connects, 1);
    }),
);

testOnEngines("a gateway that was cut off brings them all online again", (engine) =>
  GatewayTestBed.run({ engine, subDevices: LIGHTS.slice(0, 2) }, async (gateway) => {
    gateway.bed.board.powerOn();
    await gateway.bed.until("versions", () => gateway.words("light1").length + gateway.words("light2").length === 2);
    gateway.platform.dropAll();
    gateway.pending("2.0.0", "light1", "light2");
    await gateway.ended("light1", "light2");
    const { story } = gateway.platform;
    for (const name of ["light1", "light2"]) {
      assert.equal(story.filter((line) => line === `online ${name}`).length, 2);
      assert.equal(story.filter((line) => line === `subscribe ${name}`).length, 2);
    }
  }),
);

testOnEngines("a power cut of the gateway during the download resumes it", (engine) =>
  GatewayTestBed.run({ engine, subDevices: LIGHTS, image: imageOf("2.0.0", 300 * 1024) }, async (gateway) => {
    const { bed } = gateway;
    bed.server.behaviours = [{ stallAfter: 150 * 1024 }];
    gateway.pending("2.0.0", "light1", "light2", "light3");
    bed.board.powerOn();
    await bed.until("bytes in flash", () => bed.slot("staging", 102_400)[102_399] !== 0xff);
    bed.board.cutPower();
    bed.board.powerOn();
    await gateway.ended("light1", "light2", "light3");
    assert.equal(bed.server.requests.length, 2);
    assert.match(bed.server.requests[1]?.headers.range ?? "", /^bytes=[1-9][0-9]*-$/);
    for (const { deviceName } of LIGHTS) assertSameBytes(gateway.sub(deviceName).image() as Uint8Array, bed.image);
  }),
);

testOnEngines("a power cut of the gateway during the installation hands over the rest, without a download", (engine) =>
  GatewayTestBed.run(
    { engine, subDevices: LIGHTS.slice(0, 2), image: imageOf("2.0.0", 400 * 1024) },
    async (gateway) => {
      const { bed } = gateway;
      const light = gateway.sub("light1");
      const written: number[] = [];
      const write = light.write.bind(light);
      let cut = false;
      light.write = (md5, byteOffset, bytes) => {
        written.push(byteOffset);
        if (!cut && byteOffset > 200 * 1024) {
          cut = true;
          bed.board.cutPower();
          setTimeout(() => bed.board.powerOn(), 50);
          return false;
        }
        return write(md5, byteOffset, bytes);
      };
      gateway.pending("2.0.0", "light1", "light2");
      bed.board.powerOn();
      await gateway.ended("light1", "light2");
      assert.equal(bed.server.requests.length, 1);
      const from = written[written.findIndex((byteOffset) => byteOffset > 200 * 1024) + 1] as number;
      assert.ok(from > 100 * 1024 && from <= 204 * 1024, `handed over again from ${from}`);
      for (const { deviceName } of LIGHTS.slice(0, 2)) {
        assertSameBytes(gateway.sub(deviceName).image() as Uint8Array, bed.image);
      }
      assert.equal(gateway.words("light1").filter((word) => word === "done").length, 1);
    },
  ),
);

testOnEngines("the gateway's own update comes first, and its sub-devices' after the restart", (engine) =>
  GatewayTestBed.run({ engine, subDevices: LIGHTS.slice(0, 2) }, async (gateway) => {
    const { bed, platform } = gateway;
    platform.pendingFor.set("ABCDE12345/board_01", () => bed.offer("0.2.0"));
    gateway.pending("2.0.0", "light1", "light2");
    bed.board.powerOn();
    await gateway.ended("light1", "light2");
    await bed.until("own update", () =>
      platform.wordsOf({ productId: "ABCDE12345", deviceName: "board_01" }).includes("version 0.2.0"),
    );
    assert.deepEqual(bed.boots, ["ota_0", "ota_1"]);
    // Once for each boot, even if it begins on trial.
    assert.equal(platform.story.filter((line) => line.startsWith("subscribe $gateway")).length, 2);
    for (const { deviceName } of LIGHTS.slice(0, 2)) {
      assertSameBytes(gateway.sub(deviceName).image() as Uint8Array, bed.image);
    }
  }),
);

testOnEngines("one that is removed while its image is on its way leaves it to the next", (engine) =>
  GatewayTestBed.run(
    { engine, subDevices: LIGHTS.slice(0, 2), image: imageOf("2.0.0", 300 * 1024) },
    async (gateway) => {
      const { bed } = gateway;
      bed.server.behaviours = [{ stallAfter: 150 * 1024 }];
      gateway.pending("2.0.0", "light1", "light2");
      bed.board.powerOn();
      await bed.until("bytes in flash", () => bed.slot("staging", 102_400)[102_399] !== 0xff);
      await removeSubDevice(bed.agent as RunningAgent, "light1");
      await gateway.ended("light2");
      assert.equal(gateway.sub("light1").version(), "1.0.0");
      assertSameBytes(gateway.sub("light2").image() as Uint8Array, bed.image);
      assert.ok(gateway.platform.story.includes("offline light1"));
      assert.ok(!gateway.words("light1").some((word) => word === "done" || word.startsWith("fail")));
    },
  ),
);

testOnEngines("the idle OTA slot serves as staging area, and the own update as well", (engine) =>
  GatewayTestBed.run({ engine, subDevices: LIGHTS.slice(0, 2), gateway: { staging: "slot" } }, async (gateway) => {
    const { bed, platform } = gateway;
    gateway.pending("2.0.0", "light1", "light2");
    bed.board.powerOn();
    await gateway.ended("light1", "light2");
    assert.ok(bed.slot("staging", 4096).every((byte) => byte === 0xff));
    platform.pendingFor.set("ABCDE12345/board_01", () => bed.offer("0.2.0"));
    platform.offer({ productId: "ABCDE12345", deviceName: "board_01" }, bed.offer("0.2.0"));
    await bed.until("own update", () =>
      platform.wordsOf({ productId: "ABCDE12345", deviceName: "board_01" }).includes("version 0.2.0"),
    );
    assert.equal(bed.slots().running.slot, "ota_1");
    const md5 = createHash("md5")
      .update(gateway.sub("light2").image() as Uint8Array)
      .digest("hex");
    assert.equal(gateway.sub("light2").installed().md5, md5);
  }),
);

function removeSubDevice(agent: RunningAgent, deviceName: string): void | Promise<void> {
  const name = { productId: PRODUCT, deviceName };
  if (agent instanceof XsAgent) return agent.removeSubDevice(name);
  (agent as OtaAgent).gateway.remove(name);
}
