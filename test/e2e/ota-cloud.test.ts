import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { type EventEmitter, once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { connectAsync } from "mqtt";
import { imageOf } from "../support/test-bed.js";
import { Running, runCommand, withCommands } from "../support/command.js";
import { Mosquitto, skipMosquitto } from "../support/mosquitto.js";
import { connectOver, pskSocket } from "../support/psk-device.js";
import { withServedOperator } from "../support/served-operator.js";

const PRODUCT = "ABCDE12345";

async function cloud(...args: string[]): Promise<string> {
  return ending(0, ...args);
}

async function ending(expected: number, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand("cloud/main", args);
  assert.equal(code, expected, stderr);
  return stdout;
}

/** Asks for the upgrade to 0.2.0 before the device has reported its version. */
function upgradeEarly(state: string): Promise<string> {
  return cloud("upgrade", "--state", state, "--product", PRODUCT, "--version", "0.2.0", "--from", "0.1.0");
}

/** A state with a device, two versions and a device_info.json. */
async function prepare(folder: string): Promise<{ state: string; info: string }> {
  const [state, info] = [join(folder, "cloud"), join(folder, "device_info.json")];
  await cloud("device", "add", "--state", state, "--product", PRODUCT, "--name", "light_01", "--output", info);
  for (const version of ["0.1.0", "0.2.0"]) {
    const file = join(folder, `${version}.bin`);
    writeFileSync(file, imageOf(version, 64 * 1024));
    await cloud("firmware", "add", file, "--state", state, "--product", PRODUCT, "--version", version);
  }
  return { state, info };
}

async function serve(state: string, ...args: string[]): Promise<{ running: Running; mqtt: string }> {
  const running = new Running("cloud/main", [
    "serve",
    "--state",
    state,
    "--mqtt-port",
    "0",
    "--http-port",
    "0",
    "--console-port",
    "0",
    ...args,
  ]);
  await running.until("its addresses", () => running.stdout.includes("console"));
  return { running, mqtt: /broker (\S+)/.exec(running.stdout)?.[1] as string };
}

async function statusOf(
  state: string,
): Promise<{ devices: { version?: string; online: boolean; task?: { state: string } }[] }> {
  return JSON.parse(await cloud("status", "--state", state, "--json")) as Awaited<ReturnType<typeof statusOf>>;
}

test("cloud and device by hand: add, serve, run, upgrade while both run, status", () =>
  withCommands(async (folder) => {
    const { state, info } = await prepare(folder);
    const { running, mqtt } = await serve(state);
    const device = new Running("device/main", [
      "run",
      "--device-info",
      info,
      "--state",
      join(folder, "board"),
      "--mqtt",
      mqtt,
    ]);
    await device.until("connection", () => device.stderr.includes("connected"));
    for (let count = 0; (await statusOf(state)).devices[0]?.version === undefined && count < 50; count++);
    const said = await cloud(
      "upgrade",
      "--state",
      state,
      "--product",
      PRODUCT,
      "--version",
      "0.2.0",
      "--from",
      "0.1.0",
      "--device",
      "light_01",
    );
    assert.equal(said, "version 0.2.0 goes to 1 device now\n");
    await device.until("new version", () => device.stderr.includes("boots ota_1"));
    for (let count = 0; (await statusOf(state)).devices[0]?.task?.state !== "success" && count < 50; count++);
    const [first] = (await statusOf(state)).devices;
    assert.deepEqual([first?.version, first?.online, first?.task?.state], ["0.2.0", true, "success"]);
    assert.match(await cloud("status", "--state", state), /light_01 +online +0\.2\.0 +-> 0\.2\.0 success/);
    assert.equal((await device.kill("SIGTERM")).code, 0);
    assert.equal((await running.kill("SIGTERM")).code, 0);
  }));

test("serve --psk-port prints where devices connect by TLS-PSK, and takes them there", () =>
  withCommands(async (folder) => {
    const { state, info } = await prepare(folder);
    const { running } = await serve(state, "--psk-port", "0");
    const url = /^psk +(mqtts:\S+)$/m.exec(running.stdout)?.[1] ?? "";
    const { key_deviceinfo } = JSON.parse(readFileSync(info, "utf8")) as { key_deviceinfo: { deviceSecret: string } };
    const identity = `${PRODUCT}light_01`;
    const socket = await pskSocket({ url, identity, secret: key_deviceinfo.deviceSecret });
    assert.equal(await connectOver(socket, { clientId: identity }), 0);
    assert.equal((await statusOf(state)).devices.length, 1);
    socket.destroy();
    assert.equal((await running.kill("SIGTERM")).code, 0);
  }));

test("an upgrade that was asked for before the cloud ran, and before the device came, is carried out", () =>
  withCommands(async (folder) => {
    const { state, info } = await prepare(folder);
    await upgradeEarly(state);
    const first = await serve(state);
    await first.running.kill("SIGKILL");
    const { running, mqtt } = await serve(state);
    const device = new Running("device/main", [
      "run",
      "--device-info",
      info,
      "--state",
      join(folder, "board"),
      "--mqtt",
      mqtt,
    ]);
    await device.until("new version", () => device.stderr.includes("reporting -> idle"));
    await device.kill("SIGTERM");
    await running.kill("SIGTERM");
    assert.equal((await statusOf(state)).devices[0]?.task?.state, "success");
  }));

test("an upgrade that reaches no device says why, and is active all the same", () =>
  withCommands(async (folder) => {
    const { state } = await prepare(folder);
    assert.equal(
      await upgradeEarly(state),
      "version 0.2.0 goes to 0 devices now: 1 version-unknown\n" +
        "plan 1 waits for devices that fit later; ota-cloud plan cancel 1 ends it\n",
    );
    assert.match(await cloud("plan", "list", "--state", state), /^1 +active /);
  }));

test("with a file of device names the versions that the devices run do not matter", () =>
  withCommands(async (folder) => {
    const { state } = await prepare(folder);
    const names = join(folder, "names.txt");
    writeFileSync(names, "light_01\n");
    const said = await cloud(
      "upgrade",
      "--state",
      state,
      "--product",
      PRODUCT,
      "--version",
      "0.2.0",
      "--devices-file",
      names,
    );
    assert.equal(said, "version 0.2.0 goes to 1 device, 0 of them online: the others get it when they connect\n");
  }));

test("a gateway by hand: sub-devices are bound, listed in its device_info.json, shown and unbound", () =>
  withCommands(async (folder) => {
    const { state, info } = await prepare(folder);
    const light = ["--state", state, "--product", "LIGHTS0001", "--name"];
    const gateway = `${PRODUCT}/light_01`;
    const before = JSON.parse(readFileSync(info, "utf8")) as object;
    assert.equal(
      await cloud("device", "add", ...light, "light1", "--gateway", info),
      `registered LIGHTS0001/light1\nbound LIGHTS0001/light1 to ${gateway}\n`,
    );
    await cloud("device", "add", ...light, "light2", "--output", join(folder, "light2.json"));
    assert.equal(
      await cloud("device", "bind", ...light, "light2", "--gateway", info),
      `bound LIGHTS0001/light2 to ${gateway}\n`,
    );
    await cloud("device", "add", ...light, "light3", "--gateway", gateway);
    const entry = (name: string) => ({ sub_productId: "LIGHTS0001", sub_devName: name });
    const listed = (...names: string[]) => ({
      ...before,
      subDev: { subdev_num: names.length, subdev_list: names.map(entry) },
    });
    assert.deepEqual(JSON.parse(readFileSync(info, "utf8")), listed("light1", "light2"));
    assert.equal(statSync(info).mode & 0o077, 0);
    const { devices } = JSON.parse(await cloud("status", "--state", state, "--json")) as {
      devices: { gateway?: object }[];
    };
    assert.deepEqual(
      devices.map((device) => device.gateway !== undefined),
      [false, true, true, true],
    );
    assert.match(
      await cloud("status", "--state", state),
      /light3 +offline +version unknown +behind ABCDE12345\/light_01\n/,
    );
    const unbound = await cloud("device", "unbind", ...light, "light1", "--gateway", info);
    assert.equal(unbound, `unbound LIGHTS0001/light1 from ${gateway}\n`);
    assert.equal(await cloud("device", "unbind", ...light, "light3"), `unbound LIGHTS0001/light3 from ${gateway}\n`);
    assert.deepEqual(JSON.parse(readFileSync(info, "utf8")), listed("light2"));
  }));

test("the vendors' templates of device_info.json lose no sub-device, and no field", () =>
  withCommands(async (folder) => {
    const { state, info } = await prepare(folder);
    const before = JSON.parse(readFileSync(info, "utf8")) as object;
    const one = { sub_productId: "OLDLIGHT01", sub_devName: "old" };
    const added = { sub_productId: "LIGHTS0001", sub_devName: "light1" };
    const light = ["--state", state, "--product", "LIGHTS0001", "--name", "light1"];
    await cloud("device", "add", ...light, "--output", join(folder, "light1.json"));
    for (const [subDev, after] of [
      [one, [one, added]],
      [{ subdev_num: 3, subdev_list: [{ sub_productId: "", sub_devName: "" }, one, added] }, [one, added]],
    ] as const) {
      writeFileSync(info, JSON.stringify({ ...before, productSecret: "kept", subDev }));
      await cloud("device", "bind", ...light, "--gateway", info);
      const expected = { ...before, productSecret: "kept", subDev: { subdev_num: after.length, subdev_list: after } };
      assert.deepEqual(JSON.parse(readFileSync(info, "utf8")), expected);
    }
  }));

test("a manifest is stored with its firmware and served beside it", () =>
  withCommands(async (folder) => {
    const { state } = await prepare(folder);
    const file = join(folder, "0.2.0.bin");
    const levels = ["--min-battery", "30", "--min-signal", "-113", "--space", "698000"];
    const wishes = ["--from", "0.1.0", ...levels, "--component", "app", "--kind", "mcu"];
    const added = await cloud(
      "firmware",
      "add",
      file,
      "--state",
      state,
      "--product",
      PRODUCT,
      "--version",
      "0.2.0",
      ...wishes,
    );
    assert.match(added, /^added version app_0\.2\.0 of ABCDE12345: /);
    const inWireSpelling = await cloud(
      "firmware",
      "add",
      file,
      "--state",
      state,
      "--product",
      PRODUCT,
      "--version",
      "app_0.2.0",
      ...wishes,
    );
    assert.equal(inWireSpelling, added);
    const manifest = {
      sourceVersion: "0.1.0",
      minBatteryPercent: 30,
      minSignalDbm: -113,
      space: 698000,
      kind: "mcu",
      component: "app",
    };
    const { firmwares } = JSON.parse(await cloud("status", "--state", state, "--json")) as {
      firmwares: { manifest?: object }[];
    };
    assert.deepEqual(
      firmwares.map((firmware) => firmware.manifest),
      [undefined, undefined, manifest],
    );
  }));

test("a file that could not be searched for secrets is added all the same, and the command prints both", () =>
  withServedOperator(async ({ operator, folder, run }) => {
    operator.secretsIn = () => Promise.reject(new Error("the disk is tired"));
    const file = join(folder, "image.bin");
    writeFileSync(file, "an image");
    const { code, stdout, stderr } = await run("firmware", "add", file, "--product", PRODUCT, "--version", "0.2.0");
    assert.equal(code, 0, stderr);
    assert.match(stderr, new RegExp(`^warning: ${file} was not searched for secrets: [^\\n]+\\n$`));
    assert.match(stdout, /^added version 0\.2\.0 /);
  }));

test("a tester can switch on faults in the answers to gateways, and no bind signature is printed", () =>
  withCommands(async (folder) => {
    const { state, info } = await prepare(folder);
    const { running, mqtt } = await serve(
      state,
      "--verbose",
      "--gateway-faults",
      "bind:light_01=806, delay=1,unbind-as-bind",
    );
    const { deviceSecret } = (JSON.parse(readFileSync(info, "utf8")) as { key_deviceinfo: { deviceSecret: string } })
      .key_deviceinfo;
    const clientId = `${PRODUCT}light_01`;
    const username = `${clientId};12010126;x7Kq2;2147483647`;
    const digest = createHmac("sha256", Buffer.from(deviceSecret, "base64")).update(username).digest("hex");
    const client = await connectAsync(
      mqtt,
      { clientId, username, password: `${digest};hmacsha256`, reconnectPeriod: 0 },
      false,
    );
    const answers: string[] = [];
    client.on("message", (_topic, payload) => answers.push(payload.toString()));
    await client.subscribeAsync(`$gateway/operation/result/${PRODUCT}/light_01`, { qos: 1 });
    const devices = [{ product_id: PRODUCT, device_name: "light_01", signature: "c2VjcmV0LXNpZ25hdHVyZQ==" }];
    for (const type of ["bind", "unbind"]) {
      client.publish(`$gateway/operation/${PRODUCT}/light_01`, JSON.stringify({ type, payload: { devices } }));
    }
    await running.until("both answers", () => answers.length === 2);
    const answer = (result: number) => ({
      type: "bind",
      payload: { devices: [{ product_id: PRODUCT, device_name: "light_01", result }] },
    });
    assert.deepEqual(
      answers.map((text) => JSON.parse(text) as unknown),
      [answer(806), answer(-1)],
    );
    assert.match(running.stdout, /"type":"bind".*"signature":"…"/);
    assert.ok(!running.stdout.includes("c2VjcmV0"));
    await client.endAsync();
    await running.kill("SIGTERM");
  }));

const bad: readonly (readonly [what: string, args: (folder: string, state: string) => string[], message: RegExp])[] = [
  ["no command", () => [], /no command/],
  ["half a command", () => ["firmware"], /./],
  [
    "a product id that is none",
    (folder, state) => [
      "firmware",
      "add",
      join(folder, "0.1.0.bin"),
      "--state",
      state,
      "--product",
      "x",
      "--version",
      "1",
    ],
    /product id is 10/,
  ],
  [
    "a version that is none",
    (folder, state) => [
      "firmware",
      "add",
      join(folder, "0.1.0.bin"),
      "--state",
      state,
      "--product",
      PRODUCT,
      "--version",
      "a b",
    ],
    /version is 1 to 32/,
  ],
  [
    "a missing file",
    (folder, state) => [
      "firmware",
      "add",
      join(folder, "none.bin"),
      "--state",
      state,
      "--product",
      PRODUCT,
      "--version",
      "1",
    ],
    /cannot read/,
  ],
  [
    "firmware that was not added",
    (_folder, state) => ["upgrade", "--state", state, "--product", PRODUCT, "--version", "5", "--from", "0.1.0"],
    /has no firmware 5: add it first/,
  ],
  [
    "an upgrade from a version that was not added",
    (_folder, state) => ["upgrade", "--state", state, "--product", PRODUCT, "--version", "0.2.0", "--from", "0.0.9"],
    /has no firmware 0\.0\.9/,
  ],
  [
    "an upgrade of nobody",
    (_folder, state) => ["upgrade", "--state", state, "--product", PRODUCT, "--version", "0.2.0"],
    /name the devices/,
  ],
  [
    "an unknown device",
    (_folder, state) => [
      "upgrade",
      "--state",
      state,
      "--product",
      PRODUCT,
      "--version",
      "0.2.0",
      "--from",
      "0.1.0",
      "--device",
      "nobody",
    ],
    /has no device nobody/,
  ],
  [
    "a damaged state",
    (folder) => ["status", "--state", join(folder, "damaged")],
    /cloud\.db is damaged: put a backup in its place/,
  ],
  [
    "half a TLS",
    (_folder, state) => ["serve", "--state", state, "--tls-cert", "x"],
    /--tls-cert and --tls-key must be given together/,
  ],
  [
    "a state that is a file",
    (folder) => ["status", "--state", join(folder, "0.1.0.bin")],
    /there is no folder .*0\.1\.0\.bin: name the one of the cloud by --state/,
  ],
  [
    "a folder that is no cloud's",
    (folder) => ["status", "--state", folder],
    /is no folder of a cloud: name the one of the cloud by --state/,
  ],
  [
    "a port that there is not",
    (_folder, state) => ["serve", "--state", state, "--http-port", "99999"],
    /there is no port 99999/,
  ],
  [
    "a public host that is none",
    (_folder, state) => ["serve", "--state", state, "--public-host", "a b"],
    /"a b" is no host for --public-host: give a name or an address/,
  ],
  [
    "a public host with a port",
    (_folder, state) => ["serve", "--state", state, "--public-host", "cloud.test:8080"],
    /"cloud\.test:8080" is no host for --public-host/,
  ],
  [
    "a certificate that is none",
    (folder, state) => [
      "serve",
      "--state",
      state,
      "--tls-cert",
      join(folder, "0.1.0.bin"),
      "--tls-key",
      join(folder, "0.1.0.bin"),
    ],
    /are not PEM, or do not belong together/,
  ],
  [
    "an unknown option of a command below a command",
    (_folder, state) => ["device", "add", "--state", state, "--bogus"],
    /unknown option '--bogus'/,
  ],
  [
    "a gateway that is not there",
    (_folder, state) => [
      "device",
      "add",
      "--state",
      state,
      "--product",
      PRODUCT,
      "--name",
      "x",
      "--gateway",
      `${PRODUCT}/gw9`,
    ],
    /no device ABCDE12345\/gw9: add it first/,
  ],
  [
    "a gateway's file that is not there",
    (folder, state) => [
      "device",
      "bind",
      "--state",
      state,
      "--product",
      PRODUCT,
      "--name",
      "light_01",
      "--gateway",
      join(folder, "none.json"),
    ],
    /cannot read .*none\.json/,
  ],
  [
    "a gateway's file whose list is none",
    (folder, state) => [
      "device",
      "add",
      "--state",
      state,
      "--product",
      PRODUCT,
      "--name",
      "x",
      "--gateway",
      badList(folder),
    ],
    /subdev_list is not a list/,
  ],
  [
    "a binding to itself",
    (_folder, state) => [
      "device",
      "bind",
      "--state",
      state,
      "--product",
      PRODUCT,
      "--name",
      "light_01",
      "--gateway",
      `${PRODUCT}/light_01`,
    ],
    /is a gateway itself/,
  ],
  [
    "an unbinding of what is not bound",
    (_folder, state) => ["device", "unbind", "--state", state, "--product", PRODUCT, "--name", "light_01"],
    /is bound to no gateway/,
  ],
  [
    "a battery level that is none",
    (folder, state) => [
      "firmware",
      "add",
      join(folder, "0.1.0.bin"),
      "--state",
      state,
      "--product",
      PRODUCT,
      "--version",
      "1",
      "--min-battery",
      "101",
    ],
    /battery level is 0 to 100/,
  ],
  [
    "a signal that is none",
    (folder, state) => [
      "firmware",
      "add",
      join(folder, "0.1.0.bin"),
      "--state",
      state,
      "--product",
      PRODUCT,
      "--version",
      "1",
      "--min-signal",
      "x",
    ],
    /Not a whole number/,
  ],
  [
    "a kind that is none",
    (folder, state) => [
      "firmware",
      "add",
      join(folder, "0.1.0.bin"),
      "--state",
      state,
      "--product",
      PRODUCT,
      "--version",
      "1",
      "--kind",
      "x",
    ],
    /module, mcu/,
  ],
  [
    "a fault that is none",
    (_folder, state) => ["serve", "--state", state, "--gateway-faults", "reorder,sleep"],
    /sleep is not a fault/,
  ],
  [
    "a fault without its number",
    (_folder, state) => ["serve", "--state", state, "--gateway-faults", "lose=0"],
    /lose=0 is not a fault/,
  ],
  [
    "a device without a name",
    (_folder, state) => ["device", "add", "--state", state, "--product", PRODUCT],
    /--product and --name/,
  ],
  [
    "no broker where one should be",
    (_folder, state) => ["serve", "--state", state, "--http-port", "0", "--broker", "mqtt://127.0.0.1:1"],
    /no broker at mqtt:\/\/127\.0\.0\.1:1/,
  ],
  [
    "TLS-PSK with another broker",
    (_folder, state) => ["serve", "--state", state, "--psk-port", "0", "--broker", "mqtt://127.0.0.1:1"],
    /--psk-port needs the cloud's own broker/,
  ],
];

function badList(folder: string): string {
  const path = join(folder, "bad-list.json");
  const info = JSON.parse(readFileSync(join(folder, "device_info.json"), "utf8")) as object;
  writeFileSync(path, JSON.stringify({ ...info, subDev: { subdev_list: 3 } }));
  return path;
}

test("wrong input: one clear line, exit code 2, and the state stays as it was", (suite) =>
  withCommands(async (folder) => {
    const { state } = await prepare(folder);
    mkdirSync(join(folder, "damaged"));
    writeFileSync(join(folder, "damaged", "cloud.db"), "{".repeat(8192));
    const before = await cloud("status", "--state", state, "--json");
    for (const [what, args, message] of bad) {
      await suite.test(what, async () => {
        const { code, stdout, stderr } = await runCommand("cloud/main", args(folder, state));
        assert.equal(code, 2, stderr + stdout);
        assert.match(stderr, /^ota-cloud: [^\n]+\n$/);
        assert.match(stderr, message);
        assert.equal(await cloud("status", "--state", state, "--json"), before);
      });
    }
  }));

test("a port that is in use is named, and a second cloud on a folder is refused", () =>
  withCommands(async (folder) => {
    const { state } = await prepare(folder);
    const { running } = await serve(state);
    const port = /broker \S+:([0-9]+)/.exec(running.stdout)?.[1] as string;
    const taken = await runCommand("cloud/main", [
      "serve",
      "--state",
      join(folder, "second"),
      "--http-port",
      "0",
      "--mqtt-port",
      port,
    ]);
    assert.deepEqual(
      [taken.code, taken.stderr],
      [2, `ota-cloud: port ${port} is taken: choose another by --mqtt-port\n`],
    );
    const second = await runCommand("cloud/main", ["serve", "--state", state, "--mqtt-port", "0", "--http-port", "0"]);
    assert.equal(second.code, 2);
    assert.match(second.stderr, /cloud is in use by process [0-9]+: stop it first/);
    await running.kill("SIGTERM");
  }));

test("a whole update through a real mosquitto", { skip: skipMosquitto }, () =>
  withCommands(async (folder) => {
    const { state, info } = await prepare(folder);
    const mosquitto = await Mosquitto.start(folder);
    try {
      await updateThrough(mosquitto.url, folder, state, info);
    } finally {
      await mosquitto.end();
    }
  }),
);

async function updateThrough(broker: string, folder: string, state: string, info: string): Promise<void> {
  await upgradeEarly(state);
  const { running } = await serve(state, "--broker", broker);
  const device = new Running("device/main", [
    "run",
    "--device-info",
    info,
    "--state",
    join(folder, "board"),
    "--mqtt",
    broker,
  ]);
  await device.until("new version", () => device.stderr.includes("reporting -> idle"));
  await device.kill("SIGTERM");
  await timeThrough(broker);
  await running.kill("SIGTERM");
  assert.equal((await statusOf(state)).devices[0]?.task?.state, "success");
}

async function timeThrough(broker: string): Promise<void> {
  const client = await connectAsync(broker);
  try {
    await client.subscribeAsync(`$sys/operation/result/${PRODUCT}/light_01`);
    const answered = once(client as unknown as EventEmitter, "message", { signal: AbortSignal.timeout(5000) });
    client.publish(`$sys/operation/${PRODUCT}/light_01`, '{"type":"get","resource":["time"]}');
    const { type, time } = JSON.parse(String((await answered)[1])) as { type: string; time: number };
    assert.equal(type, "get");
    assert.ok(time > 1_600_000_000);
  } finally {
    client.end(true);
  }
}
