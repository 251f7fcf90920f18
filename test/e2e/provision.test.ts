import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runCommand, withCommands } from "../support/command.js";
import { ROOT } from "../support/root.js";
import { tlsPath } from "../support/tls-fixtures.js";

const PRODUCT = "ABCDE12345";
const SECRET = "MDEyMzQ1Njc4OWFiY2RlZg==";
const INFO = {
  auth_mode: "KEY",
  productId: PRODUCT,
  deviceName: "light_01",
  key_deviceinfo: { deviceSecret: SECRET },
  region: "us-east",
};

test("provision makes the image of Espressif's generator, prints its keys and no value, and makes it readable for its owner only", () =>
  withCommands(async (folder) => {
    const [info, output] = [join(folder, "device_info.json"), join(folder, "nvs.bin")];
    writeFileSync(info, JSON.stringify(INFO));
    const password = join(folder, "password.txt");
    writeFileSync(password, "pässwörd 1\nnot this\n");
    const wifi = ["--ssid", "my net", "--password-file", password];
    const rest = [
      "--broker",
      "mqtts://192.168.0.2",
      "--sntp",
      "time.test",
      "--ca",
      tlsPath("ca.pem"),
      "--size",
      "0x3000",
    ];
    writeFileSync(output, "others can read this", { mode: 0o644 });
    const { code, stdout, stderr } = await runCommand("device/main", [
      "provision",
      "--device-info",
      info,
      ...wifi,
      ...rest,
      "--output",
      output,
    ]);
    assert.equal(code, 0, stderr);
    const keys = "productId, deviceName, deviceSecret, region, broker, ssid, password, sntp, brokerCa, downloadCa";
    assert.equal(stdout, `${output}: 12288 bytes for the partition nvs of ABCDE12345/light_01\nholds ${keys}\n`);
    assert.ok(readFileSync(output).equals(readFileSync(join(ROOT, "test", "fixtures", "nvs", "generated-key.bin"))));
    assert.equal(statSync(output).mode & 0o077, 0);
  }));

test("provision makes one image for a batch of a product's secret, and names a board only if the file does", () =>
  withCommands(async (folder) => {
    const [info, output] = [join(folder, "device_info.json"), join(folder, "nvs.bin")];
    const batch = { auth_mode: "KEY", productId: "ABCDE12345", productSecret: "product-secret-of-16", region: "china" };
    const made = async (more: object): Promise<{ code: number | null; stdout: string; stderr: string }> => {
      writeFileSync(info, JSON.stringify({ ...batch, ...more }));
      return runCommand("device/main", [
        "provision",
        "--device-info",
        info,
        "--broker",
        "mqtt://h",
        "--output",
        output,
      ]);
    };
    for (const nobody of [{}, { deviceName: "" }, { deviceName: "YOUR_DEVICE_NAME" }]) {
      const { code, stdout, stderr } = await made(nobody);
      assert.equal(code, 0, stderr);
      assert.equal(
        stdout,
        `${output}: 24576 bytes for the partition nvs of each board of ABCDE12345\nholds productId, productSecret, region, broker\n`,
      );
    }
    const { stdout } = await made({ deviceName: "light_01", key_deviceinfo: { deviceSecret: "YOUR_IOT_PSK" } });
    assert.match(stdout, / of ABCDE12345\/light_01\nholds productId, deviceName, productSecret, region, broker\n/);
    const short = await made({ productSecret: "short" });
    assert.equal(short.code, 2);
    assert.match(short.stderr, /productSecret is not 16 to 64 visible ASCII characters/);
  }));

test("provision warns of a board that would trust no certificate of its broker", () =>
  withCommands(async (folder) => {
    const [info, output] = [join(folder, "device_info.json"), join(folder, "nvs.bin")];
    writeFileSync(info, JSON.stringify(INFO));
    for (const [options, warned] of [
      [[], /^warning: no --ca: [^\n]+ \(the platform's broker has [^\n]+\)\n$/],
      [["--broker", "mqtts://h.test"], /^warning: no --ca: [^\n]+ \(mqtts:\/\/h\.test\)\n$/],
      [["--broker", "mqtt://h.test"], /^$/],
      [["--ca", tlsPath("ca.pem")], /^$/],
    ] as const) {
      const provision = ["provision", "--device-info", info, ...options, "--output", output];
      const { code, stderr } = await runCommand("device/main", provision);
      assert.equal(code, 0);
      assert.match(stderr, warned);
    }
  }));

test("a password comes from standard input too", () =>
  withCommands(async (folder) => {
    const [info, one, two] = ["device_info.json", "one.bin", "two.bin"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(info, JSON.stringify(INFO));
    const program = join(ROOT, "dist", "node", "cli", "device", "main.js");
    const args = (output: string, ...password: string[]): string[] => [
      program,
      "provision",
      "--device-info",
      info,
      "--ssid",
      "net",
      ...password,
      "--output",
      output,
    ];
    const piped = spawnSync(process.execPath, args(one, "--password-file", "-"), {
      input: "eight888\r\n",
      encoding: "utf8",
    });
    assert.equal(piped.status, 0, piped.stderr);
    assert.equal(spawnSync(process.execPath, args(two, "--password", "eight888")).status, 0);
    assert.ok(readFileSync(one).equals(readFileSync(two)));
    const directory = openSync(folder, "r");
    const refused = spawnSync(process.execPath, args(one, "--password-file", "-"), {
      stdio: [directory, "pipe", "pipe"],
      encoding: "utf8",
    });
    closeSync(directory);
    assert.deepEqual([refused.status, refused.stderr], [2, "ota-device: cannot read standard input: it is a folder\n"]);
  }));

test("wrong input is one line without a secret, exit 2, and leaves no file", () =>
  withCommands(async (folder) => {
    const [info, output] = [join(folder, "device_info.json"), join(folder, "nvs.bin")];
    writeFileSync(info, JSON.stringify(INFO));
    const latin1 = join(folder, "latin1.txt");
    writeFileSync(latin1, Buffer.from("pässwörd 1\n", "latin1"));
    for (const [says, ...args] of [
      [/password needs --ssid/, "--password", "eight888"],
      [/8 to 63 bytes/, "--ssid", "net", "--password", "seven77"],
      [/8 to 63 bytes/, "--ssid", "net", "--password", ""],
      [/64 hexadecimal digits/, "--ssid", "net", "--password", "eight888".repeat(8)],
      [/64 hexadecimal digits/, "--ssid", "net", "--password", "ä".repeat(32)],
      [/latin1\.txt is not UTF-8/, "--ssid", "net", "--password-file", latin1],
      [
        /--password and --password-file are both given/,
        "--ssid",
        "net",
        "--password",
        "eight888",
        "--password-file",
        "x",
      ],
      [/cannot read .*none/, "--ssid", "net", "--password-file", join(folder, "none")],
      [/--ssid must have 1 to 32 bytes/, "--ssid", "ä".repeat(17)],
      [/broker URL is not/, "--broker", "http://x"],
      [/is not a certificate/, "--ca", info],
      [/whole pages/, "--size", "4096"],
    ] as const) {
      const { code, stdout, stderr } = await runCommand("device/main", [
        "provision",
        "--device-info",
        info,
        ...args,
        "--output",
        output,
      ]);
      assert.deepEqual([code, stdout], [2, ""], stderr);
      assert.match(stderr, says);
      assert.equal(stderr.trimEnd().split("\n").length, 1);
      assert.doesNotMatch(stderr, /eight888|seven77|MDEyMzQ1/);
    }
    assert.throws(() => statSync(output), /ENOENT/);
  }));

test("a password of 63 bytes, and a key of 64 hexadecimal digits, are taken", () =>
  withCommands(async (folder) => {
    const [info, output] = [join(folder, "device_info.json"), join(folder, "nvs.bin")];
    writeFileSync(info, JSON.stringify(INFO));
    for (const password of ["p".repeat(63), "0123456789abcdefABCDEF0123456789".repeat(2)]) {
      const args = ["--device-info", info, "--ssid", "net", "--password", password, "--output", output];
      assert.equal((await runCommand("device/main", ["provision", ...args])).code, 0);
      assert.ok(readFileSync(output).includes(password));
    }
  }));

test("a region that no board could start with is refused, unless the broker is given", () =>
  withCommands(async (folder) => {
    const [info, output] = [join(folder, "device_info.json"), join(folder, "nvs.bin")];
    writeFileSync(info, JSON.stringify({ ...INFO, region: "mars" }));
    const provision = ["provision", "--device-info", info, "--output", output];
    const { code, stdout, stderr } = await runCommand("device/main", provision);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /^ota-device: region mars is none of china, [^\n]+\n$/);
    assert.throws(() => statSync(output), /ENOENT/);
    assert.equal((await runCommand("device/main", [...provision, "--broker", "mqtt://192.168.0.2"])).code, 0);
  }));

test("firmware add warns of a file that holds a registered secret, names the device and what to do, and adds it all the same", () =>
  withCommands(async (folder) => {
    const state = ["--state", join(folder, "cloud")];
    const info = join(folder, "device_info.json");
    writeFileSync(info, JSON.stringify(INFO));
    assert.equal((await runCommand("cloud/main", ["device", "add", ...state, "--device-info", info])).code, 0);
    const add = async (name: string, content: string): ReturnType<typeof runCommand> => {
      writeFileSync(join(folder, name), content);
      return runCommand("cloud/main", [
        "firmware",
        "add",
        join(folder, name),
        ...state,
        "--product",
        "LIGHTS0001",
        "--version",
        "0.2.0",
        "--replace",
      ]);
    };
    const clean = await add("clean.bin", "an image for all devices");
    assert.deepEqual([clean.code, clean.stderr], [0, ""]);
    for (const form of [SECRET, "0123456789abcdef"]) {
      const tainted = await add("tainted.bin", `deviceSecret=${form};`);
      assert.equal(tainted.code, 0);
      assert.match(tainted.stdout, /^added version 0\.2\.0/);
      assert.match(
        tainted.stderr,
        /^warning: \S+tainted\.bin holds the secret of ABCDE12345\/light_01: a device that takes this update becomes that device; .*ota-device provision.*\n$/,
      );
      assert.ok(!tainted.stderr.includes(form));
    }
  }));
