import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { buildXsHost } from "../../hal/boards/xs/host/build.js";
import { DEVICE, SECRET } from "../support/test-bed.js";
import { withFolder } from "../support/folder.js";
import { installPackedTools, readPackage } from "../support/packed.js";
import { ROOT } from "../support/root.js";

test("agent and tools have one version", () => {
  assert.equal(readPackage("cli").version, readPackage().version);
});

test("the tools work as they are packed, with nothing but the packages that they depend on", async (t) => {
  await withFolder(async (folder) => {
    const installed = installPackedTools(folder);
    // Copies that packing made are removed again: the repository's commands run what was compiled last.
    assert.equal(existsSync(join(ROOT, "cli", "dist")), false);

    for (const name of ["ota-cloud", "ota-device"]) {
      await t.test(`${name} --help, --version`, () => {
        const program = join(installed, "bin", `${name}.js`);
        const run = (option: string) =>
          spawnSync(process.execPath, [program, option], { cwd: folder, encoding: "utf8" });
        const help = run("--help");
        assert.equal(help.stderr, "");
        assert.match(help.stdout, new RegExp(`^Usage: ${name} `));
        assert.equal(run("--version").stdout, `${readPackage("cli").version}\n`);
      });
    }

    const info = { auth_mode: "KEY", ...DEVICE, key_deviceinfo: { deviceSecret: SECRET }, region: "china" };
    writeFileSync(join(folder, "device_info.json"), JSON.stringify(info));

    await t.test("ota-device provision finds the length of the partition", () => {
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [
          join(installed, "bin", "ota-device.js"),
          "provision",
          "--device-info",
          "device_info.json",
          "--output",
          "nvs.bin",
        ],
        { cwd: folder, encoding: "utf8" },
      );
      assert.equal(status, 0, stderr);
      assert.match(stdout, /^nvs\.bin: [0-9]+ bytes for the partition nvs/);
    });

    await t.test("a cloud serves, and a board boots and connects to it", async () => {
      const options = ["serve", "--mqtt-port", "0", "--http-port", "0", "--console-port", "0", "--verbose"];
      const added = spawnSync(
        process.execPath,
        [join(installed, "bin", "ota-cloud.js"), "device", "add", "--device-info", "device_info.json"],
        { cwd: folder, encoding: "utf8" },
      );
      assert.equal(added.status, 0, added.stderr);
      const cloud = start(join(installed, "bin", "ota-cloud.js"), options, folder);
      try {
        const [url = ""] = await cloud.prints(/mqtt:\/\/127\.0\.0\.1:[0-9]+/);
        const [, page = ""] = await cloud.prints(/^console +(http:\/\/[^/]+)\/login#/m);
        for (const name of ["/", "/console.js", "/console.css", "/text-en.json", "/text-zh.json"]) {
          const { status, headers } = await fetch(`${page}${name}`, { headers: { Accept: "text/html, */*" } });
          assert.equal(status, 200, name);
          assert.equal(headers.get("Content-Type")?.startsWith("text/html"), name === "/", name);
        }
        const program = join(installed, "bin", "ota-device.js");
        const run = ["run", "--device-info", "device_info.json", "--state", "board", "--mqtt", url];
        const board = start(program, run, folder);
        try {
          await board.prints(/boots ota_0/);
          await cloud.prints(/0\.1\.0/);
        } finally {
          await board.end();
        }

        const onXs = [...run, "--state", "board-on-xs", "--engine", "xs", "--log", "debug"];
        const lacking = spawnSync(process.execPath, [program, ...onXs], { cwd: folder, encoding: "utf8" });
        assert.equal(lacking.status, 1);
        assert.match(lacking.stderr, /^ota-device: no sources of XS: run npm install .*@agoric\/xsnap.*\n$/);
        assert.equal(existsSync(join(folder, "board-on-xs")), false);
        mkdirSync(join(folder, "node_modules", "@agoric"));
        symlinkSync(join(ROOT, "node_modules", "@agoric", "xsnap"), join(folder, "node_modules", "@agoric", "xsnap"));
        // The same program: the package has all that it was made of. So nothing is compiled here.
        await buildXsHost();
        cpSync(join(ROOT, "dist", "xs-host"), join(installed, "dist", "xs-host"), { recursive: true });
        const chip = start(program, onXs, folder);
        try {
          await chip.prints(/^[^\n]* boots ota_0[\s\S]* published \{"type":"report_version"/);
        } finally {
          await chip.end();
        }
      } finally {
        await cloud.end();
      }
    });
  });
});

interface Started {
  /** Waits until the process has printed this, on standard output or standard error. */
  prints(words: RegExp): Promise<RegExpExecArray>;
  end(): Promise<void>;
}

function start(program: string, args: readonly string[], cwd: string): Started {
  const child = spawn(process.execPath, [program, ...args], { cwd, timeout: 60_000, killSignal: "SIGKILL" });
  let text = "";
  let look = (): void => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (bytes: Buffer) => {
      text += bytes.toString();
      look();
    });
  }
  const closed = new Promise<void>((resolve) => child.on("close", () => resolve()));
  return {
    prints: (words) =>
      new Promise((resolve, reject) => {
        look = () => {
          const found = words.exec(text);
          if (found !== null) resolve(found);
        };
        look();
        void closed.then(() => reject(new Error(`no ${words}\n${text}`)));
      }),
    end: () => {
      child.kill("SIGTERM");
      return closed;
    },
  };
}
