import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { UsageError } from "../../../cli/command-line.js";
import { readIdentity, readJson, writeBytes, writeSecret } from "../../../cli/files.js";
import { readPolicy, VitalsFile } from "../../../cli/device/plan-files.js";
import { readSubDevices } from "../../../cli/device/sub-devices.js";
import { withFolder } from "../../support/folder.js";
import { tlsPath } from "../../support/tls-fixtures.js";

const INFO = {
  auth_mode: "KEY",
  productId: "ABCDE12345",
  deviceName: "board_01",
  key_deviceinfo: { deviceSecret: "MTIzNDU2Nzg5MDEyMzQ1Ng==" },
};
const LIGHT = { productId: "E69UADXUYY", deviceName: "light1", version: "1.0", install: "ok" };

/** A text as different editors and shells save it. */
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

test("a file that is no JSON is named, and never quoted", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "x.json");
    writeFileSync(path, '{"deviceSecret":"c2VjcmV0"');
    assert.throws(
      () => readJson(path),
      (error: Error) => error instanceof UsageError && error.message === `${path}: not JSON`,
    );
  });
});

test("a file that cannot be written is reported in words", async () => {
  await withFolder(async (folder) => {
    mkdirSync(join(folder, "below"));
    assert.throws(() => writeBytes(join(folder, "below"), "x"), /below: it is a folder$/);
    writeFileSync(join(folder, "file"), "");
    assert.throws(() => writeBytes(join(folder, "file", "x"), "x"), /x: a part of the path is a file, not a folder$/);
    assert.throws(() => writeBytes(join(folder, "absent", "x"), "x"), /x: no such file or folder$/);
  });
});

test("a full disk leaves the earlier file as it was", () =>
  withFolder((folder) => {
    const path = join(folder, "delta.bin");
    writeFileSync(path, "earlier");
    const module = new URL("../../../cli/files.js", import.meta.url).href;
    const program = `
      import { writeWhole } from ${JSON.stringify(module)};
      process.on("SIGXFSZ", () => {});
      try { writeWhole(process.argv[1], new Uint8Array(2_000_000)); } catch (error) { console.log(error.message); }`;
    const command = 'ulimit -f 1000; exec "$0" --input-type=module --eval "$1" "$2"';
    const output = execFileSync("/bin/bash", ["-c", command, process.execPath, program, path], { encoding: "utf8" });
    assert.equal(output, `cannot write ${path}: it would be too large for the disk\n`);
    assert.deepEqual([readdirSync(folder), readFileSync(path, "utf8")], [["delta.bin"], "earlier"]);
  }));

test("a secret is for the user alone, even if others could read the file before, and nothing of the old file is left", async () => {
  await withFolder(async (folder) => {
    const path = join(folder, "secret");
    for (const before of [undefined, 0o644]) {
      if (before !== undefined) {
        writeFileSync(path, "something longer than the secret", { mode: 0o600 });
        chmodSync(path, before);
      }
      writeSecret(path, "secret");
      assert.equal(statSync(path).mode & 0o777, 0o600);
      assert.equal(readFileSync(path, "utf8"), "secret");
    }
    const { mode } = statSync("/dev/null");
    writeSecret("/dev/null", "secret");
    assert.equal(statSync("/dev/null").mode, mode, "what is no file keeps its mode");
  });
});

test("a certificate is accepted with its own key only", async () => {
  await withFolder(async (folder) => {
    const info = (key: string): string => {
      const cert_deviceinfo = { devCertFile: tlsPath("client.pem"), devPrivateKeyFile: tlsPath(key) };
      writeFileSync(
        join(folder, "info.json"),
        JSON.stringify({ ...INFO, auth_mode: "CERT", key_deviceinfo: undefined, cert_deviceinfo }),
      );
      return join(folder, "info.json");
    };
    assert.equal(readIdentity(info("client-key.pem")).authentication.mode, "CERT");
    assert.throws(
      () => readIdentity(info("server-key.pem")),
      (error: Error) => {
        return (
          error instanceof UsageError &&
          /server-key\.pem is not the key of the certificate in .*client\.pem$/.test(error.message)
        );
      },
    );
  });
});
