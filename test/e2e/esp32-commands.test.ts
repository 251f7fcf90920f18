import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { makeNvsImage, nvsLength } from "../../cli/nvs-image.js";
import { ESP32, SDK_CHIPS, type SdkChip, targetNameOf } from "../../hal/boards/family/chips.js";
import { STACK_SLOTS } from "../../hal/boards/esp32/stack.js";
import { withFolder } from "../support/folder.js";
import { ROOT } from "../support/root.js";

const HOST = process.platform === "darwin" ? "mac" : "lin";
const INFO = JSON.stringify({
  auth_mode: "KEY",
  productId: "ABCDE12345",
  deviceName: "light_01",
  key_deviceinfo: { deviceSecret: "MDEyMzQ1Njc4OWFiY2RlZg==" },
  region: "us-east",
});
const TLS = join(ROOT, "test", "fixtures", "tls");
const CERTIFICATE_INFO = JSON.stringify({
  auth_mode: "CERT",
  productId: "ABCDE12345",
  deviceName: "light_01",
  cert_deviceinfo: { devCertFile: join(TLS, "client.pem"), devPrivateKeyFile: join(TLS, "client-key.pem") },
  region: "china",
});

const TOOLS = ["mcconfig", "xsc", "xsid", "xsl"];
/** A board that no SDK has: what a real build has left beside it stays untouched. */
const STAND_IN = "stand_in";
const BOARD = ["--board", STAND_IN];
const OUTPUT = join(ROOT, "dist", "esp32");
const BUILT = join(OUTPUT, "bin", "esp32", STAND_IN, "release", "minimal");
const MANIFEST = join(OUTPUT, "minimal", "manifest.json");
/** The folder of the link that finds out what the board lacks. */
const LINK = new RegExp(`^mcconfig \\[\\] -p esp32/${STAND_IN} -o \\S+ \\S+/minimal/manifest\\.json$`);
const PARTTOOL = join("components", "partition_table", "parttool.py");
after(() => {
  for (const kind of ["bin", "tmp"]) rmSync(join(OUTPUT, kind, "esp32", STAND_IN), { recursive: true, force: true });
});

test("without the SDK both commands print in one line what to install, and exit with 2", async () => {
  await withFolder((folder) => {
    const cases: readonly (readonly [env: NodeJS.ProcessEnv, says: RegExp])[] = [
      [{}, /MODDABLE is not set: install the Moddable SDK 8 or newer/],
      [{ MODDABLE: folder }, /no Moddable SDK 8 or newer/],
      [{ MODDABLE: sdk(join(folder, "old"), "7.3.0") }, /is 7\.3\.0: install 8 or newer/],
      [
        { MODDABLE: sdk(join(folder, "bare"), "8.2.3", []) },
        /mcconfig is not built: run MODDABLE=\S+ PATH=\S+:\$PATH make -C \S+ \(an error about GTK/,
      ],
    ];
    for (const [env, says] of cases) {
      for (const [command, ...args] of [
        ["esp32/check"],
        ["esp32/flash", "--device-info", "x", "--ssid", "y"],
      ] as const) {
        assertUsage(run(command, args, env), says);
      }
    }
  });
});

test("what flash needs and does not have is reported in one line, with exit code 2, before anything is built", async () => {
  await withFolder((folder) => {
    const log = join(folder, "log");
    const env = { MODDABLE: sdk(join(folder, "sdk"), "8.2.3", TOOLS, log) };
    const info = file(join(folder, "device_info.json"), INFO);
    const flash = (...args: string[]): string[] => ["--device-info", info, "--ssid", "net", ...args];
    const path = pathWith(folder, log);
    const ready = { ...env, ...path, IDF_PATH: idf(folder) };
    assertUsage(run("esp32/check", ["--board", "toaster"], env), /no board esp32\/toaster/);
    assertUsage(run("esp32/check", ["--board", "../targets/nodemcu"], env), /no board/);
    for (const [args, environment, says] of [
      [flash(), env, /IDF_PATH is not set: install ESP-IDF v6\.0/],
      [flash(), { ...env, IDF_PATH: folder }, /which is no ESP-IDF/],
      [flash(), { ...env, IDF_PATH: idf(folder) }, /idf\.py does not run/],
      [["--ssid", "net"], ready, /device that the board becomes with --device-info/],
      [["--device-info", join(folder, "none"), "--ssid", "net"], ready, /cannot read .*none/],
      [
        ["--device-info", file(join(folder, "bad.json"), INFO.replace("KEY", "KEYS")), "--ssid", "net"],
        ready,
        /auth_mode/,
      ],
      [["--device-info", info], ready, /--ssid/],
      [flash("--password", "short"), ready, /8 to 63 bytes/],
      [flash("--broker", "http://x"), ready, /broker URL/],
      [flash("--port", join(folder, "ttyX")), ready, /ttyX is no serial port/],
      [flash(), { ...ready, STAND_IN_PORT: "" }, /no board was found on a serial port/],
      [flash(), { ...ready, STAND_IN_PYTHON: "1" }, /parttool\.py does not run: source .*export\.sh first/],
    ] as const) {
      assertUsage(run("esp32/flash", args, environment), says);
    }
    assert.throws(() => readFileSync(log), /ENOENT/, "no tool was asked to do anything");
  });
});

test("flash of a batch builds the example that registers, and writes the product's secret and no name", async () => {
  await withFolder((folder) => {
    const { env, calls } = standIns(folder);
    const { productId, region } = JSON.parse(INFO) as { productId: string; region: string };
    const productSecret = "product-secret-of-16";
    const info = file(
      join(folder, "batch.json"),
      JSON.stringify({ auth_mode: "KEY", productId, productSecret, region }),
    );
    const args = ["--device-info", info, "--ssid", "net", ...BOARD, "--port", "/dev/null"];
    const { status, stdout, stderr } = run("esp32/flash", args, env);
    assert.equal(status, 0, stderr);
    const called = calls();
    assert.match(called[1] ?? "", /-t build .*\/registration\/manifest\.json$/);
    assert.doesNotMatch(`${stdout}${called.join("")}`, /product-secret/);
    const expected = makeNvsImage({ productId, productSecret, region, ssid: "net" }, nvsLength());
    assert.ok(readFileSync(join(folder, "written.bin")).equals(expected));
  });
});

test("flash builds without identity and network, deploys, then writes the nvs image, all through one port", async () => {
  await withFolder((folder) => {
    const { env, info, calls } = standIns(folder);
    const wifi = ["--ssid", "my net", "--password", "a=b c d8", "--broker", "mqtt://192.168.0.2"];
    const { status, stdout, stderr } = run(
      "esp32/flash",
      ["--device-info", info, ...wifi, ...BOARD, "--port", "/dev/null"],
      env,
    );
    assert.equal(status, 0, stderr);
    const mcconfig = (target: string): string => `-m -t ${target} -p esp32/${STAND_IN} -o ${OUTPUT} ${MANIFEST}`;
    const table = join(BUILT, "partition-table.bin");
    const parttool = `${join(env.IDF_PATH, PARTTOOL)} --port /dev/null --partition-table-file ${table} write_partition --partition-name nvs --input`;
    const [link, ...said] = calls();
    assert.match(link ?? "", LINK);
    assert.deepEqual(said.slice(0, 2), [
      // Each step uses the same port: otherwise ESP-IDF would be configured anew.
      `mcconfig [/dev/null] ${mcconfig("build")}`,
      `mcconfig [/dev/null] ${mcconfig("deploy")}`,
    ]);
    assert.ok(said[2]?.startsWith(`python ${parttool} `), said[2]);
    assert.equal(said.length, 3);
    assert.doesNotMatch(
      said.join("\n"),
      /light_01|MDEy|a=b|my net|192\.168/,
      "nothing of the device or its network is on a command line",
    );
    const expected = makeNvsImage(
      {
        productId: "ABCDE12345",
        deviceName: "light_01",
        deviceSecret: "MDEyMzQ1Njc4OWFiY2RlZg==",
        region: "us-east",
        broker: "mqtt://192.168.0.2",
        ssid: "my net",
        password: "a=b c d8",
      },
      nvsLength(),
    );
    assert.ok(readFileSync(join(folder, "written.bin")).equals(expected));
    assert.ok(!existsSync(said[2]?.split(" ").at(-1) as string), "the image with the secret is gone");
    assert.match(stdout, /the board at \/dev\/null runs it, and has its identity and network\n$/);
  });
});

test("without --port each step uses the port that the SDK finds, and --debug ends in xsbug", async () => {
  await withFolder((folder) => {
    const { env, info, calls } = standIns(folder);
    const certificate = file(join(folder, "cert.json"), CERTIFICATE_INFO);
    for (const device of [info, certificate]) {
      const { status, stderr } = run(
        "esp32/flash",
        ["--device-info", device, "--ssid", "net", "--debug", ...BOARD],
        env,
      );
      assert.equal(status, 0, stderr);
      const [, ...said] = calls();
      const steps = said.map((line) =>
        /^mcconfig (\[.*\]) -m -d -t (\w+)|^(python)/.exec(line)?.slice(1).join(" ").trim(),
      );
      assert.deepEqual(steps, ["[/dev/null] build", "[/dev/null] deploy", "python", "[/dev/null] xsbug"]);
    }
  });
});

test("--build needs neither device nor Wi-Fi, and prints that its image is for every device", async () => {
  await withFolder((folder) => {
    const { env, calls } = standIns(folder);
    const { status, stdout, stderr } = run("esp32/flash", ["--build", "--firmware-version", "0.2.0", ...BOARD], env);
    assert.equal(status, 0, stderr);
    const lines = stdout.split("\n");
    assert.match(
      lines[0] ?? "",
      new RegExp(`^esp32/${STAND_IN}: links; an image of about [0-9]+ bytes leaves [0-9.]+ % of its slot$`),
    );
    assert.deepEqual(lines.slice(1), [
      "version 0.2.0, 65536 bytes, 96.1 % of its slot are free",
      `image ${join(BUILT, "xs_esp32.bin")}`,
      "the image is the same for every device: it holds no identity and no network",
      "",
    ]);
    const [link, ...said] = calls();
    assert.match(link ?? "", LINK);
    assert.deepEqual(said, [`mcconfig [] -m -t build -p esp32/${STAND_IN} -o ${OUTPUT} ${MANIFEST}`]);
    const settings = JSON.parse(readFileSync(join(dirname(MANIFEST), "settings.json"), "utf8")) as { defines: unknown };
    assert.deepEqual(settings.defines, { firmware: { version: "#0.2.0" } });
  });
});

test("a step that fails ends it with exit code 1, and an image of an earlier build is not taken for a new one", async () => {
  await withFolder((folder) => {
    const { env, info, calls } = standIns(folder);
    const flash = (...fail: [name: string, value: string]): Run => {
      const failing = { ...env, [fail[0]]: fail[1] };
      return run("esp32/flash", ["--device-info", info, "--ssid", "net", "--port", "/dev/null", ...BOARD], failing);
    };
    assert.equal(flash("NOTHING", "1").status, 0);
    calls();
    for (const [name, value, says, steps] of [
      ["STAND_IN_FAILS", "nothing-built", /mcconfig built no image/, 2],
      ["STAND_IN_FAILS", "build", /mcconfig failed in its target build/, 2],
      ["STAND_IN_VERSION", "0.0.9", /has the version 0\.0\.9, not 0\.1\.0/, 2],
      [
        "STAND_IN_LENGTH",
        "1622016",
        /1,622,016 bytes and leaves 4\.8 % of its slot of 1,703,936: at least 5 % must stay free.*--partitions/,
        2,
      ],
      ["STAND_IN_LENGTH", "1703952", /does not fit its slot of 1,703,936/, 2],
      ["STAND_IN_FAILS", "deploy", /mcconfig failed in its target deploy/, 3],
      [
        "STAND_IN_WRITE",
        "1",
        /parttool\.py failed, see above: the board runs the firmware, but without identity and network/,
        4,
      ],
    ] as const) {
      const { status, stderr, stdout } = flash(name, value);
      assert.equal(status, 1, stderr);
      assert.doesNotMatch(stdout, /^image /m);
      assert.match(stderr, says);
      assert.equal(calls().length, steps, value);
    }
  });
});

for (const [signal, toAll] of [
  ["SIGINT", true],
  ["SIGTERM", true],
  ["SIGTERM", false],
  ["SIGHUP", false],
] as const) {
  test(`${signal} to ${toAll ? "all" : "flash alone"} while the nvs image is written ends it with exit 1, and nothing of the secret stays`, async () => {
    await withFolder(async (folder) => {
      const { env, info } = standIns(folder);
      const temporary = join(folder, "temporary");
      mkdirSync(temporary);
      const program = join(ROOT, "dist", "node", "cli", "esp32", "flash.js");
      const args = ["--device-info", info, "--ssid", "net", "--port", "/dev/null", ...BOARD];
      const flash = spawn(process.execPath, [program, ...args], {
        env: { ...process.env, ...env, STAND_IN_HANGS: "1", TMPDIR: temporary },
        // A group of its own, as a terminal gives each command one.
        detached: true,
      });
      let [stdout, stderr] = ["", ""];
      flash.stdout.on("data", (bytes: Buffer) => (stdout += bytes.toString()));
      flash.stderr.on("data", (bytes: Buffer) => (stderr += bytes.toString()));
      const closed = once(flash, "close");
      const ended = closed.then(() => true);
      while (!/^hangs$/m.test(stdout)) if (await Promise.race([ended, sleep(20, false)])) assert.fail(stderr);
      assert.ok(readdirSync(temporary).some((name) => name.startsWith("moddable-ota-nvs-")));
      process.kill(toAll ? -(flash.pid as number) : (flash.pid as number), signal);
      const [status] = (await closed) as [number | null];
      assert.equal(status, 1, stderr);
      assert.match(
        stderr,
        /parttool\.py failed, see above: the board runs the firmware, but without identity and network\. Run the command again\n$/,
      );
      assert.deepEqual(
        readdirSync(temporary).filter((name) => name.startsWith("moddable-ota-nvs-")),
        [],
      );
    });
  });
}

test("a larger table has its own slots, and with the flash's size the settings of the board stay", async () => {
  await withFolder((folder) => {
    const { env } = standIns(folder);
    const target = join(env.MODDABLE, "build", "devices", "esp32", "targets", STAND_IN);
    file(join(target, "manifest.json"), '{ "build": { "SDKCONFIGPATH": "./sdkconfig" } }');
    file(join(target, "sdkconfig", "sdkconfig.defaults"), "CONFIG_SPIRAM=y\nCONFIG_ESPTOOLPY_FLASHSIZE_32MB=y\n");
    for (const [table, slotLength, size] of [
      ["4mb", 0x1a0000, "4MB"],
      ["4mb-large", 0x1f0000, "4MB"],
      ["8mb", 0x340000, "8MB"],
      ["16mb", 0x600000, "16MB"],
    ] as const) {
      const large = { ...env, STAND_IN_LENGTH: String(0x200000) };
      const { status, stderr } = run("esp32/flash", ["--build", "--partitions", table, ...BOARD], large);
      assert.equal(status, slotLength > 0x200000 ? 0 : 1, stderr);
      const settings = readFileSync(join(OUTPUT, "minimal", "sdkconfig", "sdkconfig.defaults"), "utf8").split("\n");
      assert.ok(settings.includes("CONFIG_SPIRAM=y"));
      assert.ok(settings.includes("CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=y"));
      assert.deepEqual(sizesSetIn(settings), [size]);
    }
    assertUsage(run("esp32/check", ["--partitions", "2mb"], env), /Allowed choices are 4mb, 4mb-large, 8mb, 16mb/);
    assertUsage(
      run("esp32/flash", ["--build", "--firmware-version", "1/2", ...BOARD], env),
      /firmware version 1\/2 is not 1 to 31 of/,
    );
  });
});

test("a table for more flash than the SDK's board has is refused in one line, with exit code 2, and nothing is built", async () => {
  await withFolder((folder) => {
    const { env, calls } = standIns(folder);
    const boardHas = (text: string): void =>
      setBoard(env.MODDABLE, '{ "build": { "SDKCONFIGPATH": "./sdkconfig" } }', { "sdkconfig.defaults": text });
    boardHas("CONFIG_ESPTOOLPY_FLASHSIZE_4MB=n\nCONFIG_ESPTOOLPY_FLASHSIZE_2MB=y\n");
    assertRefused(
      env,
      "4mb",
      /stand_in has 2 MB of flash in the SDK, and table 4mb needs 4: there is no smaller table/,
    );
    boardHas("CONFIG_ESPTOOLPY_FLASHSIZE_8MB=y\n");
    assertRefused(
      env,
      "16mb",
      /stand_in has 8 MB of flash in the SDK, and table 16mb needs 16: use --partitions 4mb or 4mb-large or 8mb/,
    );
    assert.throws(calls, /ENOENT/, "no tool was asked to do anything");
    assert.equal(run("esp32/check", ["--partitions", "8mb", ...BOARD], env).status, 0);
  });
});

test("the SDK's settings for releases are in a release, and not in a build for the debugger", async () => {
  await withFolder((folder) => {
    const { env } = standIns(folder);
    setBoard(env.MODDABLE, '{ "build": { "SDKCONFIGPATH": "./sdkconfig" } }', {
      "sdkconfig.defaults": "CONFIG_SPIRAM=y\n",
      "sdkconfig.defaults.release": "CONFIG_ESP_CONSOLE_NONE=y\n",
    });
    for (const [args, isRelease] of [
      [[], true],
      [["--debug"], false],
    ] as const) {
      const { status, stderr } = run("esp32/flash", ["--build", ...args, ...BOARD], env);
      assert.equal(status, 0, stderr);
      const settings = readFileSync(join(OUTPUT, "minimal", "sdkconfig", "sdkconfig.defaults"), "utf8").split("\n");
      assert.ok(settings.includes("CONFIG_SPIRAM=y"));
      assert.equal(settings.includes("CONFIG_ESP_CONSOLE_NONE=y"), isRelease);
    }
  });
});

test("settings and a table that the environment has for another application are in no build, and both commands report it", async () => {
  await withFolder((folder) => {
    const { env, info, calls } = standIns(folder);
    const foreign = { ...env, SDKCONFIGPATH: folder, PARTITIONS_FILE: join(folder, "partitions.csv") };
    const says = /^ignored:? +SDKCONFIGPATH and PARTITIONS_FILE of the environment: they are for other applications$/m;
    for (const args of [
      ["esp32/check"],
      ["esp32/flash", "--device-info", info, "--ssid", "net", "--port", "/dev/null"],
    ] as const) {
      const { status, stdout, stderr } = run(args[0], [...args.slice(1), ...BOARD], foreign);
      assert.equal(status, 0, stderr);
      assert.match(stdout, says);
    }
    assert.deepEqual(
      calls().filter((line) => line.endsWith("is given")),
      [],
    );
    assert.doesNotMatch(run("esp32/check", BOARD, env).stdout, /ignored/);
  });
});

test("a board without Wi-Fi is refused in one line, with exit code 2", async () => {
  await withFolder((folder) => {
    const { env } = standIns(folder);
    setBoard(env.MODDABLE, '{ "build": { "ESP32_SUBCLASS": "esp32h2" } }', {});
    for (const args of [["esp32/check"], ["esp32/flash", "--build"]] as const) {
      assertUsage(
        run(args[0], [...args.slice(1), ...BOARD], env),
        /esp32\/stand_in has no Wi-Fi in the SDK, which examples\/minimal needs/,
      );
    }
  });
});

test("a build that gives XS too little stack fails with one line that names the setting", async () => {
  await withFolder((folder) => {
    const { env } = standIns(folder);
    for (const args of [["esp32/check"], ["esp32/flash", "--build"]] as const) {
      const built = (stackSlots: number): Run =>
        run(args[0], [...args.slice(1), ...BOARD], { ...env, STAND_IN_STACK: String(stackSlots) });
      const { status, stderr } = built(STACK_SLOTS - 1);
      assert.equal(status, 1, stderr);
      assert.match(
        stderr,
        new RegExp(
          `XS gets ${STACK_SLOTS - 1} slots of stack and TLS needs ${STACK_SLOTS}: set creation\\.stack to ${STACK_SLOTS}`,
        ),
      );
      assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
      assert.equal(built(STACK_SLOTS).status, 0);
    }
  });
});

/** The SDK's manifest of a plain board with this chip, with other bytes in its heap if they are given. */
function manifestOf({ sdk, ...chip }: SdkChip, chunkBytes = sdk.creation.chunkBytes.initial): string {
  const { staticBytes, chunkBytes: chunks, slots, stackSlots } = sdk.creation;
  return JSON.stringify({
    build: { ESP32_SUBCLASS: targetNameOf(chip) },
    creation: {
      static: staticBytes,
      chunk: { initial: chunkBytes, incremental: chunks.step },
      heap: { initial: slots.initial, incremental: slots.step },
      stack: stackSlots,
    },
  });
}

for (const chip of SDK_CHIPS.filter(({ sdk }) => sdk.hasWifi)) {
  test(`check:esp32 and flash for an ${chip.name} take its board, and report its chip and its memory`, () =>
    withFolder((folder) => {
      const { env, calls } = standIns(folder);
      const { board, creation } = chip.sdk;
      setManifest(env.MODDABLE, board, manifestOf(chip));
      const name = targetNameOf(chip);
      const { status, stdout, stderr } = run("esp32/check", ["--chip", name], env);
      assert.equal(status, 0, stderr);
      const lines = stdout.split("\n").map((line) => line.replace(/ +/, " "));
      const memory =
        creation.staticBytes === 0
          ? "78,848 bytes of chunks, 4,928 slots"
          : "94,208 bytes that stack, chunks and slots share";
      for (const line of [
        `sdk Moddable 8.2.3, esp32/${board}`,
        `chip ${chip.name}, id ${chip.id}, boot loader at 0x${chip.bootLoaderOffset.toString(16)}, partition table at 0x8000, ${chip.sdk.flashMegabytes} MB of flash in the SDK`,
        `ram ${memory}, ${STACK_SLOTS} slots of stack`,
        `engine ota-device run --engine xs --chip ${name} has the same memory`,
      ]) {
        assert.ok(lines.includes(line), `${line}\n${stdout}`);
      }
      setManifest(env.MODDABLE, board, manifestOf(chip, 40_000));
      const other = run("esp32/check", ["--board", board], env);
      assert.match(
        other.stdout,
        new RegExp(
          `^engine +ota-device run --engine xs --chip ${name} has other memory: ${memory}, ${STACK_SLOTS} slots`,
          "m",
        ),
      );
      calls();

      const built = run("esp32/flash", ["--build", "--chip", chip.name], env);
      assert.equal(built.status, 0, built.stderr);
      assert.match(calls()[1] ?? "", new RegExp(` -p esp32/${board} `));
      const wrong = chip === ESP32 ? "ESP32-S3" : "ESP32";
      const { status: failed, stderr: says } = run("esp32/flash", ["--build", "--chip", chip.name], {
        ...env,
        STAND_IN_CHIP: wrong,
      });
      assert.equal(failed, 1, says);
      assert.match(says, new RegExp(`is an image for ${wrong}, and the board has an ${chip.name}\n$`));
      for (const kind of ["bin", "tmp"]) rmSync(join(OUTPUT, kind, "esp32", board), { recursive: true, force: true });
    }));
}

test("a board and a chip that do not fit, and a chip without a board, are refused in one line, with exit code 2", () =>
  withFolder((folder) => {
    const { env } = standIns(folder);
    file(
      join(env.MODDABLE, "build", "devices", "esp32", "targets", "base", "manifest.json"),
      '{ "build": { "ESP32_SUBCLASS": "esp32s2" } }',
    );
    setBoard(env.MODDABLE, '{ "include": ["$(MODULES)/x/manifest.json", "../base/manifest.json"] }', {});
    const refused: readonly (readonly [args: readonly string[], says: RegExp])[] = [
      [
        ["--chip", "esp32c3", ...BOARD],
        /esp32\/stand_in has an ESP32-S2, not an ESP32-C3: leave out --board or --chip/,
      ],
      [["--chip", "esp32p4"], /--chip esp32p4 is none of esp32, esp32s2, esp32c3, esp32s3, esp32c6, esp32h2/],
      [["--chip", "esp32h2"], /no board esp32\/esp32h2/],
    ];
    for (const [args, says] of refused) {
      assertUsage(run("esp32/check", args, env), says);
      assertUsage(run("esp32/flash", ["--build", ...args], env), says);
    }
    setBoard(env.MODDABLE, '{ "build": { "ESP32_SUBCLASS": "esp32x9" } }', {});
    assertUsage(run("esp32/check", BOARD, env), /esp32\/stand_in has the chip esp32x9, which is not of the family/);
  }));

const { MODDABLE } = process.env;

for (const chip of SDK_CHIPS) {
  test(`the SDK's board of an ${chip.name} is as the table has it, and check:esp32 links for it`, {
    skip: MODDABLE === undefined && "MODDABLE is not set",
  }, () => {
    const targets = join(MODDABLE as string, "build", "devices", "esp32", "targets");
    const { build = {}, creation } = JSON.parse(
      readFileSync(join(targets, chip.sdk.board, "manifest.json"), "utf8"),
    ) as { readonly build?: { readonly ESP32_SUBCLASS?: string }; readonly creation: unknown };
    const ours = JSON.parse(manifestOf(chip)) as { readonly creation: unknown };
    assert.deepEqual(creation, ours.creation);
    assert.equal(build.ESP32_SUBCLASS ?? "esp32", targetNameOf(chip));
    const project = join(MODDABLE as string, "build", "devices", "esp32", `xsProj-${targetNameOf(chip)}`);
    const settings = readFileSync(join(project, "sdkconfig.defaults"), "utf8");
    assert.match(settings, new RegExp(`^CONFIG_ESPTOOLPY_FLASHSIZE_${chip.sdk.flashMegabytes}MB=y$`, "m"));
    const { status, stdout, stderr } = run("esp32/check", ["--chip", chip.name], { MODDABLE });
    assert.equal(status, chip.sdk.hasWifi ? 0 : 2, stderr);
    if (chip.sdk.hasWifi) assert.match(stdout, /^engine .* has the same memory$/m);
    else assert.match(stderr, /has no Wi-Fi in the SDK/);
  });
}

test("the example links for an ESP32 by the SDK", { skip: MODDABLE === undefined && "MODDABLE is not set" }, () => {
  const { status, stdout, stderr } = run("esp32/check", [], { MODDABLE });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^rom +[0-9,]+ slots/m);
  assert.match(stdout, /^ok /m);
  const large = run("esp32/check", ["--partitions", "8mb"], { MODDABLE });
  assert.match(large.stdout, /^partition ota_1 +0x360000 +0x340000$/m, large.stderr);
});

interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Run {
  const {
    MODDABLE: _moddable,
    IDF_PATH: _idf,
    SDKCONFIGPATH: _settings,
    PARTITIONS_FILE: _table,
    ...rest
  } = process.env as { [name: string]: string };
  const program = join(ROOT, "dist", "node", "cli", `${command}.js`);
  return spawnSync(process.execPath, [program, ...args], { env: { ...rest, ...env }, encoding: "utf8" });
}

function assertUsage({ status, stdout, stderr }: Run, says: RegExp): void {
  assert.equal(status, 2, stderr);
  assert.match(stderr, says);
  assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
  assert.equal(stdout, "");
}

/** Both commands refuse the table for the board STAND_IN. */
function assertRefused(env: NodeJS.ProcessEnv, table: string, says: RegExp): void {
  for (const args of [["esp32/check"], ["esp32/flash", "--build"]] as const) {
    const { status, stderr } = run(args[0], [...args.slice(1), "--partitions", table, ...BOARD], env);
    assert.equal(status, 2, stderr);
    assert.match(stderr, says);
    assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
  }
}

/** A board in the SDK of stand-ins. */
function setManifest(moddable: string, board: string, manifest: string): void {
  file(join(moddable, "build", "devices", "esp32", "targets", board, "manifest.json"), manifest);
}

/** The settings of the board STAND_IN in the SDK of stand-ins. */
function setBoard(moddable: string, manifest: string, sdkconfig: { readonly [name: string]: string }): void {
  const target = join(moddable, "build", "devices", "esp32", "targets", STAND_IN);
  file(join(target, "manifest.json"), manifest);
  for (const [name, text] of Object.entries(sdkconfig)) file(join(target, "sdkconfig", name), text);
}

/** The sizes of flash that are on in the end: a later line wins. */
function sizesSetIn(lines: readonly string[]): string[] {
  const found = lines
    .map((line) => /^CONFIG_ESPTOOLPY_FLASHSIZE_(\w+)=(\w)/.exec(line))
    .filter((match) => match !== null);
  const values = new Map(found.map(([, size, value]) => [size as string, value]));
  return [...values].filter(([, value]) => value === "y").map(([size]) => size);
}

/** An SDK and an ESP-IDF of stand-ins that write down what they are asked for. */
function standIns(folder: string): {
  env: { [name: string]: string; MODDABLE: string; IDF_PATH: string };
  info: string;
  calls(): string[];
} {
  const log = join(folder, "log");
  const env = {
    MODDABLE: sdk(join(folder, "sdk"), "8.2.3", TOOLS, log),
    IDF_PATH: idf(folder),
    ...pathWith(folder, log),
  };
  const calls = (): string[] => {
    const lines = readFileSync(log, "utf8").trimEnd().split("\n");
    rmSync(log);
    return lines;
  };
  return { env, info: file(join(folder, "device_info.json"), INFO), calls };
}

/** idf.py and the python that export.sh brings. */
function pathWith(folder: string, log: string): { PATH: string } {
  const bin = join(folder, "bin");
  script(join(bin, "idf.py"), "exit 0");
  script(
    join(bin, "python"),
    `[ "$2" = --help ] && exit \${STAND_IN_PYTHON:-0}
echo "python $*" >> '${log}'
for input; do :; done
cp "$input" '${join(folder, "written.bin")}'
[ -n "$STAND_IN_HANGS" ] && echo hangs && exec sleep 60
exit \${STAND_IN_WRITE:-0}`,
  );
  return { PATH: [bin, process.env["PATH"]].join(delimiter) };
}

/** A folder that looks like an SDK; its tools write their port and arguments to `log`, and mcconfig builds an image. */
function sdk(folder: string, version = "8.2.3", tools = TOOLS, log = "/dev/null"): string {
  const devices = join(folder, "build", "devices", "esp32");
  file(join(folder, "tools", "VERSION"), `${version}\n`);
  file(join(devices, "manifest.json"), '{ "build": { "EXPECTED_ESP_IDF": "v6.0" } }');
  for (const board of ["nodemcu", STAND_IN]) file(join(devices, "targets", board, "manifest.json"), "{}");
  script(join(devices, "config", "idfSerialPort"), "echo ${STAND_IN_PORT-/dev/null}");
  const standIn = join(ROOT, "dist", "node", "test", "support", "mcconfig-stand-in.js");
  for (const tool of tools) {
    script(
      join(folder, "build", "bin", HOST, "release", tool),
      `exec '${process.execPath}' '${standIn}' '${log}' "$@"`,
    );
  }
  return folder;
}

function idf(folder: string): string {
  const path = join(folder, "idf");
  file(join(path, "components", "app_update", "include", "esp_ota_ops.h"), "");
  file(join(path, PARTTOOL), "");
  return path;
}

function script(path: string, command: string): void {
  file(path, `#!/bin/sh\n${command}\n`);
  chmodSync(path, 0o755);
}

function file(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}
