import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { Running, runCommand, withCommands } from "../support/command.js";
import { ACTOR, FleetBed, md5Of, PRODUCT, type RawDevice } from "../support/fleet-bed.js";
import { newKey, sealedImage } from "../support/sealing.js";

const DEVICE = "board_01";

interface Inspected {
  readonly running: { readonly version: string };
  readonly security: { readonly floor: number; readonly stored: number | null; readonly running: number };
}

/** A cloud and a board, each as its own command; keys and files are in one folder. */
class Desk {
  readonly #folder: string;
  #mqtt = "";
  #board: Running | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  file(name: string): string {
    return join(this.#folder, name);
  }

  async cloud(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await runCommand("cloud/main", args);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  async device(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await runCommand("device/main", args);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  async begin(...keys: readonly string[]): Promise<void> {
    const state = ["--state", this.file("cloud")];
    for (const key of keys) await this.cloud("key", "new", key, "--output", this.#folder);
    writeFileSync(this.file("devices.txt"), `${DEVICE}\n`);
    const names = ["--product", PRODUCT, "--name", DEVICE, "--output", this.file("device_info.json")];
    await this.cloud("device", "add", ...names, ...state);
    const ports = ["--mqtt-port", "0", "--http-port", "0", "--console-port", "0"];
    const running = new Running("cloud/main", ["serve", ...state, ...ports]);
    await running.until("its addresses", () => running.stdout.includes("console"));
    this.#mqtt = /broker (\S+)/.exec(running.stdout)?.[1] as string;
  }

  /** Builds, seals, adds and offers a version. */
  async release(version: string, securityVersion: number, ...keys: readonly string[]): Promise<void> {
    const [image, sealed] = [this.file(`${version}.bin`), this.file(`${version}-sealed.bin`)];
    const built = ["--version", version, "--size", "65536", "--secure-version", String(securityVersion)];
    await this.device("image", ...built, "--output", image);
    const by = keys.flatMap((key) => ["--key", this.file(`${key}.key`)]);
    await this.cloud("firmware", "sign", image, ...by, "--product", PRODUCT, "--output", sealed);
    const state = ["--state", this.file("cloud"), "--product", PRODUCT, "--version", version];
    const trust = keys.slice(0, 1).flatMap((key) => ["--trust", this.file(`${key}.pub`)]);
    await this.cloud("firmware", "add", sealed, ...state, ...trust);
    await this.cloud("upgrade", ...state, "--devices-file", this.file("devices.txt"));
  }

  /** Switches the board on. What it trusts stands in for the list in the application that runs now. */
  async run(...keys: readonly string[]): Promise<Running> {
    if (this.#board !== undefined) await this.#board.kill("SIGTERM");
    const board = new Running("device/main", [
      ...["run", "--device-info", this.file("device_info.json"), "--state", this.file("board"), "--mqtt", this.#mqtt],
      ...keys.flatMap((key) => ["--trust", this.file(`${key}.pub`)]),
    ]);
    this.#board = board;
    await board.until("connection", () => board.stderr.includes("connected"));
    return board;
  }

  async result(board: Running, version: string): Promise<string> {
    const line = new RegExp(`version ${version.replaceAll(".", "\\.")}: (.*)\n`);
    await board.until(`a result of ${version}`, () => line.test(board.stderr), 30_000);
    return line.exec(board.stderr)?.[1] ?? "";
  }

  async inspect(): Promise<Inspected> {
    return JSON.parse(await this.device("inspect", "--state", this.file("board"), "--json")) as Inspected;
  }
}

function withDesk(body: (desk: Desk) => Promise<void>): Promise<void> {
  return withCommands((folder) => body(new Desk(folder)));
}

test("a key is made, an image is signed, added and installed by a board that trusts the key; an old one is refused", () =>
  withDesk(async (desk) => {
    await desk.begin("release");
    const board = await desk.run("release");
    await desk.release("0.3.0", 2, "release");
    assert.equal(await desk.result(board, "0.3.0"), "done");
    const sealed = readFileSync(desk.file("0.3.0-sealed.bin"));
    const slot = ["--slot", "ota_1", "--length", String(sealed.byteLength), "--output", desk.file("slot.bin")];
    await desk.device("read", "--state", desk.file("board"), ...slot);
    assert.ok(readFileSync(desk.file("slot.bin")).equals(sealed), "the slot holds the image and its seal");
    await desk.release("0.4.0", 1, "release");
    const refusal = "rollback-refused: security version 1, at least 2 is needed";
    assert.equal(await desk.result(board, "0.4.0"), `failed: ${refusal}`);
    const { running, security } = await desk.inspect();
    assert.deepEqual([running.version, security], ["0.3.0", { floor: 2, stored: 2, running: 2 }]);
    const state = ["--state", desk.file("cloud")];
    assert.match(await desk.cloud("status", ...state), new RegExp(`-> 0\\.4\\.0 refused ${refusal}`));
    assert.match(await desk.cloud("plan", "list", ...state), /upgrade to 0\.4\.0 .* declined 1\n/);
    const text = await desk.device("inspect", "--state", desk.file("board"));
    assert.match(text, /\nsecurity {4}floor 2 {2}stored 2 {2}running 2\n/);
  }));

test("rotation: one release is sealed with both keys, and from then on the new key alone is enough", () =>
  withDesk(async (desk) => {
    await desk.begin("old", "new");
    // 1. In the field the boards trust the old key. 2. A release that trusts the new one is sealed with both.
    let board = await desk.run("old");
    await desk.release("0.2.0", 0, "old", "new");
    assert.equal(await desk.result(board, "0.2.0"), "done");
    // 3. A board that is flashed in the factory trusts the new key alone, and takes the same file.
    // 4. The next release is sealed with the new key.
    board = await desk.run("new");
    await desk.release("0.3.0", 0, "new");
    assert.equal(await desk.result(board, "0.3.0"), "done");
    await desk.release("0.4.0", 0, "old");
    assert.match(await desk.result(board, "0.4.0"), /^failed: key-unknown: /);
  }));

test("revocation: after a release that leaves the key out and raises the security version nothing goes back", () =>
  withDesk(async (desk) => {
    await desk.begin("stolen", "new");
    // 1. Boards trust both keys; one is stolen. 2. A release trusts only the other one, and has a higher number.
    let board = await desk.run("stolen", "new");
    await desk.release("0.2.0", 1, "new");
    assert.equal(await desk.result(board, "0.2.0"), "done");
    board = await desk.run("new");
    // 3. The thief seals what has any number.
    await desk.release("0.9.0", 99, "stolen");
    assert.match(await desk.result(board, "0.9.0"), /^failed: key-unknown: /);
    // 4. Nor does a release from before the theft, which trusts the stolen key, come back.
    await desk.release("0.3.0", 0, "stolen", "new");
    assert.match(await desk.result(board, "0.3.0"), /^failed: rollback-refused: /);
    assert.equal((await desk.inspect()).running.version, "0.2.0");
  }));

test("a board gets public keys only, and says which file is none", () =>
  withDesk(async (desk) => {
    await desk.cloud("key", "new", "release", "--output", desk.file("."));
    writeFileSync(
      desk.file("device_info.json"),
      JSON.stringify({
        auth_mode: "KEY",
        productId: PRODUCT,
        deviceName: DEVICE,
        key_deviceinfo: { deviceSecret: "MDEyMzQ1Njc4OWFiY2RlZg==" },
        region: "china",
      }),
    );
    const run = (trust: string) => {
      const board = ["--device-info", desk.file("device_info.json"), "--state", desk.file("board")];
      return runCommand("device/main", ["run", ...board, "--trust", desk.file(trust)]);
    };
    for (const [file, says] of [
      ["release.key", /release\.key is a private key: a device gets the public half, NAME\.pub/],
      ["device_info.json", /device_info\.json is no key in PEM/],
    ] as const) {
      const { code, stderr } = await run(file);
      assert.deepEqual([code, says.test(stderr)], [2, true], stderr);
    }
    assert.equal(existsSync(desk.file("board")), false);
  }));

test("the platform carries a sealed file as it is: size and MD5 of an offer are those of the image with its seal", () =>
  FleetBed.run(async (bed) => {
    const file = sealedImage({ version: "2.0.0", keys: [newKey()], product: PRODUCT, byteLength: 4096 });
    const devices = await bed.devices(["one"]);
    const request = { productId: PRODUCT, version: "2.0.0", fileName: "image.bin" };
    await bed.cloud.operator.addPackage(request, Readable.from([Buffer.from(file)]), ACTOR);
    await bed.plan({ all: true });
    await bed.offered(devices);
    const { file_size: size, md5sum, url } = (devices[0] as RawDevice).newest();
    assert.deepEqual([size, md5sum], [file.byteLength, md5Of(file)]);
    const served = Buffer.from(await (await fetch(url)).arrayBuffer());
    assert.ok(served.equals(file));
  }));
