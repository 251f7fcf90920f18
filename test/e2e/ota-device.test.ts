import assert from "node:assert/strict";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { DEVICE, imageOf, SECRET } from "../support/test-bed.js";
import { Running, runCommand, withCommands } from "../support/command.js";
import { FaultServer } from "../support/fault-server.js";
import { assertSameBytes } from "../support/same-bytes.js";
import { REPEAT, SeededRandom } from "../support/seed.js";
import { TestPlatform } from "../support/test-platform.js";

const INFO = JSON.stringify({ auth_mode: "KEY", ...DEVICE, key_deviceinfo: { deviceSecret: SECRET }, region: "china" });

interface Place {
  readonly folder: string;
  readonly state: string;
  readonly platform: TestPlatform;
  readonly server: FaultServer;
  /** Arguments of a run. */
  readonly run: readonly string[];
}

async function withPlace(image: Uint8Array, body: (place: Place) => Promise<void>): Promise<void> {
  await withCommands(async (folder) => {
    const [platform, server] = [new TestPlatform(), new FaultServer(image)];
    await platform.start();
    await server.start();
    platform.pending = () => ({
      version: "0.2.0",
      url: `${server.url}?sign=${Math.random()}`,
      md5sum: server.md5,
      file_size: server.file.byteLength,
    });
    const info = join(folder, "device_info.json");
    writeFileSync(info, INFO);
    const state = join(folder, "state");
    const run = ["run", "--device-info", info, "--state", state, "--mqtt", platform.url, "--log", "debug"];
    try {
      await body({ folder, state, platform, server, run });
    } finally {
      await platform.stop();
      await server.stop();
    }
  });
}

/** Address of the slot that is written to. */
const OTA_1 = 0x1c0000;

/** @returns whether the first bytes at an address of the flash read as erased; there may be no flash yet */
function isBlank(state: string, address: number): boolean {
  const path = join(state, "flash.bin");
  if (!existsSync(path)) return true;
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(16, 0xff);
    readSync(file, bytes, 0, bytes.length, address);
    return bytes.every((byte) => byte === 0xff);
  } finally {
    closeSync(file);
  }
}

async function inspect(state: string): Promise<{
  running: { slot: string; version: string; state: string };
  slots: { [label: string]: { offset: number; size: number; version: string | null } };
  checkpoint: { phase: string } | null;
  subdevices: unknown[];
}> {
  const { code, stdout, stderr } = await runCommand("device/main", ["inspect", "--state", state, "--json"]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Awaited<ReturnType<typeof inspect>>;
}

test("run makes a board, updates it and stops on SIGTERM with 0", () =>
  withPlace(imageOf("0.2.0", 100 * 1024), async ({ folder, state, platform, server, run }) => {
    const device = new Running("device/main", run);
    await device.until("done", () => platform.words().at(-1) === "version 0.2.0");
    const live = await inspect(state);
    assert.deepEqual(live.running, { slot: "ota_1", version: "0.2.0", state: "valid" });
    const { code, stdout } = await device.kill("SIGTERM");
    assert.equal(code, 0);
    assert.equal(stdout, "");
    const report = await inspect(state);
    assert.deepEqual(Object.keys(report), [
      "chip",
      "flashBytes",
      "partitionTable",
      "otadata",
      "running",
      "slots",
      "security",
      "provisioning",
      "registration",
      "checkpoint",
      "subdevices",
      "plans",
      "components",
    ]);
    assert.deepEqual(report.slots["ota_0"], {
      offset: 0x20000,
      size: 0x1a0000,
      version: "0.1.0",
      secureVersion: 0,
    });
    assert.deepEqual([report.checkpoint, report.subdevices], [null, []]);
    const output = join(folder, "out.bin");
    const read = await runCommand("device/main", [
      "read",
      "--state",
      state,
      "--slot",
      "ota_1",
      "--length",
      String(server.file.byteLength),
      "--output",
      output,
    ]);
    assert.equal(read.code, 0, read.stderr);
    assertSameBytes(readFileSync(output), server.file);
  }));

test("SIGKILL is a power cut: the next run resumes, and no lock is left", () =>
  withPlace(imageOf("0.2.0", 512 * 1024), async ({ state, platform, server, run }) => {
    server.behaviours = [{ stallAfter: 300_000 }];
    const first = new Running("device/main", run);
    await first.until("the last whole block in flash", () => !isBlank(state, OTA_1 + 72 * 4096));
    const { signal } = await first.kill("SIGKILL");
    assert.equal(signal, "SIGKILL");
    assert.equal((await inspect(state)).checkpoint?.phase, "downloading");
    const second = new Running("device/main", run);
    await second.until("done", () => platform.words().at(-1) === "version 0.2.0");
    await second.kill("SIGINT");
    assert.equal(server.requests.length, 2);
    const start = Number(/^bytes=([0-9]+)-$/.exec(server.requests[1]?.headers.range ?? "")?.[1]);
    assert.ok(start >= 300_000 - 2 * 4096 && start <= 300_000, `resumed at ${start}`);
    assert.equal((await inspect(state)).running.version, "0.2.0");
  }));

test(`updates survive SIGKILL at random moments (${REPEAT})`, { timeout: 240_000 }, async () => {
  const random = new SeededRandom();
  for (let round = 0; round < 4; round++) {
    await withPlace(
      imageOf("0.2.0", 16 * random.integer(10_000, 60_000), round),
      async ({ state, platform, run, server }) => {
        for (let cut = random.integer(1, 4); cut > 0; cut--) {
          const device = new Running("device/main", run);
          await new Promise((resolve) => setTimeout(resolve, 100 + random.fraction() * 500));
          await device.kill("SIGKILL");
        }
        const last = new Running("device/main", run);
        const results = (): string[] => platform.words().filter((word) => word === "done" || word.startsWith("fail"));
        await last.until("an end", () => results().length > 0);
        await last.until("a settled board", () => /^version /.test(platform.words().at(-1) ?? ""));
        await last.kill("SIGTERM");
        const { running } = await inspect(state);
        assert.equal(new Set(results()).size, 1, `${platform.words().join()} ${REPEAT}`);
        assert.equal(running.version, results()[0] === "done" ? "0.2.0" : "0.1.0", REPEAT);
        assert.equal(running.state, "valid");
        assert.ok(server.requests.length > 0);
      },
    );
  }
});

test("a folder belongs to one device at a time", () =>
  withPlace(imageOf("0.2.0", 4096), async ({ state, platform, run }) => {
    const device = new Running("device/main", run);
    await device.until("version", () => platform.words().length > 0);
    const second = await runCommand("device/main", run);
    assert.equal(second.code, 2);
    assert.match(second.stderr, /^ota-device: .* is in use by a running device: stop it first\n$/);
    const flashed = await runCommand("device/main", ["flash", "--state", state, "--image", join(state, "flash.bin")]);
    assert.equal(flashed.code, 2);
    await device.kill("SIGKILL");
  }));

test("image and flash make a board of any version", () =>
  withCommands(async (folder) => {
    const [image, state] = [join(folder, "a.bin"), join(folder, "state")];
    const made = await runCommand("device/main", [
      "image",
      "--version",
      "7.7",
      "--size",
      "8192",
      "--seed",
      "3",
      "--output",
      image,
    ]);
    assert.equal(made.code, 0, made.stderr);
    assertSameBytes(readFileSync(image), imageOf("7.7", 8192, 3));
    assert.equal((await runCommand("device/main", ["flash", "--state", state, "--image", image])).code, 0);
    assert.deepEqual((await inspect(state)).running, { slot: "ota_0", version: "7.7", state: "undefined" });
    const text = await runCommand("device/main", ["inspect", "--state", state]);
    assert.match(text.stdout, /^running +ota_0 +version 7\.7/);
  }));

const bad: readonly (readonly [what: string, args: (folder: string) => string[], message: RegExp])[] = [
  ["no command", () => [], /no command/],
  ["an unknown command", () => ["fly"], /unknown command/],
  ["a missing option", () => ["run", "--state", "x"], /--device-info/],
  ["an unknown option", () => ["inspect", "--state", "x", "--fast"], /unknown option/],
  ["a missing file", (folder) => run(folder, { info: "nowhere.json" }), /cannot read .*nowhere\.json: no such file/],
  ["a file that is no JSON", (folder) => run(folder, { text: "{" }), /not JSON/],
  [
    "an unknown auth mode",
    (folder) => run(folder, { text: INFO.replace("KEY", "DNA") }),
    /auth_mode is neither KEY nor CERT/,
  ],
  ["a short product id", (folder) => run(folder, { text: INFO.replace("ABCDE12345", "ABC") }), /productId is not 10/],
  [
    "a secret that is no base64",
    (folder) => run(folder, { text: INFO.replace(SECRET, "not base64!") }),
    /deviceSecret is not base64/,
  ],
  ["a CERT identity without its files", (folder) => run(folder, { text: certInfo }), /cannot read .*device\.crt/],
  ["a URL that is none", (folder) => run(folder, { mqtt: "localhost:1883" }), /broker URL is not mqtt/],
  [
    "a CA that is none",
    (folder) => [...run(folder, {}), "--ca", join(folder, "device_info.json")],
    /is not a certificate/,
  ],
  [
    "a factory version with a slash",
    (folder) => [...run(folder, {}), "--factory-version", "1/2"],
    /--factory-version 1\/2/,
  ],
  ["a timeout in words", (folder) => [...run(folder, {}), "--idle-timeout", "soon"], /Not a number of seconds/],
  ["a timeout of 0", (folder) => [...run(folder, {}), "--idle-timeout", "0"], /--idle-timeout .*more than 0/],
  ["0 attempts", (folder) => [...run(folder, {}), "--max-attempts", "0"], /--max-attempts .*1 or more/],
  ["an unknown log level", (folder) => [...run(folder, {}), "--log", "loud"], /Allowed choices are/],
  [
    "a folder with something else in it",
    (folder) => run(folder, { state: "other" }),
    /neither empty nor the state of a board/,
  ],
  ["inspect of nothing", (folder) => ["inspect", "--state", join(folder, "none")], /holds no board/],
  ["a damaged flash", (folder) => ["inspect", "--state", join(folder, "damaged")], /flash\.bin: /],
  [
    "read of an unknown slot",
    (folder) => ["read", "--state", join(folder, "none"), "--slot", "x", "--length", "1", "--output", "y"],
    /holds no board/,
  ],
  [
    "flash of a text file",
    (folder) => ["flash", "--state", join(folder, "none"), "--image", join(folder, "device_info.json")],
    /not an ESP32 application image/,
  ],
  [
    "an image of an odd size",
    (folder) => ["image", "--version", "1", "--size", "1000", "--output", join(folder, "x")],
    /multiple of 16/,
  ],
  [
    "an image too small",
    (folder) => ["image", "--version", "1", "--size", "16", "--output", join(folder, "x")],
    /at least 336/,
  ],
  [
    "an image with a long version",
    (folder) => ["image", "--version", "1".repeat(33), "--size", "4096", "--output", join(folder, "x")],
    /1 to 32 visible ASCII/,
  ],
];

for (const [what, args, message] of bad) {
  test(`${what}: one clear line, exit code 2, nothing changed`, () =>
    withCommands(async (folder) => {
      writeFileSync(join(folder, "device_info.json"), INFO);
      for (const sub of ["other", "damaged"]) mkdirSync(join(folder, sub));
      writeFileSync(join(folder, "other", "diary.txt"), "dear");
      writeFileSync(join(folder, "damaged", "flash.bin"), Buffer.alloc(4096 * 16));
      const all = args(folder);
      const before = listing(folder);
      const { code, stdout, stderr } = await runCommand("device/main", all);
      assert.equal(code, 2, stderr);
      assert.equal(stdout, "");
      assert.match(stderr, /^ota-device: [^\n]+\n$/);
      assert.match(stderr, message);
      assert.deepEqual(listing(folder), before);
    }));
}

const certInfo = JSON.stringify({
  auth_mode: "CERT",
  ...DEVICE,
  cert_deviceinfo: { devCertFile: "device.crt", devPrivateKeyFile: "device.key" },
});

/** Arguments of a run; `text` becomes the content of its device_info.json. */
function run(folder: string, change: { info?: string; text?: string; mqtt?: string; state?: string }): string[] {
  const info = join(folder, change.info ?? "device_info.json");
  if (change.text !== undefined) writeFileSync(info, change.text);
  return [
    "run",
    "--device-info",
    info,
    "--state",
    join(folder, change.state ?? "state"),
    "--mqtt",
    change.mqtt ?? "mqtt://127.0.0.1:1",
  ];
}

function listing(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => `${name} ${statSync(join(folder, name)).size}`)
    .sort();
}

test("--help explains each command", async () => {
  for (const args of [
    ["--help"],
    ["run", "--help"],
    ["inspect", "--help"],
    ["read", "--help"],
    ["flash", "--help"],
    ["image", "--help"],
  ]) {
    const { code, stdout, stderr } = await runCommand("device/main", args);
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: ota-device/);
    assert.equal(stderr, "");
  }
});

test("an empty folder that exists is flashed, with the version asked for", () =>
  withPlace(imageOf("0.2.0", 4096), async ({ state, platform, run }) => {
    mkdirSync(state);
    platform.pending = undefined;
    const device = new Running("device/main", [...run, "--factory-version", "9.9.9"]);
    await device.until("version", () => platform.words().length > 0);
    assert.deepEqual(platform.words(), ["version 9.9.9"]);
    await device.kill("SIGTERM");
    assert.ok(existsSync(join(state, "flash.bin")));
  }));
