import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Cloud } from "../../cloud/cloud.js";
import { DEVICE, imageOf, SECRET } from "../support/test-bed.js";
import { withFolder } from "../support/folder.js";
import { installPacked } from "../support/packed.js";
import { ROOT } from "../support/root.js";

const TIMEOUT_MS = 60_000;
const VERSION = "0.2.0";

test("the program for Node in docs/application.md, unchanged, updates its board with the package as it is packed", async () => {
  await withFolder(async (folder) => {
    installPacked(folder);
    writeFileSync(join(folder, "board.mjs"), programIn(readFileSync(join(ROOT, "docs", "application.md"), "utf8")));
    const info = { auth_mode: "KEY", ...DEVICE, key_deviceinfo: { deviceSecret: SECRET }, region: "china" };
    writeFileSync(join(folder, "device_info.json"), JSON.stringify(info));
    const cloud = await Cloud.start({ folder: join(folder, "cloud") });
    try {
      const path = join(folder, "v2.bin");
      writeFileSync(path, imageOf(VERSION, 64 * 1024));
      await cloud.desk.addDevice({ ...DEVICE, deviceSecret: SECRET });
      await cloud.desk.addFirmware({ productId: DEVICE.productId, version: VERSION, path });
      await cloud.desk.upgrade({
        productId: DEVICE.productId,
        version: VERSION,
        selection: { kind: "list", deviceNames: [DEVICE.deviceName] },
      });
      assert.match(await runUntil(folder, cloud.mqttUrl, `${VERSION}: done\n`), /: 100 %\n/);
    } finally {
      await cloud.stop();
    }
  });
});

/** The block whose marker names this file. */
function programIn(text: string): string {
  return (
    /^```js\n(\/\/ board\.mjs\n[\s\S]*?)^```$/m.exec(text)?.[1] ?? assert.fail("docs/application.md has no board.mjs")
  );
}

/** @returns what the program has printed once it has printed these words */
function runUntil(folder: string, url: string, words: string): Promise<string> {
  const child = spawn(process.execPath, ["board.mjs", url], {
    cwd: folder,
    timeout: TIMEOUT_MS,
    killSignal: "SIGKILL",
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (bytes: Buffer) => {
    stdout += bytes.toString();
    if (stdout.includes(words)) child.kill("SIGKILL");
  });
  child.stderr.on("data", (bytes: Buffer) => (stderr += bytes.toString()));
  return new Promise((resolve, reject) => {
    child.on("close", () =>
      stdout.includes(words) ? resolve(stdout) : reject(new Error(`no ${words}\n${stdout}\n${stderr}`)),
    );
  });
}
