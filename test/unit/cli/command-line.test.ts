import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../support/root.js";
import { runCommand, withCommands } from "../../support/command.js";

const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { readonly version: string };

for (const [command, args, see] of [
  ["cloud/main", ["device", "add", "--wat"], "ota-cloud device add"],
  ["cloud/main", ["device", "bind"], "ota-cloud device bind"],
  ["cloud/main", ["device"], "ota-cloud device"],
  ["cloud/main", ["firmware", "nope"], "ota-cloud firmware"],
  ["cloud/main", [], "ota-cloud"],
  ["cloud/main", ["nope"], "ota-cloud"],
  ["device/main", ["image", "--size", "many"], "ota-device image"],
  ["device/main", ["run", "--state", "x"], "ota-device run"],
  ["start", ["--cut", "100"], "npm start --"],
] as const) {
  test(`${[command, ...args].join(" ")}: the error points at the help of that command`, async () => {
    const { code, stderr } = await runCommand(command, args);
    assert.equal(code, 2);
    assert.ok(stderr.endsWith(`; see ${see} --help\n`), stderr);
    assert.doesNotMatch(stderr, /\.;/);
    assert.equal(stderr.split("\n").length, 2);
  });
}

for (const command of ["cloud/main", "device/main", "start", "lin/main", "esp32/check", "esp32/flash"]) {
  test(`${command} --version prints the version of the package`, async () => {
    assert.deepEqual(await runCommand(command, ["--version"]), {
      code: 0,
      signal: null,
      stdout: `${version}\n`,
      stderr: "",
    });
  });
}

test("--version behind a subcommand that has such an option is that option", async () => {
  await withCommands(async (folder) => {
    const image = join(folder, "a.bin");
    assert.equal(
      (await runCommand("device/main", ["image", "--version", "7.8.9", "--size", "4096", "--output", image])).stdout,
      "",
    );
    assert.ok(readFileSync(image).includes("7.8.9"));
  });
});

test("every command that writes reports a folder that cannot be made in one line", async () => {
  await withCommands(async (folder) => {
    const file = join(folder, "file");
    const info = join(folder, "device_info.json");
    const image = join(folder, "a.bin");
    writeFileSync(file, "");
    const key_deviceinfo = { deviceSecret: "MTIzNDU2Nzg5MDEyMzQ1Ng==" };
    writeFileSync(
      info,
      JSON.stringify({ auth_mode: "KEY", productId: "ABCDE12345", deviceName: "board_01", key_deviceinfo }),
    );
    await runCommand("device/main", ["image", "--version", "1", "--size", "4096", "--output", image]);
    const below = join(file, "below");
    const added = ["--product", "ABCDE12345", "--name", "x"];
    const tries: readonly (readonly [command: string, args: readonly string[]])[] = [
      ["device/main", ["run", "--device-info", info, "--state", below]],
      ["device/main", ["flash", "--state", below, "--image", image]],
      ["device/main", ["image", "--version", "1", "--size", "4096", "--output", below]],
      ["device/main", ["provision", "--device-info", info, "--output", below]],
      ["cloud/main", ["device", "add", ...added, "--state", join(folder, "cloud"), "--output", below]],
      ["cloud/main", ["device", "add", ...added, "--state", below]],
      ["cloud/main", ["serve", "--state", below, "--mqtt-port", "0", "--http-port", "0"]],
    ];
    for (const [command, args] of tries) {
      const { code, stderr } = await runCommand(command, args);
      assert.equal(code, 2, `${args.join(" ")}: ${stderr}`);
      assert.match(
        stderr,
        /^ota-[a-z]+: [^\n]*(a part of the path is a file, not a folder|is not a folder that can be written: choose another)\n$/,
        args.join(" "),
      );
    }
  });
});
