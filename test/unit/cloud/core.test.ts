import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Core, openAtRest } from "../../../cloud/core.js";
import { openState } from "../../../cloud/state.js";
import { withFolder } from "../../support/folder.js";
import { until } from "../../support/running-broker.js";

const LIGHT = { productId: "ABCDE12345", deviceName: "light_01" };

test("an upgrade that was made while no cloud ran goes out once one runs and the device is there", () =>
  withFolder(async (folder) => {
    const path = join(folder, "image.bin");
    writeFileSync(path, "firmware");
    const state = join(folder, "state");
    const resting = await openAtRest(state);
    await resting.desk.addDevice(LIGHT);
    const firmware = { productId: LIGHT.productId, version: "0.2.0" };
    await resting.desk.addFirmware({ ...firmware, path });
    const selection = { kind: "list", deviceNames: [LIGHT.deviceName] } as const;
    const { devices, online } = await resting.desk.upgrade({ ...firmware, selection });
    assert.deepEqual({ devices, online }, { devices: 1, online: 0 });
    await resting.close();

    const published: string[] = [];
    const running = new Core({
      state: await openState(state),
      urlLifetimeSec: 60,
      fileBase: () => "http://files.test",
      publish: (_topic, payload) => published.push(payload),
      isOnline: () => true,
      endDownloads: () => {},
    });
    await running.start();
    await until(() => published.some((payload) => payload.includes("update_firmware")));
    assert.equal((await running.desk.status()).devices[0]?.task?.state, "pushed");
    await running.close();
  }));

test("a state at rest offers nothing, and knows no faults and no file server", () =>
  withFolder(async (folder) => {
    const resting = await openAtRest(folder);
    await resting.desk.addDevice(LIGHT);
    assert.equal((await resting.desk.status()).devices[0]?.online, false);
    const notRunning = { name: "CloudError", message: /^no cloud runs on this folder/ };
    await assert.rejects(resting.desk.addFault({ fault: "cut", bytes: 1 }), notRunning);
    await assert.rejects(resting.desk.signedUrl({ productId: LIGHT.productId, version: "1" }), notRunning);
    await resting.close();
  }));
