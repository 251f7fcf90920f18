import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Refusal } from "../../../../cloud/operator/types.js";
import { parseDeviceInfo } from "../../../../src/index.js";
import { PRODUCT } from "../../../support/fake-operator.js";
import { withServedOperator } from "../../../support/served-operator.js";

test("device add --count writes the identities into one file, for the user alone", async () => {
  await withServedOperator(async ({ operator, folder, run }) => {
    const output = join(folder, "lamps.jsonl");
    const args = ["device", "add", "--product", PRODUCT, "--count", "50", "--prefix", "lamp_", "--output", output];
    const { code, stdout, stderr } = await run(...args);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.equal(stdout, `registered 50 devices; their identities are in ${output}\n`);
    assert.equal(operator.deviceList.length, 50);
    assert.equal(statSync(output).mode & 0o777, 0o600);
    const lines = readFileSync(output, "utf8").trimEnd().split("\n");
    assert.equal(lines.length, 50);
    assert.equal(parseDeviceInfo(lines[49]!).deviceName, "lamp_50");
    const again = await run(...args);
    assert.deepEqual([again.code, again.stderr], [2, `ota-cloud: ${output} exists already: give another --output\n`]);
    assert.equal(operator.deviceList.length, 50);
  });
});

test("device add --names-file writes a folder of identities; a device that is known keeps its secret", async () => {
  await withServedOperator(async ({ operator, folder, run }) => {
    const known = { productId: PRODUCT, deviceName: "b" };
    await operator.addDevices([known], { name: "test", origin: "local" });
    const names = join(folder, "names.txt");
    writeFileSync(names, "a\r\n\r\nb\nc\n");
    const output = join(folder, "identities");
    const { code, stdout } = await run(
      ...["device", "add", "--product", PRODUCT, "--names-file", names, "--output-folder", output],
    );
    assert.equal(code, 0);
    assert.equal(
      stdout,
      `registered 2 devices; their identities are in ${output}; 1 were known already and keep their secrets\n`,
    );
    assert.deepEqual(readdirSync(output).sort(), ["a", "c"]);
    const file = join(output, "a", "device_info.json");
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(parseDeviceInfo(readFileSync(file, "utf8")).deviceName, "a");
  });
});

test("nothing is registered if the file cannot be written, and no file is left if nothing is registered", async () => {
  await withServedOperator(async ({ operator, folder, run }) => {
    const add = ["device", "add", "--product", PRODUCT, "--count", "2", "--prefix", "x"];
    const nowhere = await run(...add, "--output", join(folder, "none", "devices.jsonl"));
    assert.equal(nowhere.code, 2);
    assert.equal(operator.deviceList.length, 0);
    operator.addDeviceCount = () => Promise.reject(new Refusal("exists", "x1 exists already"));
    const output = join(folder, "devices.jsonl");
    const refused = await run(...add, "--output", output);
    assert.deepEqual([refused.code, refused.stderr], [2, "ota-cloud: x1 exists already\n"]);
    assert.equal(existsSync(output), false);
  });
});

test("wrong names and wrong combinations are refused before anything is asked", async () => {
  await withServedOperator(async ({ operator, folder, run }) => {
    const names = join(folder, "names.txt");
    const add = ["device", "add", "--product", PRODUCT];
    for (const [text, message] of [
      ["a b\n", /names\.txt: "a b" is no device name/],
      ["a\na\n", /has a name twice/],
      ["\n", /has no names/],
    ] as const) {
      writeFileSync(names, text);
      const { code, stderr } = await run(...add, "--names-file", names);
      assert.equal(code, 2);
      assert.match(stderr, message);
    }
    assert.match((await run(...add, "--count", "3")).stderr, /--count needs --prefix/);
    assert.match((await run(...add, "--count", "3", "--prefix", "x", "--name", "y")).stderr, /are for one device/);
    assert.match((await run(...add, "--name", "y", "--prefix", "x")).stderr, /for --count or --names-file/);
    assert.equal(operator.deviceList.length, 0);
  });
});

test("device list, remove and log", async () => {
  await withServedOperator(async ({ operator, run }) => {
    const device = { productId: PRODUCT, deviceName: "light_01" };
    await operator.addDevices([device, { ...device, deviceName: "light_02" }], { name: "test", origin: "local" });
    operator.event({ device, kind: "report", detail: { version: "1.0.0\u001b[2J" } });
    operator.event({ device: { ...device, deviceName: "light_02" }, kind: "other" });
    assert.match((await run("device", "list")).stdout, /^ABCDE12345\/light_01 {2}offline {2}no version/);
    const list = JSON.parse((await run("device", "list", "--text", "02", "--json")).stdout) as { deviceName: string }[];
    assert.deepEqual(
      list.map(({ deviceName }) => deviceName),
      ["light_02"],
    );
    const log = await run("device", "log", "--product", PRODUCT, "--name", "light_01");
    assert.equal(log.stdout, '2023-11-14T22:13:20.000Z  ABCDE12345/light_01  report  {"version":"1.0.0\\u001b[2J"}\n');
    assert.equal((await run("device", "remove", "--product", PRODUCT, "--name", "light_01")).code, 0);
    assert.equal(operator.deviceList.length, 1);
    const gone = await run("device", "log", "--product", PRODUCT, "--name", "light_01");
    assert.deepEqual([gone.code, gone.stderr], [2, "ota-cloud: there is no device ABCDE12345/light_01\n"]);
  });
});
