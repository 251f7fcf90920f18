import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { DEVICE, imageOf, SECRET } from "../support/test-bed.js";
import { Running, runCommand, withCommands } from "../support/command.js";
import { FaultServer } from "../support/fault-server.js";
import { GatewayPlatform, PRODUCT } from "../support/sub-device-test-bed.js";

interface Inspected {
  readonly productId: string;
  readonly deviceName: string;
  readonly version: string;
  readonly size: number | null;
  readonly md5: string | null;
  readonly state: string;
}

interface Place {
  readonly platform: GatewayPlatform;
  readonly server: FaultServer;
  readonly state: string;
  readonly run: readonly string[];
  /** Writes the file of sub-devices. @returns its path */
  list(content: unknown): string;
}

const INFO = { auth_mode: "KEY", ...DEVICE, key_deviceinfo: { deviceSecret: SECRET }, region: "china" };

function withPlace(info: object, body: (place: Place) => Promise<void>): Promise<void> {
  return withCommands(async (folder) => {
    const [platform, server] = [new GatewayPlatform(), new FaultServer(imageOf("2.0.0", 100 * 1024))];
    await platform.start();
    await server.start();
    const [infoPath, state] = [join(folder, "device_info.json"), join(folder, "state")];
    writeFileSync(infoPath, JSON.stringify(info));
    const list = (content: unknown): string => {
      const path = join(folder, "subdevices.json");
      writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
      return path;
    };
    try {
      await body({
        platform,
        server,
        state,
        list,
        run: ["run", "--device-info", infoPath, "--state", state, "--mqtt", platform.url],
      });
    } finally {
      await platform.stop();
      await server.stop();
    }
  });
}

async function inspect(state: string): Promise<readonly Inspected[]> {
  const { code, stdout, stderr } = await runCommand("device/main", ["inspect", "--state", state, "--json"]);
  assert.equal(code, 0, stderr);
  return (JSON.parse(stdout) as { subdevices: Inspected[] }).subdevices;
}

function pend({ platform, server }: Place, ...names: readonly string[]): void {
  for (const name of names) {
    platform.pendingFor.set(`${PRODUCT}/${name}`, () => ({
      version: "2.0.0",
      url: `${server.url}?sign=${Math.random()}`,
      md5sum: server.md5,
      file_size: server.file.byteLength,
    }));
  }
}

const ended = ({ platform }: Place, name: string): boolean =>
  platform.wordsOf({ productId: PRODUCT, deviceName: name }).some((word) => word === "done" || word.startsWith("fail"));

test("a gateway's sub-devices are simulated as the file describes them, and inspect prints what became of them", () =>
  withPlace(INFO, async (place) => {
    const { server, state, run, list } = place;
    const entry = (deviceName: string, install?: string): object => ({
      productId: PRODUCT,
      deviceName,
      version: "1.0.0",
      install,
    });
    const names = ["good", "bad", "stuck", "gone"];
    const path = list([
      entry("good"),
      entry("bad", "fail"),
      entry("stuck", "hang"),
      entry("gone", "offline"),
      entry("idle", "ok"),
    ]);
    pend(place, ...names);
    const device = new Running("device/main", [...run, "--subdevices", path, "--install-timeout", "1"]);
    await device.until("ends", () => names.every((name) => ended(place, name)));
    await device.until("update marks", () => device.stderr.includes(`${PRODUCT}/gone version 2.0.0: failed`));
    const { code, stderr } = await device.kill("SIGTERM");
    assert.equal(code, 0);
    assert.ok(!stderr.includes("sign="), "no signed URL in the log");
    const old = { productId: PRODUCT, version: "1.0.0", size: null, md5: null };
    const md5 = createHash("md5").update(server.file).digest("hex");
    assert.deepEqual(await inspect(state), [
      { ...old, deviceName: "bad", state: "failed" },
      { ...old, deviceName: "gone", state: "failed" },
      { productId: PRODUCT, deviceName: "good", version: "2.0.0", size: server.file.byteLength, md5, state: "done" },
      { ...old, deviceName: "idle", state: "idle" },
      { ...old, deviceName: "stuck", state: "failed" },
    ]);
    const words = (name: string): string | undefined =>
      place.platform.wordsOf({ productId: PRODUCT, deviceName: name }).find((word) => word.startsWith("fail"));
    assert.equal(words("stuck"), "fail -5 installation timed out");
    const plain = await runCommand("device/main", ["inspect", "--state", state]);
    assert.match(plain.stdout, /^sub-device +E69UADXUYY\/good +version 2\.0\.0 +done$/m);
  }));

test("run applies the policy and the manifest's demands to its sub-devices too", () =>
  withPlace(INFO, async (place) => {
    const { server, state, run, list } = place;
    const entry = (deviceName: string, version: string): object => ({
      productId: PRODUCT,
      deviceName,
      version,
      install: "ok",
    });
    const path = list([entry("old", "0.9.0"), entry("light1", "1.0.0")]);
    const policy = join(state, "..", "policy.json");
    const vitals = join(state, "..", "vitals.json");
    writeFileSync(policy, '{"minBatteryPercent":50,"recheckSeconds":0.05}');
    writeFileSync(vitals, '{"batteryPercent":20}');
    server.manifest = '{"sourceVersion":"1.0.0"}';
    pend(place, "old", "light1");
    const device = new Running("device/main", [...run, "--subdevices", path, "--policy", policy, "--vitals", vitals]);
    await device.until("the refusal", () => ended(place, "old"));
    await device.until("the wait", () => device.stderr.includes(`${PRODUCT}/light1 waits: battery 20, wanted 50`));
    writeFileSync(vitals, '{"batteryPercent":60}');
    await device.until("the end", () => ended(place, "light1"));
    await device.kill("SIGTERM");
    const wordsOf = (deviceName: string): readonly string[] =>
      place.platform.wordsOf({ productId: PRODUCT, deviceName });
    assert.ok(wordsOf("old").includes("fail -5 for version 1.0.0, not 0.9.0"));
    assert.ok(wordsOf("light1").includes("done"));
  }));

test("SIGKILL of a gateway while its lights are updated: the next run goes on, and what was updated stays", () =>
  withPlace(INFO, async (place) => {
    const { server, state, run, list } = place;
    const names = ["light1", "light2", "light3"];
    const path = list(names.map((deviceName) => ({ productId: PRODUCT, deviceName, version: "1.0.0", install: "ok" })));
    pend(place, ...names);
    const first = new Running("device/main", [...run, "--subdevices", path]);
    await first.until("first light", () => ended(place, "light1"));
    await first.kill("SIGKILL");
    const second = new Running("device/main", [...run, "--subdevices", path]);
    await second.until("ends", () => names.every((name) => ended(place, name)));
    await second.until("new versions", () =>
      names.every(
        (name) =>
          second.stderr.includes(`${name} version 2.0.0: done`) || first.stderr.includes(`${name} version 2.0.0: done`),
      ),
    );
    await second.kill("SIGTERM");
    assert.deepEqual(
      (await inspect(state)).map(({ version }) => version),
      ["2.0.0", "2.0.0", "2.0.0"],
    );
    assert.equal(server.requests.length, 1);
  }));

test("device_info.json's list of sub-devices makes a gateway too", () => {
  const subDev = { subdev_num: 1, subdev_list: [{ sub_productId: PRODUCT, sub_devName: "light1" }] };
  return withPlace({ ...INFO, subDev }, async (place) => {
    const device = new Running("device/main", place.run);
    await device.until("version", () =>
      place.platform.wordsOf({ productId: PRODUCT, deviceName: "light1" }).includes("version 0.1.0"),
    );
    await device.kill("SIGTERM");
    assert.equal(place.platform.story.at(-1), "offline light1");
    assert.deepEqual(
      (await inspect(place.state)).map(({ deviceName }) => deviceName),
      ["light1"],
    );
  });
});

test("device_info.json that names a sub-device twice is one line, and exit code 2", () => {
  const entry = { sub_productId: PRODUCT, sub_devName: "light1" };
  return withPlace({ ...INFO, subDev: { subdev_num: 2, subdev_list: [entry, entry] } }, async ({ run }) => {
    const { code, stderr } = await runCommand("device/main", run);
    assert.deepEqual([code, stderr], [2, `ota-device: subDev names ${PRODUCT}/light1 twice\n`]);
  });
});

test("a wrong file of sub-devices is one line that names the entry, and exit code 2", () =>
  withPlace(INFO, async ({ run, list }) => {
    const good = { productId: PRODUCT, deviceName: "light1", version: "1.0.0" };
    for (const [content, message] of [
      ["{", /: not JSON/],
      [{}, /is not a JSON array/],
      [[1], /entry 0 is not an object/],
      [[good, { ...good, deviceName: "a b" }], /entry 1: deviceName/],
      [[{ ...good, productId: 5 }], /entry 0: productId/],
      [[{ ...good, productId: [PRODUCT] }], /entry 0: productId/],
      [[{ ...good, deviceName: undefined }], /entry 0: productId or deviceName is no text/],
      [[{ ...good, version: undefined }], /entry 0: version/],
      [[{ ...good, version: "1 0" }], /entry 0: version/],
      [[{ ...good, install: "maybe" }], /entry 0: install is none of ok, fail, hang, offline/],
      [[good, good], /entry 1 is E69UADXUYY\/light1 again/],
      [[{ ...good, ...DEVICE }], /cannot be its own sub-device/],
    ] as const) {
      const { code, stderr } = await runCommand("device/main", [...run, "--subdevices", list(content)]);
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
      assert.equal(stderr.trimEnd().split("\n").length, 1);
    }
    const missing = await runCommand("device/main", [...run, "--subdevices", "nowhere.json"]);
    assert.deepEqual([missing.code, missing.stderr.includes("no such file")], [2, true]);
    const timeout = await runCommand("device/main", [...run, "--install-timeout", "0"]);
    assert.equal(timeout.code, 2);
  }));

test("a damaged record of a sub-device is one line that names its file and what to do, and exit code 2", () =>
  withPlace(INFO, async (place) => {
    const path = place.list([{ productId: PRODUCT, deviceName: "light1", version: "1.0.0" }]);
    const device = new Running("device/main", [...place.run, "--subdevices", path]);
    await device.until("version", () =>
      place.platform.wordsOf({ productId: PRODUCT, deviceName: "light1" }).includes("version 1.0.0"),
    );
    await device.kill("SIGTERM");
    const record = join(place.state, "subdevices", `${PRODUCT}_light1`, "installed.json");
    writeFileSync(record, '{"version":"1.0');
    const line = `ota-device: ${record} is damaged: delete it to start again with the factory version\n`;
    for (const command of [
      [...place.run, "--subdevices", path],
      ["inspect", "--state", place.state],
    ]) {
      const refused = new Running("device/main", command);
      await refused.until("its end", () => refused.child.exitCode !== null);
      const { code, stderr } = await refused.ended;
      assert.deepEqual([code, stderr], [2, line]);
    }
    rmSync(record);
    assert.equal((await runCommand("device/main", ["inspect", "--state", place.state])).code, 0);
  }));
