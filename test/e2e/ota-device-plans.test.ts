import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { VitalsFile } from "../../cli/device/plan-files.js";
import { DEVICE, imageOf, SECRET } from "../support/test-bed.js";
import { Running, runCommand, withCommands } from "../support/command.js";
import { FaultServer } from "../support/fault-server.js";
import { withFolder } from "../support/folder.js";
import { TestPlatform } from "../support/test-platform.js";

const INFO = JSON.stringify({ auth_mode: "KEY", ...DEVICE, key_deviceinfo: { deviceSecret: SECRET }, region: "china" });

interface Place {
  readonly state: string;
  readonly platform: TestPlatform;
  /** Writes a file. @returns its path */
  file(name: string, content: string): string;
  /** Arguments of a run. */
  readonly run: readonly string[];
}

function withPlace(version: string, body: (place: Place) => Promise<void>): Promise<void> {
  return withCommands(async (folder) => {
    const [platform, server] = [new TestPlatform(), new FaultServer(imageOf("0.2.0", 64 * 1024))];
    await platform.start();
    await server.start();
    platform.pending = () => ({
      version,
      url: `${server.url}?sign=x`,
      md5sum: server.md5,
      file_size: server.file.byteLength,
    });
    const file = (name: string, content: string): string => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    const state = join(folder, "state");
    const run = ["run", "--device-info", file("info.json", INFO), "--state", state, "--mqtt", platform.url];
    try {
      await body({ state, platform, file, run });
    } finally {
      await platform.stop();
      await server.stop();
    }
  });
}

async function inspect(state: string): Promise<{
  plans: { component: string; version: string; decisions: string[]; failures: number }[];
  components: object[];
}> {
  const { stdout } = await runCommand("device/main", ["inspect", "--state", state, "--json"]);
  return JSON.parse(stdout) as Awaited<ReturnType<typeof inspect>>;
}

test("run waits for the charge that its policy wants, and goes on as the vitals file changes", () =>
  withPlace("0.2.0", async ({ platform, file, run, state }) => {
    const policy = file("policy.json", '{"minBatteryPercent":50,"recheckSeconds":0.05}');
    const vitals = file("vitals.json", '{"batteryPercent":20,"signalDbm":-60}');
    const device = new Running("device/main", [...run, "--policy", policy, "--vitals", vitals]);
    await device.until("the wait", () => device.stderr.includes("firmware waits: battery 20, wanted 50"));
    file("vitals.json", '{"batteryPercent":');
    file("vitals.json", '{"batteryPercent":60}');
    await device.until("done", () => platform.words().at(-1) === "version 0.2.0");
    assert.equal(device.stdout, "", "not on a terminal, nobody is asked");
    await device.kill("SIGTERM");
    assert.deepEqual((await inspect(state)).plans, []);
  }));

for (const [policy, warned] of [
  ['{"consent":"ask"}', true],
  ['{"installWhen":"accepted"}', true],
  ['{"consent":"silent"}', false],
] as const) {
  test(`run ${warned ? "warns" : "does not warn"} that nobody can answer, not on a terminal, where the policy is ${policy}`, () =>
    withPlace("0.2.0", async ({ platform, file, run }) => {
      const device = new Running("device/main", [...run, "--policy", file("policy.json", policy)]);
      await device.until("the version", () => platform.words().includes("version 0.1.0"));
      assert.equal(device.stderr.includes("asks a person, but nobody can answer"), warned);
      await device.kill("SIGTERM");
    }));
}

test("inspect shows what the board remembers of an image", () =>
  withPlace("0.2.1", async ({ platform, file, run, state }) => {
    const device = new Running("device/main", [...run, "--policy", file("policy.json", "{}")]);
    await device.until("the failure", () =>
      platform.words().some((word) => word.startsWith("fail -5 image says it is version 0.2.0")),
    );
    await device.kill("SIGTERM");
    const [plan] = (await inspect(state)).plans;
    assert.equal(plan?.failures, 1);
    const { stdout } = await runCommand("device/main", ["inspect", "--state", state]);
    assert.match(stdout, /^plan {8}firmware {2}version 0\.2\.1 {2}failed {2}failures 1$/m);
  }));

test("run updates an MCU behind the board, and inspect shows it", () =>
  withPlace("mcu_2.0.0", async ({ platform, run, state }) => {
    const device = new Running("device/main", [...run, "--component", "id=mcu,version=1.0.0"]);
    await device.until("done", () => platform.words().includes("version mcu_2.0.0"));
    await device.kill("SIGTERM");
    const { components } = await inspect(state);
    assert.equal(components.length, 1);
    assert.deepEqual({ ...components[0], md5: "" }, { id: "mcu", version: "2.0.0", md5: "" });
    const { stdout } = await runCommand("device/main", ["inspect", "--state", state]);
    assert.match(stdout, /^component {3}mcu {2}version 2\.0\.0$/m);
  }));

test("run shows an MCU that refuses its image, and the reason is reported", () =>
  withPlace("mcu_2.0.0", async ({ platform, run, state }) => {
    const device = new Running("device/main", [...run, "--component", "id=mcu,version=1.0.0,install=fail"]);
    await device.until("the report", () => platform.words().includes("fail -5 component mcu refuses the image"));
    await device.until("the log", () =>
      device.stderr.includes("mcu version 2.0.0: failed: component mcu refuses the image"),
    );
    await device.kill("SIGTERM");
    assert.deepEqual((await inspect(state)).components, [{ id: "mcu", version: "1.0.0", md5: null }]);
  }));

test("run shows an MCU that hangs: the installation is ended by its time", () =>
  withPlace("mcu_2.0.0", async ({ platform, run }) => {
    const device = new Running("device/main", [
      ...run,
      "--component",
      "id=mcu,version=1.0.0,install=hang",
      "--install-timeout",
      "0.2",
    ]);
    await device.until("the report", () => platform.words().includes("fail -5 installation timed out"));
    await device.kill("SIGTERM");
  }));

test("run shows a slow MCU: slower than the installation may be silent it fails, otherwise it takes its time", () =>
  withPlace("mcu_2.0.0", async ({ platform, run }) => {
    const args = ["--component", "id=mcu,version=1.0.0,pause=0.2", "--install-timeout"];
    const impatient = new Running("device/main", [...run, ...args, "0.1"]);
    await impatient.until("the report", () => platform.words().includes("fail -5 installation timed out"));
    await impatient.kill("SIGTERM");
    const patient = new Running("device/main", [...run, ...args, "20"]);
    await patient.until("done", () => platform.words().includes("done"));
    await patient.kill("SIGTERM");
  }));

for (const [how, reason] of [
  ["fail", "self test failed"],
  ["throw", "self test: sensor does not answer"],
  ["hang", "self test: no end in time"],
] as const) {
  test(`run shows a firmware on trial whose self test does ${how}: it reverts, and the reason is kept`, () =>
    withPlace("0.2.0", async ({ platform, run, file, state }) => {
      const args = ["--self-test", how, "--self-test-timeout", "0.3", "--policy", file("policy.json", "{}")];
      const device = new Running("device/main", [...run, ...args]);
      await device.until("the report", () => platform.words().includes(`fail -5 ${reason}`));
      await device.until("the log", () => device.stderr.includes(`version 0.2.0: failed: ${reason}`));
      await device.kill("SIGTERM");
      const { stdout } = await runCommand("device/main", ["inspect", "--state", state]);
      assert.match(stdout, /^running {5}ota_0 {2}version 0\.1\.0/);
      assert.match(stdout, /^plan {8}firmware {2}version 0\.2\.0 {2}reverted/m);
    }));
}

test("run shows a firmware on trial whose self test holds", () =>
  withPlace("0.2.0", async ({ platform, run }) => {
    const device = new Running("device/main", [...run, "--self-test", "ok"]);
    await device.until("the new version", () => platform.words().at(-1) === "version 0.2.0");
    await device.kill("SIGTERM");
  }));

test("a vitals file that is half written, or gone, keeps the last values", () =>
  withFolder((folder) => {
    const path = join(folder, "vitals.json");
    writeFileSync(path, '{"batteryPercent":20,"signalDbm":-60}');
    const vitals = new VitalsFile(path);
    const read = (): unknown => [vitals.batteryPercent(), vitals.signalDbm()];
    for (const text of ["", '{"batteryPercent":', '{"batteryPercent":"x"}', "[]"]) {
      writeFileSync(path, text);
      assert.deepEqual(read(), [20, -60], text);
    }
    writeFileSync(path, '{"batteryPercent":21}');
    assert.deepEqual(read(), [21, undefined]);
  }));

test("where nobody can answer, the log says what a plan waits for", () =>
  withPlace("0.2.0", async ({ file, run }) => {
    const device = new Running("device/main", [...run, "--policy", file("policy.json", '{"consent":"ask"}')]);
    await device.until("the wait", () => device.stderr.includes("firmware waits: an answer"));
    await device.kill("SIGTERM");
  }));

const wrong: readonly (readonly [what: string, args: (file: Place["file"]) => string[], message: RegExp])[] = [
  ["a policy that is missing", () => ["--policy", "nowhere.json"], /cannot read nowhere\.json: no such file/],
  ["a policy that is no JSON", (file) => ["--policy", file("p", "{")], /p: not JSON/],
  ["a policy that is no object", (file) => ["--policy", file("p", "[]")], /p: not a JSON object/],
  [
    "a policy with a field of none",
    (file) => ["--policy", file("p", '{"minBattery":1}')],
    /minBattery is no field of a policy/,
  ],
  [
    "a policy that cannot be",
    (file) => ["--policy", file("p", '{"windows":[{"from":"2","to":"3"}]}')],
    /p: a window's from and to are times of day, HH:MM/,
  ],
  [
    "a policy with a window of more than two times",
    (file) => ["--policy", file("p", '{"windows":[{"from":"02:00","to":"03:00","day":"Sun"}]}')],
    /p: day is no field of a window/,
  ],
  [
    "a policy with a setting that is null",
    (file) => ["--policy", file("p", '{"windows":null}')],
    /p: windows is not a list/,
  ],
  ["a vitals file that is missing", () => ["--vitals", "nowhere.json"], /cannot read nowhere\.json/],
  [
    "vitals that are text",
    (file) => ["--vitals", file("v", '{"batteryPercent":"20"}')],
    /batteryPercent is not a number/,
  ],
  [
    "vitals that cannot be",
    (file) => ["--vitals", file("v", '{"signalDbm":60}')],
    /v: signalDbm is not between -200 and 0/,
  ],
  ["vitals of another name", (file) => ["--vitals", file("v", '{"battery":20}')], /v: battery is no field of vitals/],
  ["a component without a version", () => ["--component", "id=mcu"], /id=ID,version=VERSION/],
  [
    "a component that is the board itself",
    () => ["--component", "id=firmware,version=1"],
    /firmware is the board's own/,
  ],
  [
    "a component too long for the wire",
    () => ["--component", `id=mcu,version=${"1".repeat(29)}`],
    /over 32 characters/,
  ],
  [
    "a component with a setting of none",
    () => ["--component", "id=mcu,version=1,instal=fail"],
    /instal is none of id, version, install, pause/,
  ],
  ["a component with a setting twice", () => ["--component", "id=mcu,version=1,id=led"], /id comes twice/],
  [
    "a component with no such installation",
    () => ["--component", "id=mcu,version=1,install=slow"],
    /install is none of ok, fail, hang, offline/,
  ],
  [
    "a component with a pause that is none",
    () => ["--component", "id=mcu,version=1,pause=x"],
    /Not a number of seconds/,
  ],
  [
    "a component that pauses for more than a day",
    () => ["--component", "id=mcu,version=1,pause=86401"],
    /pause is over 86400 seconds/,
  ],
  ["no such self test", () => ["--self-test", "maybe"], /Allowed choices are ok, fail, throw, hang/],
  ["a self test without time", () => ["--self-test-timeout", "0"], /Must be more than 0/],
  [
    "a component that comes twice",
    () => ["--component", "id=a,version=1", "--component", "id=a,version=2"],
    /Component a comes twice/,
  ],
];
for (const [what, args, message] of wrong) {
  test(`${what} is one line and exit code 2, and nothing is written`, () =>
    withPlace("0.2.0", async ({ run, file, state }) => {
      const { code, stdout, stderr } = await runCommand("device/main", [...run, ...args(file)]);
      assert.equal(code, 2, stderr);
      assert.equal(stdout, "");
      assert.match(stderr, /^ota-device: [^\n]+\n$/);
      assert.match(stderr, message);
      const { stderr: none } = await runCommand("device/main", ["inspect", "--state", state]);
      assert.match(none, /holds no board/);
    }));
}
