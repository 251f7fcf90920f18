import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { CHIPS, type Chip, ESP32, ESP32_C3, SDK_CHIPS, targetNameOf } from "../../hal/boards/family/chips.js";
import { buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import { inspectFlash } from "../../hal/boards/sim/inspect.js";
import { factoryFlash } from "../../hal/boards/sim/state-dir.js";
import { heapOf } from "../../hal/boards/xs/heap.js";
import { XsSdk } from "../../hal/boards/xs/host/sdk.js";
import { ChipEngine } from "../support/chip-engine.js";
import { type Ended, Running, runCommand, withCommands } from "../support/command.js";
import { type Engine, NODE } from "../support/engines.js";
import { FaultServer } from "../support/fault-server.js";
import { bytesOf } from "../support/power-cuts.js";
import { resealImage } from "../support/resealed-image.js";
import { assertSameBytes } from "../support/same-bytes.js";
import { SECURED, type Secured, startSecured } from "../support/secured-test-bed.js";
import { DEVICE, SECRET } from "../support/test-bed.js";
import { TestPlatform } from "../support/test-platform.js";
import { TlsKeys } from "../support/tls-records.js";

const INFO = JSON.stringify({ auth_mode: "KEY", ...DEVICE, key_deviceinfo: { deviceSecret: SECRET }, region: "china" });
/** The first run on a machine compiles the engine. */
const BUILD_MS = 300_000;
/** Longest run of a command that is to end by itself. */
const RUN_MS = 60_000;
const LENGTH = String(96 * 1024);

interface Place {
  readonly state: string;
  readonly platform: TestPlatform;
  /** A path in the test's folder. */
  at(name: string): string;
  /** Makes an image by the command, and serves and offers it to the board. */
  offer(version: string, chip: Chip): Promise<void>;
  run(...options: readonly string[]): Running;
  report(): Promise<{ readonly chip: { readonly name: string }; readonly running: { readonly version: string } }>;
}

function withPlace(body: (place: Place) => Promise<void>): Promise<void> {
  return withCommands(async (folder) => {
    const at = (name: string): string => join(folder, name);
    const platform = new TestPlatform();
    const servers: FaultServer[] = [];
    await platform.start();
    writeFileSync(at("info.json"), INFO);
    const state = at("state");
    const always = ["run", "--device-info", at("info.json"), "--state", state, "--mqtt", platform.url];
    try {
      await body({
        state,
        platform,
        at,
        offer: async (version, chip) => {
          await image(version, chip, at("image.bin"));
          const server = new FaultServer(readFileSync(at("image.bin")));
          servers.push(server);
          await server.start();
          const { url, md5, file } = server;
          platform.pending = () => ({ version, url, md5sum: md5, file_size: file.byteLength });
        },
        run: (...options) => new Running("device/main", [...always, ...options]),
        report: async () => JSON.parse(await succeed("inspect", "--state", state, "--json")),
      });
    } finally {
      await platform.stop();
      for (const server of servers) await server.stop();
    }
  });
}

async function succeed(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand("device/main", args);
  assert.equal(code, 0, stderr);
  return stdout;
}

async function image(version: string, chip: Chip, output: string): Promise<void> {
  const options = ["--version", version, "--size", LENGTH, "--chip", targetNameOf(chip), "--output", output];
  await succeed("image", ...options);
}

function assertRefused({ code, stderr, stdout }: Ended, says: string): void {
  assert.equal(code, 2, stderr);
  assert.equal(stdout, "");
  assert.equal(stderr, `ota-device: ${says}\n`);
}

/** Another chip than this one. */
const otherThan = (chip: Chip): Chip => (chip === ESP32 ? ESP32_C3 : ESP32);

describe("a new board has the chip that was asked for, stays that chip, and refuses an image for another one", () => {
  for (const chip of SDK_CHIPS) {
    test(chip.name, { timeout: RUN_MS }, () =>
      withPlace(async ({ state, platform, at, offer, run, report }) => {
        const other = otherThan(chip);
        await offer("0.2.0", other);
        const device = run("--chip", targetNameOf(chip));
        await device.until("refusal", () => platform.words().some((word) => word.startsWith("fail")));
        assert.equal((await device.kill("SIGTERM")).code, 0);
        const fault = `fail -5 image for ${other.name}, this is ${chip.name}`;
        assert.ok(platform.words().includes(fault), platform.words().join("\n"));

        const stays = `${state} is a board with ${chip.name}, not with ${other.name}: choose another folder`;
        assertRefused(await run("--chip", other.name).ended, stays);
        assertRefused(await runCommand("device/main", ["flash", "--state", state, "--image", at("image.bin")]), stays);
        const { chip: held, running } = await report();
        assert.deepEqual([held.name, running.version], [chip.name, "0.1.0"]);
      }),
    );
  }
});

/** A whole update of a board with this chip, to an image that the command has made for it. */
function update(chip: Chip, engine: Engine, secured?: Secured): Promise<void> {
  return withCommands(async (folder) => {
    await image("0.2.0", chip, join(folder, "image.bin"));
    const file = new Uint8Array(readFileSync(join(folder, "image.bin")));
    const bed = await startSecured({ engine, chip, image: file, secured, keys: new TlsKeys() });
    try {
      await bed.update();
      assert.deepEqual(bed.slots().running, { slot: "ota_1", version: "0.2.0", state: "valid" });
      assert.equal(inspectFlash(bed.flash).chip.name, chip.name);
      assertSameBytes(bed.slot("ota_1", file.byteLength), file);
    } finally {
      await bed.stop();
    }
  });
}

describe("the agent updates the simulated board of each chip", () => {
  for (const chip of SDK_CHIPS) test(chip.name, () => update(chip, NODE));
});

describe("on XS, in the heap and stack of its chip, a board is updated over TLS", () => {
  for (const chip of SDK_CHIPS) {
    test(chip.name, { timeout: BUILD_MS }, async () => {
      const engine = await ChipEngine.create({ heap: heapOf(chip) });
      await update(chip, engine, SECURED);
    });
  }
});

const { MODDABLE } = process.env;

describe("and so it is with the SDK's own TLS, which is in the same heap and stack", {
  skip: MODDABLE === undefined && "MODDABLE is not set",
}, () => {
  for (const chip of SDK_CHIPS) {
    test(chip.name, { timeout: BUILD_MS }, async () => {
      const sdk = XsSdk.find({ MODDABLE });
      await update(chip, await ChipEngine.create({ heap: heapOf(chip), sdk, realTime: true }), SECURED);
    });
  }
});

test(
  "the engine of an ESP32-C3 has one block for slots and chunks, and its panic reports how large",
  {
    timeout: BUILD_MS,
  },
  () =>
    withPlace(async ({ at, run }) => {
      const list = Array.from({ length: 1000 }, (_, index) => ({
        productId: DEVICE.productId,
        deviceName: `light${index}`,
        version: "1.0.0",
      }));
      writeFileSync(at("subdevices.json"), JSON.stringify(list));
      const device = run("--chip", "esp32c3", "--engine", "xs", "--subdevices", at("subdevices.json"));
      await device.until("panic", () => /panic: memory full/.test(device.stderr), BUILD_MS);
      const bytes = heapOf(ESP32_C3).shared?.byteLength;
      assert.match(
        device.stderr,
        new RegExp(`panic: memory full: \\d+ slots and \\d+ bytes of chunks in use of ${bytes} bytes for both`),
      );
      await device.kill("SIGTERM");
    }),
);

test("XS refuses a chip that the SDK has no target with, before anything is written", { timeout: RUN_MS }, () =>
  withPlace(async ({ state, run }) => {
    for (const chip of CHIPS.filter(({ sdk }) => sdk === undefined)) {
      assertRefused(
        await run("--chip", chip.name, "--engine", "xs").ended,
        `--engine xs has no ${chip.name}: the Moddable SDK has targets with ${SDK_CHIPS.map(({ name }) => name).join(", ")}`,
      );
    }
    assert.equal(existsSync(state), false);
    assertRefused(
      await run("--chip", "esp8266").ended,
      `--chip esp8266 is none of ${CHIPS.map(({ name }) => name).join(", ")}`,
    );
  }),
);

test("a flash whose boot loader is of another chip than its image does not boot, and both are named", () =>
  withPlace(async ({ state, at }) => {
    const flash = bytesOf(factoryFlash(buildAppImage({ version: "1.0", byteLength: 4096, seed: 1 })));
    const loader = Buffer.from(buildAppImage({ version: "1.0", byteLength: 4096, seed: 1, chipId: ESP32_C3.id }));
    loader.writeUInt32LE(0x50, 32); // It has no application descriptor.
    flash.set(resealImage(loader), 0);
    writeFileSync(at("flash.bin"), flash);
    const { code, stderr } = await runCommand("device/main", ["flash", "--state", state, "--image", at("flash.bin")]);
    assert.equal(code, 2);
    assert.match(stderr, /no slot holds a bootable image: ota_0: image for ESP32, this is ESP32-C3; ota_1: /);
  }));
