import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { readAddress } from "../../cloud/api/address.js";
import { Running, runCommand, withCommands } from "../support/command.js";
import { credentialsOf } from "../support/device-credentials.js";
import { imageOf } from "../support/test-bed.js";

const PRODUCT = "ABCDE12345";
/** base64 of "0123456789abcdef". */
const SECRET = "MDEyMzQ1Njc4OWFiY2RlZg==";
const PORTS = ["--mqtt-port", "0", "--http-port", "0", "--console-port", "0"];

test("serve answers a broker's questions on the port of the hooks, and says there and at the API that it is ready", () =>
  withCommands(async (folder) => {
    const [state, info, secretFile] = [join(folder, "cloud"), join(folder, "info.json"), join(folder, "secret")];
    const identity = { auth_mode: "KEY", productId: PRODUCT, deviceName: "light_01" };
    writeFileSync(info, JSON.stringify({ ...identity, key_deviceinfo: { deviceSecret: SECRET } }));
    writeFileSync(secretFile, "0123456789abcdef-secret\n");
    const added = await runCommand("cloud/main", ["device", "add", "--state", state, "--device-info", info]);
    assert.equal(added.code, 0, added.stderr);

    const hooks = ["--hooks-port", "0", "--hooks-secret-file", secretFile];
    const serve = new Running("cloud/main", ["serve", "--state", state, ...PORTS, ...hooks]);
    await serve.until("its addresses", () => serve.stdout.includes("console"));
    try {
      const url = /^hooks {2}(http:\S+)$/m.exec(serve.stdout)?.[1] ?? "";
      const ask = async (secret: string): Promise<Response> =>
        fetch(`${url}/hooks/mqtt/auth`, {
          method: "POST",
          headers: { "Content-Type": "application/json", Authorization: `Bearer ${secret}` },
          body: JSON.stringify({ ...credentialsOf(`${PRODUCT}light_01`, SECRET), clientid: `${PRODUCT}light_01` }),
        });
      assert.equal(((await (await ask("0123456789abcdef-secret")).json()) as { result: string }).result, "allow");
      assert.equal((await ask("wrong")).status, 401);
      const api = `http://127.0.0.1:${readAddress(state)?.port}`;
      for (const origin of [url, api]) {
        assert.equal((await fetch(`${origin}/healthz`)).status, 200, origin);
        assert.deepEqual(await (await fetch(`${origin}/readyz`)).json(), { ready: true, problems: [] }, origin);
      }
    } finally {
      await serve.kill("SIGTERM");
    }
  }));

test("nobody opens the hooks by leaving the secret out", () =>
  withCommands(async (folder) => {
    const state = join(folder, "cloud");
    const secretFile = join(folder, "secret");
    writeFileSync(secretFile, "two words\n");
    for (const [options, problem] of [
      [["--hooks-port", "0"], /needs either --hooks-secret-file or --hooks-without-secret/],
      [["--hooks-without-secret"], /the hooks need --hooks-port/],
      [["--hooks-port", "0", "--hooks-secret-file", secretFile], /is to hold one word/],
    ] as const) {
      const { code, stderr } = await runCommand("cloud/main", ["serve", "--state", state, ...PORTS, ...options]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, problem);
    }
  }));

test("with --log json each line is an object, and none has what signs in or the broker's password", () =>
  withCommands(async (folder) => {
    const state = join(folder, "cloud");
    const serve = new Running("cloud/main", ["serve", "--state", state, ...PORTS, "--log", "json"]);
    await serve.until("its addresses", () => serve.stdout.includes("console"));
    const ended = await serve.kill("SIGTERM");
    assert.equal(ended.code, 0);
    const lines = ended.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { what: string; level: string; text: string });
    assert.deepEqual([...new Set(lines.map(({ what, level }) => `${what} ${level}`))], ["serving info"]);
    assert.match(lines.at(-1)?.text ?? "", /^console {2}http:\/\/127\.0\.0\.1:\d+$/);
  }));

test("after SIGTERM a download goes on to its end for as long as --drain says", () =>
  withCommands(async (folder) => {
    const state = join(folder, "cloud");
    const image = join(folder, "v1.bin");
    writeFileSync(image, imageOf("0.1.0", 64 * 1024));
    const firmware = ["firmware", "add", image, "--state", state, "--product", PRODUCT, "--version", "0.1.0"];
    assert.equal((await runCommand("cloud/main", firmware)).code, 0);
    const faults = join(folder, "faults.json");
    writeFileSync(faults, JSON.stringify([{ fault: "slow", bytesPerSecond: 32_000 }]));
    const download = async (drain: string): Promise<number | undefined> => {
      const options = ["--faults", faults, "--drain", drain];
      const serve = new Running("cloud/main", ["serve", "--state", state, ...PORTS, ...options]);
      await serve.until("its addresses", () => serve.stdout.includes("console"));
      const { stdout } = await runCommand("cloud/main", [
        ...["url", "--state", state, "--product", PRODUCT, "--version", "0.1.0"],
      ]);
      const response = await fetch(stdout.trim());
      const ended = serve.kill("SIGTERM");
      const length = await response.arrayBuffer().then(
        ({ byteLength }) => byteLength,
        () => undefined,
      );
      assert.equal((await ended).code, 0);
      return length;
    };
    assert.equal(await download("30"), 64 * 1024);
    assert.equal(await download("0"), undefined);
  }));

test("a second signal ends the process at once, also if it is another one than the first", () =>
  withCommands(async (folder) => {
    const options = ["--drain", "600", "--hooks-port", "0", "--hooks-without-secret"];
    const serve = new Running("cloud/main", ["serve", "--state", join(folder, "cloud"), ...PORTS, ...options]);
    await serve.until("its addresses", () => serve.stdout.includes("console"));
    const api = readAddress(join(folder, "cloud"))?.port ?? 0;
    // A request whose body does not end holds the process up.
    const socket = connect(api, "127.0.0.1");
    socket.on("error", () => {});
    socket.write("POST /api/v1/products HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n");
    await once(socket, "connect");
    const hooks = /^hooks {2}(http:\S+)$/m.exec(serve.stdout)?.[1] ?? "";
    const isReady = async (): Promise<boolean> => (await fetch(`${hooks}/readyz`)).ok;
    assert.ok(await isReady());
    serve.child.kill("SIGINT");
    while (await isReady()) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal((await serve.kill("SIGTERM")).signal, "SIGTERM");
    socket.destroy();
  }));
