import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import { imageFault } from "../../hal/boards/sim/app-image.js";
import { CHIPS } from "../../hal/boards/family/chips.js";
import { encodePartitionTable, parsePartitionsCsv, TABLE_ADDRESS } from "../../hal/boards/sim/partition-table.js";
import { factoryFlash } from "../../hal/boards/sim/state-dir.js";
import { DEVICE, SECRET } from "../support/test-bed.js";
import { Running, runCommand, withCommands } from "../support/command.js";
import { FaultServer } from "../support/fault-server.js";
import { bytesOf } from "../support/power-cuts.js";
import { resealImage } from "../support/resealed-image.js";
import { assertSameBytes } from "../support/same-bytes.js";
import { TestPlatform } from "../support/test-platform.js";

const C3 = 5;
const INFO = JSON.stringify({ auth_mode: "KEY", ...DEVICE, key_deviceinfo: { deviceSecret: SECRET }, region: "china" });

/** What esptool's read_flash reads from a real ESP32-C3 with the SDK's table, which has no MD5. */
function flashOfC3(byteLength = 0x400000): Uint8Array {
  const flash = new Uint8Array(byteLength).fill(0xff);
  flash.set(bytesOf(factoryFlash(imageFor(C3, "1.0"))).subarray(0, byteLength));
  flash.set(bootLoader(C3), 0);
  flash.fill(0xff, 0x8000 + 5 * 32, 0x8000 + 6 * 32);
  return flash;
}

const NO_SLOTS = "nvs, data, nvs, 0x9000, 0x6000";
const SHORT_OTADATA = `${NO_SLOTS}\notadata, data, ota, , 0x1000\nota_0, app, ota_0, 0x20000, 0x1a0000`;
const NO_NVS = "otadata, data, ota, , 0x2000\nota_0, app, ota_0, 0x20000, 0x1a0000";

/** @param csv as in partitions.csv */
function withTable(csv: string): Uint8Array {
  const flash = flashOfC3();
  flash.set(encodePartitionTable(parsePartitionsCsv(csv)), TABLE_ADDRESS);
  return flash;
}

function imageFor(chipId: number, version: string, byteLength = 64 * 1024): Uint8Array {
  return buildAppImage({ version, byteLength, seed: 1, chipId });
}

function bootLoader(chipId: number): Uint8Array {
  const image = Buffer.from(imageFor(chipId, "1.0", 4096));
  image.writeUInt32LE(0x50, 32);
  return resealImage(image);
}

async function succeed(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand("device/main", args);
  assert.equal(code, 0, stderr);
  return stdout;
}

test("inspect prints what the flash of a real board holds: its chip, its table without MD5, its slots", () =>
  withCommands(async (folder) => {
    const file = join(folder, "board.bin");
    writeFileSync(file, flashOfC3(0x800000));
    const report = JSON.parse(await succeed(["inspect", "--flash", file, "--json"])) as Record<string, unknown>;
    assert.deepEqual(report, {
      chip: { name: "ESP32-C3", id: 5 },
      flashBytes: 0x800000,
      partitionTable: { partitions: 5, md5: false },
      otadata: [{ state: "blank" }, { state: "blank" }],
      running: { slot: "ota_0", version: "1.0", state: "undefined" },
      slots: {
        ota_0: { offset: 0x20000, size: 0x1a0000, version: "1.0", secureVersion: 0 },
        ota_1: { offset: 0x1c0000, size: 0x1a0000, version: null, secureVersion: null },
      },
      security: { running: 0, stored: null, floor: 0 },
      provisioning: null,
      registration: null,
      checkpoint: null,
      subdevices: [],
      plans: [],
      components: [],
    });
    const text = await succeed(["inspect", "--flash", file]);
    for (const line of [
      /^running +ota_0 +version 1\.0/m,
      /^chip +ESP32-C3, 8388608 bytes of flash$/m,
      /^partitions +5, without an MD5$/m,
      /^otadata 1 +blank$/m,
    ]) {
      assert.match(text, line);
    }
  }));

test("inspect of a flash without an nvs partition reports no provisioning", () =>
  withCommands(async (folder) => {
    const file = join(folder, "board.bin");
    writeFileSync(file, withTable(NO_NVS));
    assert.match(await succeed(["inspect", "--flash", file]), /^provisioned none$/m);
  }));

test("flash takes a whole flash, of any chip and size, byte for byte, and read gives it back whole or in part", () =>
  withCommands(async (folder) => {
    let count = 0;
    for (const bytes of [flashOfC3(), flashOfC3(0x800000), bytesOf(factoryFlash(imageFor(0, "2.0")))]) {
      const [file, whole, slot] = ["board.bin", "whole.bin", "slot.bin"].map((name) => join(folder, name)) as [
        string,
        string,
        string,
      ];
      const state = join(folder, `state-${count++}`);
      writeFileSync(file, bytes);
      await succeed(["flash", "--state", state, "--image", file]);
      assertSameBytes(readFileSync(join(state, "flash.bin")), bytes);
      for (const source of [
        ["--state", state],
        ["--flash", file],
      ]) {
        await succeed(["read", ...source, "--output", whole]);
        assertSameBytes(readFileSync(whole), bytes);
        assert.equal(statSync(whole).mode & 0o777, 0o600, "it may hold the device's secret");
        await succeed(["read", ...source, "--slot", "ota_0", "--output", slot]);
        assertSameBytes(readFileSync(slot), bytes.subarray(0x20000, 0x1c0000));
        await succeed(["read", ...source, "--slot", "nvs", "--length", "16", "--output", slot]);
        assertSameBytes(readFileSync(slot), bytes.subarray(0x9000, 0x9010));
      }
    }
  }));

test("a board flashed for another chip simulates that chip: it takes updates for it, and refuses others", () =>
  withCommands(async (folder) => {
    const [info, file, state] = [join(folder, "device_info.json"), join(folder, "board.bin"), join(folder, "state")];
    writeFileSync(info, INFO);
    writeFileSync(file, flashOfC3());
    await succeed(["flash", "--state", state, "--image", file]);
    const platform = new TestPlatform();
    const [forEsp32, forC3] = [new FaultServer(imageFor(0, "2.0")), new FaultServer(imageFor(C3, "3.0"))];
    await Promise.all([platform.start(), forEsp32.start(), forC3.start()]);
    const offer = (server: FaultServer, version: string) => () => ({
      version,
      url: server.url,
      md5sum: server.md5,
      file_size: server.file.byteLength,
    });
    try {
      platform.pending = offer(forEsp32, "2.0");
      const device = new Running("device/main", [
        "run",
        "--device-info",
        info,
        "--state",
        state,
        "--mqtt",
        platform.url,
      ]);
      await device.until("a refusal", () => platform.words().some((word) => word.startsWith("fail")));
      assert.match(
        platform.words().find((word) => word.startsWith("fail")) ?? "",
        /^fail -5 image for ESP32, this is ESP32-C3$/,
      );
      await device.kill("SIGTERM");
      platform.pending = offer(forC3, "3.0");
      const again = new Running("device/main", [
        "run",
        "--device-info",
        info,
        "--state",
        state,
        "--mqtt",
        platform.url,
      ]);
      await again.until("the update", () => platform.words().at(-1) === "version 3.0");
      await again.kill("SIGTERM");
      const report = JSON.parse(await succeed(["inspect", "--state", state, "--json"])) as {
        chip: object;
        running: object;
      };
      assert.deepEqual(
        [report.chip, report.running],
        [
          { name: "ESP32-C3", id: 5 },
          { slot: "ota_1", version: "3.0", state: "valid" },
        ],
      );
    } finally {
      await Promise.all([platform.stop(), forEsp32.stop(), forC3.stop()]);
    }
  }));

test("image makes an image for each chip, named as Espressif or esptool writes it, and flash makes a board of it", () =>
  withCommands(async (folder) => {
    const [file, state] = [join(folder, "image.bin"), join(folder, "state")];
    const spelled = CHIPS.map(({ name }, index) => (index % 2 === 0 ? name : name.toLowerCase().replace("-", "")));
    for (const [index, name] of spelled.entries()) {
      const id = CHIPS[index]?.id ?? assert.fail();
      await succeed(["image", "--version", "1.0", "--size", "4096", "--chip", name, "--output", file]);
      const bytes = readFileSync(file);
      assert.equal(imageFault(bytes, id), undefined);
    }
    await succeed(["flash", "--state", state, "--image", file]);
    assert.match(await succeed(["inspect", "--state", state]), /^chip +ESP32-C5, 4194304 bytes of flash$/m);
  }));

const bad: readonly (readonly [what: string, args: (at: (name: string) => string) => string[], message: RegExp])[] = [
  ["inspect of neither", () => ["inspect"], /one of --state DIR and --flash FILE is needed, and not both/],
  [
    "inspect of both",
    (at) => ["inspect", "--state", at("state"), "--flash", at("board.bin")],
    /one of --state DIR and --flash FILE/,
  ],
  [
    "read of both",
    (at) => ["read", "--state", at("state"), "--flash", at("board.bin"), "--output", at("x")],
    /one of --state DIR and --flash FILE/,
  ],
  [
    "read of a length of no slot",
    (at) => ["read", "--flash", at("board.bin"), "--length", "5", "--output", at("x")],
    /--length needs --slot/,
  ],
  [
    "read of an unknown slot",
    (at) => ["read", "--flash", at("board.bin"), "--slot", "ota_7", "--output", at("x")],
    /no partition ota_7: see ota-device inspect/,
  ],
  [
    "read past a slot's end",
    (at) => ["read", "--flash", at("board.bin"), "--slot", "nvs", "--length", "0x6001", "--output", at("x")],
    /no partition nvs with 24577 bytes/,
  ],
  ["inspect of a missing file", (at) => ["inspect", "--flash", at("none")], /cannot read .*none: no such file/],
  ["inspect of a folder", (at) => ["inspect", "--flash", at("folder")], /cannot read .*: it is a folder/],
  ["inspect of a pipe", (at) => ["inspect", "--flash", at("pipe")], /cannot read .*pipe: it is no regular file/],
  [
    "inspect of an empty file",
    (at) => ["inspect", "--flash", at("empty")],
    /empty: no image of a whole flash: it is empty/,
  ],
  [
    "inspect of an application",
    (at) => ["inspect", "--flash", at("app.bin")],
    /application image for ESP32-C3, version 1\.0: ota-device flash/,
  ],
  [
    "inspect of part of a flash",
    (at) => ["inspect", "--flash", at("part.bin")],
    /partition ota_0 ends outside the flash .*read_flash 0 ALL/,
  ],
  [
    "inspect of a table without slots",
    (at) => ["inspect", "--flash", at("noapp.bin")],
    /noapp\.bin: no slot in the partition table/,
  ],
  [
    "inspect of too short an otadata",
    (at) => ["inspect", "--flash", at("short.bin")],
    /short\.bin: otadata has less than two sectors/,
  ],
  [
    "flash of part of a flash",
    (at) => ["flash", "--state", at("new"), "--image", at("part.bin")],
    /partition ota_0 ends outside the flash/,
  ],
  [
    "flash of a flash with nothing to boot",
    (at) => ["flash", "--state", at("new"), "--image", at("blank.bin")],
    /cannot run: no slot holds a bootable image/,
  ],
  [
    "flash of a flash without its table",
    (at) => ["flash", "--state", at("new"), "--image", at("untabled.bin")],
    /no partition table at 0x8000/,
  ],
  [
    "flash of a boot loader",
    (at) => ["flash", "--state", at("new"), "--image", at("boot.bin")],
    /image without an application descriptor/,
  ],
  ["flash of a pipe", (at) => ["flash", "--state", at("new"), "--image", at("pipe")], /it is no regular file/],
  [
    "an image for an unknown chip",
    (at) => ["image", "--version", "1", "--size", "4096", "--chip", "esp8266", "--output", at("x")],
    /--chip esp8266 is none of ESP32, /,
  ],
];

for (const [what, args, message] of bad) {
  test(
    `${what}: one clear line, exit code 2, nothing written`,
    { skip: what.endsWith("a pipe") && process.platform === "win32" },
    () =>
      withCommands(async (folder) => {
        const at = (name: string): string => join(folder, name);
        const board = flashOfC3();
        const blank = board.slice().fill(0xff, 0x20000, 0x1c0000);
        const untabled = board.slice().fill(0xff, 0x8000, 0x9000);
        const files = {
          "board.bin": board,
          "untabled.bin": untabled,
          "part.bin": board.subarray(0, 0x41000),
          "noapp.bin": withTable(NO_SLOTS),
          "short.bin": withTable(SHORT_OTADATA),
          "blank.bin": blank,
          "boot.bin": bootLoader(C3),
          "app.bin": imageFor(C3, "1.0"),
          empty: "",
        };
        for (const [name, content] of Object.entries(files)) writeFileSync(at(name), content);
        mkdirSync(at("folder"));
        execFileSync("mkfifo", [at("pipe")]);
        const { code, stdout, stderr } = await runCommand("device/main", args(at));
        assert.equal(code, 2, stderr);
        assert.equal(stdout, "");
        assert.match(stderr, /^ota-device: [^\n]+\n$/);
        assert.match(stderr, message);
        assert.deepEqual([existsSync(at("x")), existsSync(at("new"))], [false, false]);
      }),
  );
}
