import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Running, runCommand, withCommands } from "../support/command.js";
import { imageOf } from "../support/test-bed.js";

const PRODUCT = "ABCDE12345";

async function cloud(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand("cloud/main", args);
  assert.equal(code, 0, stderr);
  return stdout + stderr;
}

interface Place {
  readonly folder: string;
  /** Options of a cloud's command. */
  readonly cloudState: readonly string[];
  readonly info: string;
  readonly board: string;
  readonly server: Running;
  /** What the product's secret is. */
  readonly productSecret: string;
  /** Arguments of a run. */
  run(engine?: string): Promise<Running>;
  inspect(): Promise<{ readonly text: string; readonly registration: object | null }>;
}

/** A cloud whose product has this registration, and the device_info.json of a fresh board. */
async function withPlace(registration: readonly string[], body: (place: Place) => Promise<void>): Promise<void> {
  await withCommands(async (folder) => {
    const [state, board, info] = ["cloud", "board", "device_info.json"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const cloudState = ["--state", state, "--product", PRODUCT];
    await cloud("product", "set", ...cloudState, ...registration, "--name", "light_01", "--output", info);
    const ports = ["--mqtt-port", "0", "--http-port", "0", "--console-port", "0"];
    const server = new Running("cloud/main", ["serve", "--state", state, ...ports, "--verbose"]);
    await server.until("its addresses", () => server.stdout.includes("console"));
    const address = (name: string): string => new RegExp(`${name} +(\\S+)`).exec(server.stdout)?.[1] ?? "";
    const { productSecret } = JSON.parse(readFileSync(info, "utf8")) as { productSecret: string };
    const inspected = ["inspect", "--state", board];
    await body({
      folder,
      cloudState,
      info,
      board,
      server,
      productSecret,
      run: async (engine = "node") => {
        const urls = ["--mqtt", address("broker"), "--register-url", address("files")];
        const how = ["--device-info", info, "--state", board, "--engine", engine, "--log", "debug"];
        return new Running("device/main", ["run", ...how, ...urls]);
      },
      inspect: async () => {
        const { stdout: text } = await runCommand("device/main", inspected);
        const { stdout } = await runCommand("device/main", [...inspected, "--json"]);
        const { registration: found } = JSON.parse(stdout) as { registration: object | null };
        return { text: text + stdout, registration: found };
      },
    });
  });
}

for (const engine of ["node", "xs"]) {
  test(`a fresh board registers itself, updates, and asks nobody after a restart, on ${engine}`, () => lives(engine));
}

/** Also the update's restart in between is one after which nobody is asked. */
function lives(engine: string): Promise<void> {
  return withPlace(["--registration", "any"], async (place) => {
    const { folder, cloudState, server, productSecret } = place;
    for (const version of ["0.1.0", "0.2.0"]) {
      const image = join(folder, `${version}.bin`);
      writeFileSync(image, imageOf(version, 64 * 1024));
      await cloud("firmware", "add", image, ...cloudState, "--version", version);
    }
    await cloud("upgrade", ...cloudState, "--version", "0.2.0", "--from", "0.1.0");
    const device = await place.run(engine);
    await device.until("an update", () => device.stderr.includes("version 0.2.0: done"));
    const { stderr } = await device.kill("SIGTERM");
    assert.match(stderr, new RegExp(`registration +${PRODUCT}/light_01 is registered`));
    assert.match(stderr, /boots ota_1/);
    const registrations = (): number => server.stdout.split(`${PRODUCT}/light_01 registered`).length - 1;
    assert.equal(registrations(), 1);

    const again = await place.run(engine);
    await again.until("connection", () => again.stderr.includes("connected"));
    const ended = await again.kill("SIGTERM");
    assert.equal(registrations(), 1);
    const { text, registration } = await place.inspect();
    assert.deepEqual(registration, { productId: PRODUCT, deviceName: "light_01" });
    assert.match(text, new RegExp(`^registered +${PRODUCT}/light_01`, "m"));
    for (const said of [text, stderr, ended.stderr, server.stdout, server.stderr]) {
      assert.ok(!said.includes(productSecret));
      assert.doesNotMatch(said, /deviceSecret|[A-Za-z0-9+/]{22}==/);
    }
  });
}

for (const engine of ["node", "xs"]) {
  test(`a board that has connected and loses its record is refused, in the platform's words, on ${engine}`, () =>
    loses(engine));
}

function loses(engine: string): Promise<void> {
  return withPlace(["--registration", "any"], async (place) => {
    const { board, server } = place;
    const first = await place.run();
    await first.until("connection", () => first.stderr.includes("connected"));
    await first.kill("SIGTERM");
    // The board is flashed anew: its record is gone, but the platform knows it.
    await runCommand("device/main", ["flash", "--state", board, "--image", flashable(place.folder)]);
    const device = await place.run(engine);
    const { code, stderr } = await device.ended;
    assert.equal(code, 1);
    assert.match(stderr, /platform refuses: FailedOperation\.DeviceActivated: this device has connected already/);
    assert.match(server.stdout, /light_01 not registered: FailedOperation\.DeviceActivated/);
    assert.equal((await place.inspect()).registration, null);
  });
}

test("a device that was added gets the secret that it was added with; one that was not is refused", () =>
  withPlace(["--registration", "listed"], async (place) => {
    const { cloudState, folder, info } = place;
    const refused = await place.run();
    assert.equal((await refused.ended).code, 1);
    assert.match(refused.stderr, /ResourceNotFound\.DeviceNotExist/);
    const listed = join(folder, "listed.json");
    await cloud("device", "add", ...cloudState, "--name", "light_01", "--output", listed);
    const device = await place.run();
    await device.until("connection", () => device.stderr.includes("connected"));
    await device.kill("SIGTERM");
    assert.ok(readFileSync(info, "utf8").includes('"deviceSecret": "YOUR_IOT_PSK"'), "the file is not written to");
  }));

test("an image with the product's secret is warned of", () =>
  withPlace(["--registration", "any"], async ({ folder, cloudState, productSecret }) => {
    const image = join(folder, "secret.bin");
    writeFileSync(image, Buffer.concat([Buffer.alloc(100), Buffer.from(productSecret)]));
    const said = await cloud("firmware", "add", image, ...cloudState, "--version", "0.3.0");
    assert.match(said, new RegExp(`warning: .* holds the secret of product ${PRODUCT}:`));
    assert.ok(!said.includes(productSecret));
  }));

function flashable(folder: string): string {
  const path = join(folder, "factory.bin");
  writeFileSync(path, imageOf("0.1.0", 4096));
  return path;
}
