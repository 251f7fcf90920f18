import assert from "node:assert/strict";
import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { test } from "node:test";
import { openOperator } from "../../cli/cloud/operator.js";
import { DEMO_PRODUCT, rosterOf } from "../../cli/demo/roster.js";
import type { Actor, Operator, TaskView } from "../../cloud/operator/types.js";
import { Running, runCommand, withCommands } from "../support/command.js";
import { REPEAT, SEED } from "../support/seed.js";

const ACTOR: Actor = { name: "test", origin: "local" };
const BOARDS = 12;
const PORTS = ["--mqtt-port", "0", "--http-port", "0", "--console-port", "0"];
const WAIT_MS = 60_000;
const REASONS = { broken: "-5 self test: the LED driver does not answer" };

async function served(command: string, ...args: string[]): Promise<Running> {
  const running = new Running(command, args);
  await running.until("the console's link", () => /^console /m.test(running.stdout), WAIT_MS);
  return running;
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + WAIT_MS;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`no ${what} within ${WAIT_MS} ms; ${REPEAT}`);
    await pause(100);
  }
}

/** @returns the path of a firmware, as the demo prints it */
function fileOf({ stdout }: Running, version: string): string {
  const line = stdout.split("\n").find((text) => text.startsWith(`${version}  `)) ?? "";
  return line.slice(version.length + 2, line.lastIndexOf(": "));
}

async function upload(operator: Operator, file: string, version: string): Promise<void> {
  const request = { productId: DEMO_PRODUCT, version, fileName: "lamp.bin", size: statSync(file).size };
  await operator.addPackage(request, createReadStream(file), ACTOR);
}

async function tasksOf(operator: Operator, planId: number): Promise<readonly TaskView[]> {
  return (await operator.tasks({ planId }, { limit: 1000 })).items;
}

function ending({ state, reason, resultCode, resultMessage }: TaskView): string {
  if (state === "failed") return `failed: ${resultCode} ${resultMessage}`;
  return state === "declined" ? `declined: ${resultMessage ?? reason}` : state;
}

/** @returns for each fault of the roster, how its board ends before it is mended */
function predicted(fault: ReturnType<typeof rosterOf>["faults"][number]): string {
  switch (fault.fault) {
    case "slow":
      return "downloading";
    case "wrong-bytes":
      return "failed: -4 md5 not match";
    case "status":
      return "failed: -2 file not exist";
    case "power-off":
      return "silent";
    case "low-battery":
      return "declined: declined: battery at 12 %, 30 % needed";
    default:
      throw new Error(`no prediction for ${fault.fault}`);
  }
}

test("a demo: the predicted boards do not come, for the predicted reasons; mended, all but the broken one come", () =>
  withCommands(async (folder) => {
    const state = join(folder, "cloud");
    const { boards, faults } = rosterOf(BOARDS, SEED);
    const first = await served(
      "cloud/main",
      "serve",
      "--state",
      state,
      ...PORTS,
      "--demo",
      "12",
      "--demo-seed",
      `${SEED}`,
    );
    assert.match(first.stdout, new RegExp(`^demo   12 of 12 boards are online: .* seed ${SEED}$`, "m"));
    const { operator } = await openOperator({ state }, "test");

    const versions = (await operator.devices({ productId: DEMO_PRODUCT }, { limit: 1000 })).items;
    assert.deepEqual(
      versions.map(({ deviceName, online, versions: { firmware } }) => [deviceName, online, firmware]),
      boards.map(({ name, version }) => [name, true, version]),
      REPEAT,
    );
    const packages = (await operator.packages(DEMO_PRODUCT, {})).items;
    assert.deepEqual(
      packages.map(({ version }) => version),
      ["0.1.0"],
      "0.2.0 is the tester's to upload",
    );

    await upload(operator, fileOf(first, "0.2.0"), "0.2.0");
    const verification = { productId: DEMO_PRODUCT, version: "0.2.0", deviceName: "lamp_01" };
    const { id: verifyId } = await operator.verify(verification, ACTOR);
    await until("end of the verification", async () => (await operator.plan(verifyId)).state === "finished");
    const { id } = await operator.createPlan(
      {
        name: "lamps to 0.2.0",
        product: DEMO_PRODUCT,
        version: "0.2.0",
        all: true,
        pace: { maxInFlight: 100, perMinute: 1000, stages: [100] },
        halt: { percent: 100, atLeast: 100 },
        retry: [],
        silentAfterSeconds: 12,
      },
      ACTOR,
    );
    await operator.activatePlan(id, ACTOR);

    const bad = new Map(faults.map((fault) => [fault.device ?? "", predicted(fault)]));
    for (const { name, broken } of boards) if (broken) bad.set(name, `failed: ${REASONS.broken}`);
    const expected = Object.fromEntries(
      boards
        .filter(({ name, version }) => version !== "0.2.0" && name !== "lamp_01")
        .map(({ name }) => [name, bad.get(name) ?? "succeeded"]),
    );
    const endings = async () =>
      Object.fromEntries((await tasksOf(operator, id)).map((task) => [task.deviceName, ending(task)]));
    const settled = (found: string | undefined): boolean =>
      found !== undefined && (/^(succeeded|failed|declined|silent)/.test(found) || found === "downloading");
    const slow = faults.filter(({ fault }) => fault === "slow").map(({ device = "" }) => device);
    await until("the first round", async () =>
      Object.entries(await endings()).every(
        ([name, found]) => settled(found) && (found !== "downloading" || slow.includes(name)),
      ),
    );
    const found = await endings();
    // On a fast day a slow board has come already.
    for (const name of slow) if (found[name] === "succeeded") expected[name] = "succeeded";
    assert.deepEqual(found, expected, REPEAT);
    const struck = await operator.faults();
    assert.deepEqual(
      struck.filter(({ struck: times }) => times === 0),
      [],
      `each fault has struck; ${REPEAT}`,
    );
    await operator.close?.();
    assert.equal((await first.kill("SIGTERM")).code, 0, first.stderr);

    // The next start goes on: the same bench, with its faults, and without power where it was off.
    const next = await served("cloud/main", "serve", "--state", state, ...PORTS, "--demo");
    const dark = faults.filter(({ fault }) => fault === "power-off").length;
    assert.match(next.stdout, new RegExp(`^demo   ${BOARDS - dark} of 12 boards are online: .* seed ${SEED}$`, "m"));
    const { operator: again } = await openOperator({ state }, "test");
    assert.deepEqual(
      (await again.faults()).map(({ spec }) => spec),
      faults,
      REPEAT,
    );
    await again.clearFaults(undefined, ACTOR);
    await until("power", async () => {
      const { items } = await again.devices({ productId: DEMO_PRODUCT, online: true }, { limit: 1000 });
      return items.length === BOARDS;
    });
    await again.retryPlan(id, {}, ACTOR);
    const declined = (await tasksOf(again, id)).filter((task) => task.state === "declined").map((task) => task.id);
    await again.retryPlan(id, { tasks: declined }, ACTOR);
    await until("the end of the plan", async () => (await again.plan(id)).state === "finished");
    const late = (await tasksOf(again, id)).filter((task) => task.state !== "succeeded");
    assert.deepEqual(
      late.map((task) => [task.deviceName, ending(task)]),
      boards.filter(({ broken }) => broken).map(({ name }) => [name, `failed: ${REASONS.broken}`]),
      REPEAT,
    );
    await again.close?.();
    assert.equal((await next.kill("SIGTERM")).code, 0, next.stderr);
  }));

test("power goes off and comes back by a fault on command, at once or while the board burns", () =>
  withCommands(async (folder) => {
    const state = join(folder, "cloud");
    const running = await served("cloud/main", "serve", "--state", state, ...PORTS, "--demo", "10");
    const { operator } = await openOperator({ state }, "test");
    const lamp = { product: DEMO_PRODUCT, device: "lamp_02" };
    const isOnline = async (): Promise<boolean> =>
      (await operator.device({ productId: DEMO_PRODUCT, deviceName: "lamp_02" })).online === true;
    const { id } = await operator.addFault({ fault: "power-off", ...lamp }, ACTOR);
    await until("darkness", async () => !(await isOnline()));
    await operator.clearFaults(id, ACTOR);
    await until("light", isOnline);
    await running.until("a line about it", () => /board lamp_02 has power again$/m.test(running.stdout));

    const burning = await operator.addFault({ fault: "power-off", at: "burning", ...lamp }, ACTOR);
    await upload(operator, fileOf(running, "0.2.0"), "0.2.0");
    const plan = { name: "one", product: DEMO_PRODUCT, version: "0.2.0", devices: ["lamp_02"], override: "test" };
    const { id: planId } = await operator.createPlan({ ...plan, retry: [], silentAfterSeconds: 5 }, ACTOR);
    await operator.activatePlan(planId, ACTOR);
    const task = async () => (await tasksOf(operator, planId))[0];
    await until("silence", async () => (await task())?.state === "silent");
    assert.equal((await task())?.reason, "burning");
    assert.equal(await isOnline(), false);
    await operator.clearFaults(burning.id, ACTOR);
    await until("light", isOnline);
    await operator.retryPlan(planId, {}, ACTOR);
    await until("success", async () => (await task())?.state === "succeeded");
    await operator.close?.();
    assert.equal((await running.kill("SIGINT")).code, 0, running.stderr);
  }));

test("the bad firmware of a demo is reverted, and its verification names the reason", () =>
  withCommands(async (folder) => {
    const state = join(folder, "cloud");
    const running = await served("cloud/main", "serve", "--state", state, ...PORTS, "--demo", "10");
    const { operator } = await openOperator({ state }, "test");
    await upload(operator, fileOf(running, "0.2.1"), "0.2.1");
    await operator.verify({ productId: DEMO_PRODUCT, version: "0.2.1", deviceName: "lamp_01" }, ACTOR);
    const rejected = async () =>
      (await operator.packages(DEMO_PRODUCT, {})).items.find(({ version }) => version === "0.2.1");
    await until("verdict", async () => (await rejected())?.state === "rejected");
    assert.equal((await rejected())?.stateReason, "-5 self test: firmware 0.2.1 finds no dimmer");
    const { versions } = await operator.device({ productId: DEMO_PRODUCT, deviceName: "lamp_01" });
    assert.equal(versions["firmware"], "0.1.0");
    await operator.close?.();
    await running.kill("SIGTERM");
  }));

test("npm start -- --console runs a demo in a temporary folder, and leaves nothing behind", () =>
  withCommands(async (folder) => {
    const running = new Running("start", ["--console", "--demo", "10"], { TMPDIR: folder });
    await running.until("its link", () => /^console {2}http:\S+\/login#\S+$/m.test(running.stdout), WAIT_MS);
    assert.match(running.stdout, /^demo {3}10 of 10 boards are online: product DEMOLAMP01, seed 1$/m);
    assert.ok(!running.stdout.includes("\u001b"), "plain lines when piped");
    const { code, stderr } = await running.kill("SIGINT");
    assert.deepEqual([code, stderr], [0, ""]);
    assert.deepEqual(readdirSync(folder), []);
  }));

test("interrupted while its boards are made and come online, it ends in order", () =>
  withCommands(async (folder) => {
    const running = new Running("start", ["--console", "--demo", "200"], { TMPDIR: folder });
    const isMade = (name: string): boolean => existsSync(join(folder, name, "cloud", "demo", "demo.json"));
    await running.until("the demo's record", () => readdirSync(folder).some(isMade), WAIT_MS);
    const { code, stderr } = await running.kill("SIGINT");
    assert.deepEqual([code, stderr], [0, ""]);
    assert.deepEqual(readdirSync(folder), []);
  }));

test("npm start -- --console --state keeps the demo, and secrets only for the owner", () =>
  withCommands(async (folder) => {
    const state = join(folder, "desk");
    const running = new Running("start", ["--console", "--demo", "10", "--state", state]);
    await running.until("its link", () => /^console /m.test(running.stdout), WAIT_MS);
    assert.equal((await running.kill("SIGTERM")).code, 0);
    const record = join(state, "cloud", "demo", "demo.json");
    assert.equal(statSync(record).mode & 0o777, 0o600);
    const { secrets } = JSON.parse(readFileSync(record, "utf8")) as { secrets: { [name: string]: string } };
    assert.ok(!running.stdout.includes(secrets["lamp_01"] ?? "?"));
  }));

test("what a demo cannot be is one line and exit code 2", () =>
  withCommands(async (folder) => {
    const state = join(folder, "cloud");
    const serve = ["serve", "--state", state, ...PORTS];
    const cases: readonly (readonly [command: string, args: readonly string[], message: RegExp])[] = [
      ["cloud/main", [...serve, "--demo", "9"], /A demo has 10 to 500 boards/],
      ["cloud/main", [...serve, "--demo", "501"], /A demo has 10 to 500 boards/],
      ["cloud/main", [...serve, "--demo-seed", "3"], /--demo-seed is for --demo/],
      ["cloud/main", [...serve, "--demo", "--broker", "mqtt://127.0.0.1:1"], /leave --broker out/],
      ["cloud/main", [...serve, "--demo", "--tls-cert", "c.pem", "--tls-key", "k.pem"], /leave --tls-cert out/],
      ["start", ["--demo", "10"], /need --console/],
      ["start", ["--console", "--cut", "5"], /--console.*--cut|--cut.*--console/],
    ];
    for (const [command, args, message] of cases) {
      const { code, stderr } = await runCommand(command, args);
      assert.deepEqual([code, stderr.trim().split("\n").length], [2, 1], `${args.join(" ")}: ${stderr}`);
      assert.match(stderr, message);
    }
    const { code, stderr } = await runCommand("cloud/main", ["fault", "list", "--state", state]);
    assert.deepEqual([code, /no folder/.test(stderr)], [2, true], "a refused demo has made nothing");
  }));

test("a folder keeps its demo: another count or a cloud with the same devices is refused", () =>
  withCommands(async (folder) => {
    const state = join(folder, "cloud");
    const running = await served("cloud/main", "serve", "--state", state, ...PORTS, "--demo", "10");
    assert.equal((await running.kill("SIGTERM")).code, 0);
    const other = await runCommand("cloud/main", ["serve", "--state", state, ...PORTS, "--demo", "11"]);
    assert.equal(other.code, 2);
    assert.match(other.stderr, /is a demo with 10 boards and seed 1/);

    const fleet = join(folder, "fleet");
    const add = ["device", "add", "--state", fleet, "--product", DEMO_PRODUCT, "--name", "lamp_03"];
    assert.equal((await runCommand("cloud/main", [...add, "--output", join(folder, "info.json")])).code, 0);
    const foreign = await runCommand("cloud/main", ["serve", "--state", fleet, ...PORTS, "--demo", "10"]);
    assert.equal(foreign.code, 2, foreign.stderr);
    assert.match(foreign.stderr, /lamp_03 exists with another secret: this cloud has devices of DEMOLAMP01/);
  }));

test("a cloud without a demo refuses the faults of its boards", () =>
  withCommands(async (folder) => {
    const state = join(folder, "cloud");
    await served("cloud/main", "serve", "--state", state, ...PORTS);
    for (const fault of [["power-off"], ["low-battery", "--percent", "5"]]) {
      const { code, stderr } = await runCommand("cloud/main", ["fault", "add", ...fault, "--state", state]);
      assert.equal(code, 2);
      assert.match(stderr, /needs simulated boards beside the cloud: start it with --demo/);
    }
  }));
