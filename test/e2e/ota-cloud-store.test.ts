import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Ended, Running, runCommand, withCommands } from "../support/command.js";
import { KEYS, ObjectStore } from "../support/object-store/object-store.js";

const PRODUCT = "ABCDE12345";
const IMAGE = Buffer.from("image of a lamp");
const MD5 = createHash("md5").update(IMAGE).digest("hex");
const PORTS = ["--mqtt-port", "0", "--http-port", "0", "--console-port", "0"];

async function well(args: readonly string[]): Promise<Ended> {
  const ended = await runCommand("cloud/main", args);
  assert.equal(ended.code, 0, ended.stderr);
  return ended;
}

async function serving(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Running> {
  const running = new Running("cloud/main", ["serve", ...PORTS, ...args], environment);
  await running.until("its addresses", () => running.stdout.includes("console"));
  return running;
}

test("firmware moves into a store beside a running cloud, which then runs on it by a file of settings", () =>
  ObjectStore.run((store) =>
    withCommands(async (folder) => {
      const state = ["--state", join(folder, "cloud")];
      const image = join(folder, "image.bin");
      writeFileSync(image, IMAGE);
      const { keysFile = "" } = store.settings(folder);
      const files = ["--files", store.location(), "--files-keys", keysFile];
      await well([
        "device",
        "add",
        ...state,
        "--product",
        PRODUCT,
        "--name",
        "d1",
        "--output",
        join(folder, "d1.json"),
      ]);
      await well(["firmware", "add", image, ...state, "--product", PRODUCT, "--version", "2.0.0"]);

      const before = await serving(state);
      const copied = await well(["files", "copy", ...state, ...files]);
      assert.match(copied.stdout, new RegExp(`^${MD5} 15 bytes copied\n1 file copied to http.*, 0 were there`));
      assert.match((await well(["files", "copy", ...state, ...files])).stdout, /^0 files copied to .*, 1 were there/);
      await before.kill("SIGTERM");

      const settings = join(folder, "settings.yaml");
      writeFileSync(settings, `state: ${state[1]}\nfiles: ${store.location()}\nfiles-keys: ${keysFile}\n`);
      const after = await serving(["--config", settings, "--url-lifetime", "120"]);
      const environment = ["--config", settings];
      const printed = await well(["url", ...state, "--product", PRODUCT, "--version", "2.0.0"]);
      assert.deepEqual(Buffer.from(await (await fetch(printed.stdout.trim())).arrayBuffer()), IMAGE);
      const fault = await runCommand("cloud/main", ["fault", "add", "cut", "--bytes", "5", ...state]);
      assert.match(fault.stderr, /needs the cloud's own file server/);
      const plan = join(folder, "plan.json");
      writeFileSync(
        plan,
        JSON.stringify({ name: "p", product: PRODUCT, version: "2.0.0", devices: ["d1"], override: "test" }),
      );
      const id = (await well(["plan", "create", ...environment, "--file", plan])).stdout.split("\n")[0] ?? "";
      await well(["plan", "activate", id, ...environment]);
      const stopped = await well(["plan", "stop", id, ...environment]);
      assert.match(stopped.stdout, /its URLs are those of a store, and cannot be taken back: they live until/);
      await after.kill("SIGTERM");

      const without = await runCommand("cloud/main", ["serve", ...PORTS, ...state]);
      assert.equal(without.code, 2);
      assert.match(without.stderr, /the files of this state are in http.*: name it by --files/);
      assert.ok(![after.stdout, after.stderr, copied.stdout].join().includes(KEYS.secretAccessKey));
    }),
  ));

test("keys that the store refuses end serve at once, with what to look at, and never with the key", () =>
  ObjectStore.run((store) =>
    withCommands(async (folder) => {
      const keysFile = join(folder, "keys");
      writeFileSync(keysFile, `${KEYS.accessKeyId}\ntopsecret\n`);
      const place = ["--files", store.location(), "--files-keys", keysFile];
      const ended = await runCommand("cloud/main", ["serve", ...PORTS, "--state", join(folder, "cloud"), ...place]);
      assert.equal(ended.code, 2);
      assert.match(
        ended.stderr,
        /^ota-cloud: the store of the files refuses the keys \(SignatureDoesNotMatch\): look at/,
      );
      assert.ok(!ended.stderr.includes("topsecret"));
    }),
  ));
