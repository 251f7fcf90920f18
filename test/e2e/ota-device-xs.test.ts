import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Running, runCommand, withCommands } from "../support/command.js";
import { FaultServer } from "../support/fault-server.js";
import { GatewayPlatform, PRODUCT } from "../support/sub-device-test-bed.js";
import { DEVICE, imageOf, SECRET } from "../support/test-bed.js";
import type { TestOffer } from "../support/test-platform.js";

const KIB = 1024;
const INFO = JSON.stringify({ auth_mode: "KEY", ...DEVICE, key_deviceinfo: { deviceSecret: SECRET }, region: "china" });
/** The first run on a machine compiles the engine. */
const BUILD_MS = 300_000;

interface Place {
  readonly state: string;
  readonly platform: GatewayPlatform;
  readonly server: FaultServer;
  /** Powers the same board on. */
  run(engine: "node" | "xs", ...options: readonly string[]): Running;
  /** Writes a file. @returns its path */
  file(name: string, content: unknown): string;
  offer(version: string): TestOffer;
}

function withPlace(byteLength: number, body: (place: Place) => Promise<void>): Promise<void> {
  return withCommands(async (folder) => {
    const [platform, server] = [new GatewayPlatform(), new FaultServer(imageOf("0.2.0", byteLength))];
    await platform.start();
    await server.start();
    const file = (name: string, content: unknown): string => {
      writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
      return join(folder, name);
    };
    const state = join(folder, "state");
    const always = ["run", "--device-info", file("info.json", INFO), "--state", state, "--mqtt", platform.url];
    try {
      await body({
        state,
        platform,
        server,
        file,
        run: (engine, ...options) => new Running("device/main", [...always, "--engine", engine, ...options]),
        offer: (version) => ({
          version,
          url: `${server.url}?sign=${Math.random()}`,
          md5sum: server.md5,
          file_size: server.file.byteLength,
        }),
      });
    } finally {
      await platform.stop();
      await server.stop();
    }
  });
}

async function inspect(state: string): Promise<{
  running: object;
  checkpoint: object | null;
  subdevices: { deviceName: string; version: string }[];
  components: { id: string; version: string }[];
  plans: { decisions: string[] }[];
}> {
  const { code, stdout, stderr } = await runCommand("device/main", ["inspect", "--state", state, "--json"]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Awaited<ReturnType<typeof inspect>>;
}

test(
  "on XS a board with a policy, a self test and an MCU is updated, and stops on SIGTERM with 0",
  {
    timeout: BUILD_MS,
  },
  () =>
    withPlace(128 * KIB, async ({ state, platform, run, file, offer }) => {
      const policy = file("policy.json", { minBatteryPercent: 50, recheckSeconds: 0.05 });
      const vitals = file("vitals.json", { batteryPercent: 20, signalDbm: -60 });
      const extras = ["--policy", policy, "--vitals", vitals, "--self-test", "ok"];
      const device = run("xs", ...extras, "--component", "id=mcu,version=1.0.0,pause=0.001");
      await device.until("version", () => platform.words().includes("version 0.1.0"), BUILD_MS);
      platform.offer(DEVICE, offer("0.2.0"));
      await device.until("a plan that waits", () => /battery/.test(device.stderr));
      assert.deepEqual((await inspect(state)).running, { slot: "ota_0", version: "0.1.0", state: "valid" });
      file("vitals.json", { batteryPercent: 80, signalDbm: -60 });
      await device.until("done", () => platform.words().includes("version 0.2.0"));
      platform.offer(DEVICE, offer("mcu_2.0.0"));
      await device.until("MCU", () => platform.words().includes("version mcu_2.0.0"));
      const { code, stdout, stderr } = await device.kill("SIGTERM");
      assert.deepEqual([code, stdout], [0, ""], stderr);
      const { running, checkpoint, components } = await inspect(state);
      assert.deepEqual(running, { slot: "ota_1", version: "0.2.0", state: "valid" });
      assert.equal(checkpoint, null);
      assert.deepEqual(
        components.map(({ id, version }) => `${id} ${version}`),
        ["mcu 2.0.0"],
      );
    }),
);

test(
  "a folder is Node's and XS's by turns: each goes on where a power cut ended the other",
  { timeout: BUILD_MS },
  () =>
    withPlace(600 * KIB, async ({ state, platform, server, run, offer }) => {
      platform.pending = () => offer("0.2.0");
      const cuts = [100, 200, 300, 400].map((kib) => kib * KIB);
      server.behaviours = cuts.map((bytes, index) => ({ stallAfter: bytes - (cuts[index - 1] ?? 0) }));
      const engines = ["xs", "node", "xs", "node", "xs"] as const;
      for (const [index, engine] of engines.entries()) {
        const device = run(engine, "--log", "debug");
        if (index < cuts.length) {
          await device.until(
            "bytes",
            () => server.requests.length > index && server.bodyBytes >= (cuts[index] ?? 0) - 8 * KIB,
          );
          await new Promise((resolve) => setTimeout(resolve, 1000));
          await device.kill("SIGKILL");
          continue;
        }
        await device.until("done", () => platform.words().at(-1) === "version 0.2.0");
        assert.equal((await device.kill("SIGINT")).code, 0);
      }
      const starts = server.requests.map(({ headers }) =>
        Number(/^bytes=([0-9]+)-$/.exec(headers.range ?? "")?.[1] ?? 0),
      );
      assert.equal(starts.length, engines.length);
      for (const [index, start] of starts.entries()) {
        assert.ok(start <= (cuts[index - 1] ?? 0) && (index === 0 || start > (starts[index - 1] ?? 0)), starts.join());
      }
      assert.deepEqual((await inspect(state)).running, { slot: "ota_1", version: "0.2.0", state: "valid" });
    }),
);

test("a gateway on XS updates its sub-devices, also after a power cut", { timeout: BUILD_MS }, () =>
  withPlace(256 * KIB, async ({ state, platform, server, run, file, offer }) => {
    const names = ["light1", "light2"];
    const list = names.map((deviceName) => ({ productId: PRODUCT, deviceName, version: "1.0.0" }));
    for (const name of names) platform.pendingFor.set(`${PRODUCT}/${name}`, () => offer("2.0.0"));
    server.behaviours = [{ stallAfter: 100 * KIB }];
    const options = ["--subdevices", file("subdevices.json", list)];
    const first = run("xs", ...options);
    await first.until("bytes", () => server.bodyBytes >= 90 * KIB, BUILD_MS);
    await first.kill("SIGKILL");
    const second = run("xs", ...options);
    const words = (deviceName: string): string[] => platform.wordsOf({ productId: PRODUCT, deviceName });
    await second.until("both", () => names.every((name) => words(name).at(-1) === "version 2.0.0"));
    assert.equal((await second.kill("SIGTERM")).code, 0);
    const { subdevices } = await inspect(state);
    assert.deepEqual(
      subdevices.map(({ deviceName, version }) => `${deviceName} ${version}`),
      names.map((name) => `${name} 2.0.0`),
    );
    assert.equal(server.requests.length, 2);
  }),
);

test(
  "an engine without memory is a panic: it says so, the board restarts, and the run ends with 1",
  {
    timeout: BUILD_MS,
  },
  () =>
    withPlace(4 * KIB, async ({ run, file }) => {
      const list = Array.from({ length: 1000 }, (_, index) => ({
        productId: PRODUCT,
        deviceName: `light${index}`,
        version: "1.0.0",
      }));
      const device = run("xs", "--subdevices", file("subdevices.json", list));
      const count = (words: RegExp): number => [...device.stderr.matchAll(words)].length;
      await device.until("second panic", () => count(/ error board {2}panic: memory full: /g) >= 2, BUILD_MS);
      assert.match(
        device.stderr,
        /panic: memory full: [0-9]+ of 4814 slots and [0-9]+ of 788[0-9]{2} bytes of chunks in use\n/,
      );
      assert.ok(count(/boots ota_0/g) >= 2);
      assert.equal((await device.kill("SIGTERM")).code, 1);
    }),
);
