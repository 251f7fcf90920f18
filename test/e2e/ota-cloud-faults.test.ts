import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Running, runCommand, withCommands } from "../support/command.js";
import { httpRequest } from "../support/http-get.js";
import { imageOf } from "../support/test-bed.js";

const PRODUCT = "ABCDE12345";

interface Setup {
  readonly folder: string;
  readonly state: string;
  readonly running: Running;
  /** Runs a command on the cloud's state. */
  ota(...args: string[]): Promise<string>;
}

/** A cloud that runs, with a device and a firmware that it is to be updated to. */
async function withCloud(args: readonly string[], body: (setup: Setup) => Promise<void>): Promise<void> {
  await withCommands(async (folder) => {
    const state = join(folder, "cloud");
    const ota = async (...words: string[]): Promise<string> => {
      const { code, stdout, stderr } = await runCommand("cloud/main", [...words, "--state", state]);
      assert.equal(code, 0, stderr);
      return stdout;
    };
    await ota(
      "device",
      "add",
      "--product",
      PRODUCT,
      "--name",
      "light_01",
      "--output",
      join(folder, "device_info.json"),
    );
    writeFileSync(join(folder, "v2.bin"), imageOf("0.2.0", 64 * 1024));
    await ota("firmware", "add", join(folder, "v2.bin"), "--product", PRODUCT, "--version", "0.2.0");
    writeFileSync(join(folder, "names.txt"), "light_01\n");
    await ota("upgrade", "--product", PRODUCT, "--version", "0.2.0", "--devices-file", join(folder, "names.txt"));
    const ports = ["--mqtt-port", "0", "--http-port", "0", "--console-port", "0"];
    const running = new Running("cloud/main", ["serve", "--state", state, ...ports, ...args]);
    await running.until("its addresses", () => running.stdout.includes("console"));
    await body({ folder, state, running, ota });
    assert.equal((await running.kill("SIGTERM")).code, 0);
  });
}

test("a fault is added, listed, strikes a URL made for curl, shows itself in the log, and is cleared", () =>
  withCloud(["--verbose"], async ({ running, ota }) => {
    const status = [
      "status",
      "--status",
      "503",
      "--header",
      "Retry-After: 9",
      "--header",
      "X-A: b:c",
      "--body",
      "busy",
    ];
    const forLight = ["--product", PRODUCT, "--device", "light_01", "--times", "2"];
    assert.equal(
      await ota("fault", "add", ...status, ...forLight),
      "1  status status=503 body of 4 characters headers=Retry-After,X-A  for ABCDE12345/light_01  struck 0, 2 left\n",
    );
    assert.equal(await ota("fault", "add", "no-range"), "2  no-range  for all  struck 0, until it is cleared\n");

    const url = (await ota("url", "--product", PRODUCT, "--device", "light_01")).trim();
    const answer = await httpRequest(url);
    assert.equal(answer.status, 503);
    assert.deepEqual(
      [answer.headers["retry-after"], answer.headers["x-a"], answer.body.toString()],
      ["9", "b:c", "busy"],
    );
    const other = (await ota("url", "--product", PRODUCT, "--version", "0.2.0")).trim();
    assert.equal((await httpRequest(other)).status, 200);

    assert.equal(
      await ota("fault", "list"),
      "1  status status=503 body of 4 characters headers=Retry-After,X-A  for ABCDE12345/light_01  struck 1, 1 left\n" +
        "2  no-range  for all  struck 0, until it is cleared\n",
    );
    const [first] = JSON.parse(await ota("fault", "list", "--json")) as unknown[];
    assert.deepEqual(first, {
      id: 1,
      spec: {
        fault: "status",
        status: 503,
        headers: { "Retry-After": "9", "X-A": "b:c" },
        body: "busy",
        product: PRODUCT,
        device: "light_01",
        times: 2,
      },
      struck: 1,
    });
    assert.match(running.stdout, /^\S+Z fault status status=503 .* strikes ABCDE12345\/light_01: 1 left$/m);
    assert.ok(!running.stdout.includes("sign="), "a signed URL in the log");

    assert.equal(await ota("fault", "clear", "1"), "cleared 1 fault\n");
    assert.equal((await httpRequest(url)).status, 200);
    assert.equal(await ota("fault", "clear"), "cleared 1 fault\n");
    assert.equal(await ota("fault", "list"), "no faults\n");
  }));

test("serve --faults begins with the faults of a file", () =>
  withCommands(async (folder) => {
    const path = join(folder, "faults.json");
    writeFileSync(
      path,
      JSON.stringify([
        { fault: "expired", times: 1 },
        { fault: "cut", bytes: 65_536, product: PRODUCT },
      ]),
    );
    await withCloud(["--faults", path], async ({ ota }) => {
      assert.equal(
        await ota("fault", "list"),
        "1  expired  for all  struck 0, 1 left\n2  cut bytes=65536  for ABCDE12345  struck 0, until it is cleared\n",
      );
    });
  }));

test("a URL lives as long as it should", () =>
  withCloud([], async ({ ota }) => {
    const url = (await ota("url", "--product", PRODUCT, "--version", "0.2.0", "--lifetime", "0")).trim();
    assert.equal((await httpRequest(url)).status, 403);
  }));

test("what is wrong is one line, and exit code 2", () =>
  withCloud([], async ({ folder, state }) => {
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const serve = [
      "serve",
      "--state",
      join(folder, "other"),
      "--mqtt-port",
      "0",
      "--http-port",
      "0",
      "--console-port",
      "0",
      "--faults",
    ];
    const add = ["fault", "add", "--state", state];
    const url = ["url", "--state", state, "--product", PRODUCT];
    const version = ["--product", PRODUCT, "--version", "0.2.0"];
    const alone = ["--state", join(folder, "alone")];
    await runCommand("cloud/main", ["firmware", "add", join(folder, "v2.bin"), ...version, ...alone]);
    const rows: readonly (readonly [args: readonly string[], message: RegExp])[] = [
      [[...serve, join(folder, "none.json")], /cannot read .*none\.json/],
      [[...serve, file("a.json", "{")], /a\.json: not JSON/],
      [[...serve, file("b.json", "{}")], /b\.json: faults are a list: /],
      [
        [...serve, file("c.json", '[{"fault":"expired"},{"fault":"cut","byte":1}]')],
        /c\.json: entry 2, cut: no key "byte": did you mean bytes\?/,
      ],
      [[...serve, file("d.json", '[{"fault":"tls-refuse"}]')], /tls-refuse needs TLS: .*--tls-cert/],
      [[...add, "cutt"], /there is no fault "cutt": did you mean cut\?/],
      [[...add, "cut"], /cut: bytes is missing/],
      [[...add, "cut", "--bytes", "5", "--ms", "5"], /cut: no key "ms": did you mean times\?/],
      [[...add, "cut", "--bytes", "5", "--device", "light_01"], /cut: device needs product/],
      [[...add, "cut", "--byts", "5"], /unknown option '--byts'.*--bytes/],
      [[...add, "status", "--status", "503", "--header", "nothing"], /Not a field such as Retry-After: 5/],
      [[...add, "tls-refuse"], /tls-refuse needs TLS: /],
      [["fault", "clear", "7", "--state", state], /there is no fault 7/],
      [["fault", "add", "expired", ...alone], /no cloud runs on this folder/],
      [["fault", "list", ...alone], /no cloud runs on this folder/],
      [["fault", "clear", ...alone], /no cloud runs on this folder/],
      [["url", ...version, ...alone], /no cloud runs on this folder/],
      [url, /give --version, --device or both/],
      [[...url, "--version", "9"], /has no firmware 9/],
      [[...url, "--device", "nobody"], /no device ABCDE12345\/nobody: add it first/],
    ];
    for (const [args, message] of rows) {
      const { code, stdout, stderr } = await runCommand("cloud/main", args);
      assert.deepEqual([code, stdout], [2, ""], args.join(" "));
      assert.match(stderr, /^ota-cloud: [^\n]+\n$/);
      assert.match(stderr, message);
    }
  }));

test("--help of fault add shows every fault", async () => {
  const { stdout } = await runCommand("cloud/main", ["fault", "add", "--help"]);
  const { MOMENTS } = await import("../../cloud/faults/fault.js");
  for (const name of Object.keys(MOMENTS)) assert.match(stdout, new RegExp(`^ +(\\S+, )*${name}\\b`, "m"), name);
});
