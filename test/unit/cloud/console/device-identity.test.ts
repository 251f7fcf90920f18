import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { identityFile } from "../../../../cli/cloud/identity-file.js";
import { identityArchive, identityCsv, identityText } from "../../../../cloud/console/pages/devices/identity.js";
import { tarOf } from "../../../../cloud/console/pages/devices/tar.js";

const DEVICE = { productId: "ABCDE12345", deviceName: "light_01", deviceSecret: "c2VjcmV0" };

test("the file of the page is the file of the command", () => {
  assert.equal(identityText(DEVICE), `${JSON.stringify(identityFile(DEVICE), null, 2)}\n`);
});

/** @returns the files that tar unpacks, by their path */
function unpacked(
  archive: Uint8Array,
): Map<string, { readonly text: string; readonly mode: number; readonly at: number }> {
  const folder = mkdtempSync(join(tmpdir(), "ota-tar-"));
  try {
    writeFileSync(join(folder, "archive.tar"), archive);
    execFileSync("tar", ["-xf", "archive.tar"], { cwd: folder });
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
      (entry) => entry.isFile() && entry.name !== "archive.tar",
    );
    return new Map(
      files.map((entry) => {
        const path = join(entry.parentPath, entry.name);
        const { mode, mtimeMs } = statSync(path);
        return [path.slice(folder.length + 1), { text: readFileSync(path, "utf8"), mode: mode & 0o777, at: mtimeMs }];
      }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("tar unpacks a device_info.json for each device, which only its owner can read", () => {
  const devices = [
    DEVICE,
    { ...DEVICE, deviceName: "a:b-c", deviceSecret: "b3RoZXI=" },
    { ...DEVICE, deviceName: "x".repeat(48) },
  ];
  const files = unpacked(identityArchive(devices, 1_700_000_000_000));
  assert.deepEqual(
    [...files.keys()].sort(),
    ["a:b-c", "light_01", "x".repeat(48)].map((name) => `${name}/device_info.json`),
  );
  assert.deepEqual(files.get("a:b-c/device_info.json"), {
    text: identityText({ ...DEVICE, deviceName: "a:b-c", deviceSecret: "b3RoZXI=" }),
    mode: 0o600,
    at: 1_700_000_000_000,
  });
});

test("files whose length is a whole number of blocks, empty ones and text of several bytes a character", () => {
  const contents = ["", "x".repeat(511), "x".repeat(512), "x".repeat(513), "备注"];
  const files = unpacked(
    tarOf(
      contents.map((content, index) => ({ path: `f${index}`, content })),
      0,
    ),
  );
  assert.deepEqual(
    contents.map((_, index) => files.get(`f${index}`)?.text),
    contents,
  );
});

test("the secrets as CSV, without any change", () => {
  assert.equal(
    identityCsv([DEVICE, { ...DEVICE, deviceName: "-2", deviceSecret: "+/8=" }]),
    "productId,deviceName,deviceSecret\r\nABCDE12345,light_01,c2VjcmV0\r\nABCDE12345,-2,+/8=\r\n",
  );
});
