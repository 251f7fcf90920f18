import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { lstatSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { withFolder } from "../support/folder.js";
import { npm, packAgent, readPackage } from "../support/packed.js";

/** Bytes of the package, as packed and as installed: half as much again as it has. */
const PACKED_LIMIT = 1000 * 1024;
const INSTALLED_LIMIT = 2.75 * 1024 * 1024;

test("the agent installs no other package, and each of its addresses works in Node", async (t) => {
  await withFolder(async (folder) => {
    const file = packAgent(folder);
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "application", private: true }));
    // Offline, as there is nothing to fetch.
    const { status, stderr } = npm(["install", "--offline", "--no-audit", "--no-fund", `./${file}`], folder);
    assert.equal(status, 0, stderr);

    await t.test("nothing else is installed", () => {
      const installed = readdirSync(join(folder, "node_modules")).filter((name) => !name.startsWith("."));
      assert.deepEqual(installed, ["moddable-ota"]);
      const { dependencies, optionalDependencies, peerDependencies } = readPackage();
      assert.deepEqual([dependencies, optionalDependencies, peerDependencies], [undefined, undefined, undefined]);
      const packed = statSync(join(folder, file)).size;
      const bytes = sizeOf(join(folder, "node_modules", "moddable-ota"));
      t.diagnostic(`0 dependencies, ${packed} bytes packed, ${bytes} bytes installed`);
      assert.ok(packed < PACKED_LIMIT, `${packed} bytes packed`);
      assert.ok(bytes < INSTALLED_LIMIT, `${bytes} bytes installed`);
    });

    for (const [address, files] of Object.entries(readPackage().exports ?? {})) {
      const name = address.replace(".", "moddable-ota");
      if (files.default === undefined) continue;
      await t.test(`${name} can be imported`, () => {
        const { exported, errors } = exportedBy(name, folder);
        assert.equal(errors, "");
        assert.deepEqual(exported, WANTED[address], address);
      });
    }

    await t.test("a part that is imported from one address works with the agent from another", () => {
      const program = `
        import { OtaAgent, OtaError, createDevice } from "moddable-ota";
        import { gateway } from "moddable-ota/gateway";
        import { mqtt } from "moddable-ota/mqtt";
        import { plans } from "moddable-ota/plans";
        import { buildAppImage, createBoard, factoryFlash, openFlash, SimulatedBoard } from "moddable-ota/simulated-board";

        createBoard("board", factoryFlash(buildAppImage({ version: "0.1.0", byteLength: 8192, seed: 0 })));
        const authentication = { mode: "KEY", deviceSecret: "MDEyMzQ1Njc4OWFiY2RlZg==" };
        const identity = { productId: "ABCDE12345", deviceName: "board_01", authentication };
        const firmware = (modules) => {
          const device = createDevice(modules, () => {});
          const agent = new OtaAgent({ device, parts: { gateway, mqtt, plans }, config: { identity, gateway: {}, policy: {} } });
          try {
            new OtaAgent({ device, parts: { plans }, config: { identity, policy: { minBatteryPercent: 101 } } });
          } catch (error) {
            console.log(agent.version, agent.state, error instanceof OtaError, agent.mqtt.unsubscribe("a"));
          }
        };
        const flash = openFlash("board", "r+");
        const board = new SimulatedBoard({ flash, firmware, onDead: (error) => console.error(error) });
        board.powerOn();
        setTimeout(() => board.cutPower(), 100);
      `;
      const { stdout, stderr } = runModule(program, folder);
      assert.equal(stderr, "");
      assert.equal(stdout, "0.1.0 idle true false\n");
    });
  });
});

/** What an address exports at run time. */
const WANTED: { readonly [address: string]: readonly string[] } = {
  ".": ["HalError", "OtaAgent", "OtaError", "checkConfig", "createDevice", "parseDeviceInfo"],
  "./control": ["control"],
  "./gateway": ["gateway"],
  "./mqtt": ["mqtt"],
  "./plans": ["checkPolicy", "plans"],
  "./registration": ["parseRegistrationInfo", "register"],
  "./seal": ["seal"],
  "./packages": ["packages"],
  "./simulated-board": [
    "SecureVersionEfuse",
    "SimulatedBoard",
    "StateError",
    "buildAppImage",
    "createBoard",
    "factoryFlash",
    "holdsBoard",
    "openFlash",
  ],
};

function exportedBy(name: string, folder: string): { readonly exported: unknown; readonly errors: string } {
  const program = `console.log(JSON.stringify(Object.keys(await import(${JSON.stringify(name)})).sort()))`;
  const { stdout, stderr } = runModule(program, folder);
  return { exported: stdout === "" ? undefined : JSON.parse(stdout), errors: stderr };
}

function runModule(program: string, cwd: string): { readonly stdout: string; readonly stderr: string } {
  const args = ["--input-type=module", "--eval", program];
  return spawnSync(process.execPath, args, { cwd, encoding: "utf8", timeout: 30_000 });
}

function sizeOf(path: string): number {
  const status = lstatSync(path);
  if (!status.isDirectory()) return status.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}
