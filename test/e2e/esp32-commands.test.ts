import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { STACK_SLOTS } from "../../hal/boards/esp32/stack.js";
import { withFolder } from "../support/folder.js";
import { ROOT } from "../support/root.js";

const HOST = process.platform === "darwin" ? "mac" : "lin";
const INFO = JSON.stringify({
  auth_mode: "KEY",
  productId: "ABCDE12345",
  deviceName: "light_01",
  key_deviceinfo: { deviceSecret: "MDEyMzQ1Njc4OWFiY2RlZg==" },
  region: "us-east",
});
const TLS = join(ROOT, "test", "fixtures", "tls");
const CERTIFICATE_INFO = JSON.stringify({
  auth_mode: "CERT",
  productId: "ABCDE12345",
  deviceName: "light_01",
  cert_deviceinfo: { devCertFile: join(TLS, "client.pem"), devPrivateKeyFile: join(TLS, "client-key.pem") },
  region: "china",
});

test("without the SDK both commands say in one line what to install, and exit 2", async () => {
  await withFolder((folder) => {
    const cases: readonly (readonly [env: NodeJS.ProcessEnv, says: RegExp])[] = [
      [{}, /MODDABLE is not set: install the Moddable SDK 8 or newer/],
      [{ MODDABLE: folder }, /no Moddable SDK 8 or newer/],
      [{ MODDABLE: sdk(join(folder, "old"), "7.3.0") }, /is 7\.3\.0: install 8 or newer/],
      [{ MODDABLE: sdk(join(folder, "bare"), "8.2.3", []) }, /mcconfig is not built: run make in/],
    ];
    for (const [env, says] of cases) {
      for (const [command, ...args] of [["check-esp32"], ["flash-esp32", "--device-info", "x", "--ssid", "y"]] as const) {
        assertUsage(run(command, args, env), says);
      }
    }
  });
});

test("an unknown board, and for flash a missing ESP-IDF or a device without a secret, are one line and exit 2", async () => {
  await withFolder((folder) => {
    const env = { MODDABLE: sdk(join(folder, "sdk")) };
    const info = file(join(folder, "device_info.json"), INFO);
    const certificate = file(join(folder, "cert.json"), CERTIFICATE_INFO);
    const flash = (...args: string[]): string[] => ["--ssid", "net", ...args];
    assertUsage(run("check-esp32", ["--board", "toaster"], env), /no board esp32\/toaster/);
    assertUsage(run("check-esp32", ["--board", "../targets/nodemcu"], env), /no board/);
    assertUsage(run("flash-esp32", flash("--device-info", info), env), /IDF_PATH is not set: install ESP-IDF v6\.0/);
    assertUsage(run("flash-esp32", flash("--device-info", info), { ...env, IDF_PATH: folder }), /which is no ESP-IDF/);
    assertUsage(run("flash-esp32", flash("--device-info", info), { ...env, IDF_PATH: idf(folder) }), /idf\.py does not run/);
    assertUsage(run("flash-esp32", flash("--device-info", certificate), env), /takes auth_mode KEY only/);
    assertUsage(run("flash-esp32", ["--device-info", info], env), /--ssid/);
  });
});

test("flash hands mcconfig the board, the identity and the Wi-Fi, each as one argument", async () => {
  await withFolder((folder) => {
    const said = join(folder, "said");
    const env = { MODDABLE: sdk(join(folder, "sdk"), "8.2.3", ["mcconfig", "xsc", "xsid", "xsl"], said), IDF_PATH: idf(folder) };
    const bin = join(folder, "bin");
    script(join(bin, "idf.py"), "exit 0");
    const info = file(join(folder, "device_info.json"), INFO);
    const path = { PATH: [bin, process.env["PATH"]].join(delimiter) };
    const args = ["--device-info", info, "--ssid", "my net", "--password", "a=b c", "--firmware-version", "0.2.0", "--port", "/dev/ttyX"];
    const { status, stderr } = run("flash-esp32", args, { ...env, ...path });
    assert.equal(status, 1, "the stand-in builds no image");
    assert.match(stderr, /mcconfig failed/);
    const [port, ...words] = readFileSync(said, "utf8").trimEnd().split("\n");
    assert.equal(port, "/dev/ttyX");
    assert.deepEqual(words.slice(0, 3), ["-m", "-p", "esp32/nodemcu"]);
    for (const word of [
      join(ROOT, "examples", "minimal", "manifest.json"),
      "productId=ABCDE12345",
      "deviceName=light_01",
      "deviceSecret=MDEyMzQ1Njc4OWFiY2RlZg==",
      "region=us-east",
      "version=0.2.0",
      "ssid=my net",
      "password=a=b c",
    ]) {
      assert.ok(words.includes(word), word);
    }
  });
});

test("a build that gives XS too little stack is one line that says what to set", async () => {
  await withFolder((folder) => {
    const MODDABLE = sdk(join(folder, "sdk"));
    const built = (stackSlots: number): Run => {
      script(join(MODDABLE, "build", "bin", HOST, "release", "mcconfig"), buildWith(stackSlots));
      return run("check-esp32", [], { MODDABLE });
    };
    const { status, stderr } = built(STACK_SLOTS - 1);
    assert.equal(status, 1, stderr);
    assert.match(stderr, new RegExp(`XS gets ${STACK_SLOTS - 1} slots of stack and TLS needs ${STACK_SLOTS}: set creation\\.stack to ${STACK_SLOTS}`));
    assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
    assert.doesNotMatch(built(STACK_SLOTS).stderr, /stack/);
  });
});

const { MODDABLE } = process.env;

test("the example links for an ESP32 by the SDK", { skip: MODDABLE === undefined && "MODDABLE is not set" }, () => {
  const { status, stdout, stderr } = run("check-esp32", [], { MODDABLE });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^rom +[0-9,]+ slots/m);
  assert.match(stdout, /^ok /m);
});

interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Run {
  const { MODDABLE: _moddable, IDF_PATH: _idf, ...rest } = process.env as { [name: string]: string };
  const program = join(ROOT, "dist", "node", "cli", `${command}.js`);
  return spawnSync(process.execPath, [program, ...args], { env: { ...rest, ...env }, encoding: "utf8" });
}

function assertUsage({ status, stdout, stderr }: Run, says: RegExp): void {
  assert.equal(status, 2, stderr);
  assert.match(stderr, says);
  assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
  assert.equal(stdout, "");
}

/** A folder that looks like an SDK; its tools write the port and their arguments to `said`, a line each. */
function sdk(folder: string, version = "8.2.3", tools = ["mcconfig", "xsc", "xsid", "xsl"], said = "/dev/null"): string {
  file(join(folder, "tools", "VERSION"), `${version}\n`);
  file(join(folder, "build", "devices", "esp32", "manifest.json"), '{ "build": { "EXPECTED_ESP_IDF": "v6.0" } }');
  file(join(folder, "build", "devices", "esp32", "targets", "nodemcu", "manifest.json"), "{}");
  for (const tool of tools) {
    script(join(folder, "build", "bin", HOST, "release", tool), `printf '%s\\n' "$UPLOAD_PORT" "$@" > '${said}'`);
  }
  return folder;
}

/** What mcconfig leaves, as far as it is read, of a machine with that many slots of stack. */
function buildWith(stackSlots: number): string {
  return `folder="$4/tmp/$2/release/minimal"
mkdir -p "$folder/xsProj-esp32"
printf 'CREATION = -c 1536,512,512,64,${stackSlots},32,32,53,3,1024,17,94208,main,0\\n%s/mc.xs.c:\\n\\ttouch $@\\n' "$folder" > "$folder/makefile"
touch "$folder/xsProj-esp32/sdkconfig.mc" "$folder/xsProj-esp32/partitions.csv"`;
}

function idf(folder: string): string {
  const path = join(folder, "idf");
  file(join(path, "components", "app_update", "include", "esp_ota_ops.h"), "");
  return path;
}

function script(path: string, command: string): void {
  file(path, `#!/bin/sh\n${command}\n`);
  chmodSync(path, 0o755);
}

function file(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}
