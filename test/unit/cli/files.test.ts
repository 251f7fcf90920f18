import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { UsageError } from "../../../cli/command-line.js";
import { readIdentity, readJson, writeBytes } from "../../../cli/files.js";
import { readPolicy, VitalsFile } from "../../../cli/plan-files.js";
import { readSubDevices } from "../../../cli/sub-devices.js";
import { withFolder } from "../../support/folder.js";

const INFO = { auth_mode: "KEY", productId: "ABCDE12345", deviceName: "board_01", key_deviceinfo: { deviceSecret: "MTIzNDU2Nzg5MDEyMzQ1Ng==" } };
const LIGHT = { productId: "E69UADXUYY", deviceName: "light1", version: "1.0", install: "ok" };

/** As editors and shells save a text. */
const SAVED: readonly (readonly [how: string, bytes: (text: string) => Uint8Array])[] = [
  ["UTF-8", (text) => Buffer.from(text)],
  ["UTF-8 with a byte order mark", (text) => Buffer.from(`\ufeff${text}`)],
  ["UTF-16, little-endian", (text) => Buffer.from(`\ufeff${text}`, "utf16le")],
  ["UTF-16, big-endian", (text) => Buffer.from(`\ufeff${text}`, "utf16le").swap16()],
];

for (const [how, bytes] of SAVED) {
  test(`each JSON file that a user writes is read as ${how}`, async () => {
    await withFolder(async (folder) => {
      const file = (name: string, value: unknown): string => {
        writeFileSync(join(folder, name), bytes(`${JSON.stringify(value)}\r\n`));
        return join(folder, name);
      };
      assert.equal(readIdentity(file("device_info.json", INFO)).deviceName, "board_01");
      assert.deepEqual(readPolicy(file("policy.json", { consent: "ask" })), { consent: "ask" });
      assert.equal(new VitalsFile(file("vitals.json", { batteryPercent: 80 })).batteryPercent(), 80);
      assert.deepEqual(readSubDevices(file("subdevices.json", [LIGHT]), []), [LIGHT]);
      assert.deepEqual(readJson(file("any.json", { text: "é灯" })), { text: "é灯" });
    });
  });
}

test("what is no JSON is said with its file, and never quoted", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "x.json");
    writeFileSync(path, '{"deviceSecret":"c2VjcmV0"');
    assert.throws(() => readJson(path), (error: Error) => error instanceof UsageError && error.message === `${path}: not JSON`);
  });
});

test("what cannot be written is said in words", async () => {
  await withFolder(async (folder) => {
    mkdirSync(join(folder, "below"));
    assert.throws(() => writeBytes(join(folder, "below"), "x"), /below: it is a folder$/);
    writeFileSync(join(folder, "file"), "");
    assert.throws(() => writeBytes(join(folder, "file", "x"), "x"), /x: a part of the path is a file, not a folder$/);
    assert.throws(() => writeBytes(join(folder, "absent", "x"), "x"), /x: no such file or folder$/);
  });
});
