#!/usr/bin/env node
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, Option } from "commander";
import { Cloud } from "../cloud/cloud.js";
import { appVersion } from "../hal/boards/sim/app-image.js";
import { buildAppImage } from "../hal/boards/sim/app-image-builder.js";
import { SimulatedBoard } from "../hal/boards/sim/board.js";
import { createBoard, factoryFlash, openFlash } from "../hal/boards/sim/state-dir.js";
import type { Log, LogLevel } from "../hal/ports/index.js";
import { EXIT_FAILED, percent, runProgram, UsageError } from "./command-line.js";
import { type BoardAgent, type BoardFirmware, type EngineName, engineOption, prepareEngine } from "./engine.js";
import { readBytes } from "./files.js";
import { playGatewayScene } from "./gateway-scene.js";
import { createLog, LOG_LEVELS } from "./log.js";
import { createProgress, type Progress } from "./progress.js";

const PRODUCT = "ABCDE12345";
const DEVICE = "board_01";
const FACTORY_VERSION = "0.1.0";
const NEW_VERSION = "0.2.0";
const IMAGE_LENGTH = 1024 * 1024;
const FACTORY_LENGTH = 64 * 1024;
/** Longest run, in milliseconds. */
const DEADLINE_MS = 120_000;

interface StartOptions {
  readonly firmware?: string;
  readonly cut?: number;
  readonly gateway?: boolean;
  readonly engine: EngineName;
  readonly log: LogLevel;
}

interface UpdateOptions extends StartOptions {
  readonly createFirmware: BoardFirmware;
}

const program = new Command("npm start --")
  .description("A local OTA cloud updates a simulated ESP32 from version 0.1.0 to a new firmware, in one process.")
  .option(
    "--firmware <file>",
    "an ESP32 application image to update to; default: a generated one of 1 MiB, version 0.2.0",
  )
  .option("--cut <percent>", "cut the power at the first progress from here on, then switch it on again", percent)
  .addOption(
    new Option("--gateway", "a gateway instead, which updates three lights to one firmware").conflicts("firmware"),
  )
  .addOption(engineOption())
  .addOption(
    new Option("--log <level>", "how much the agent logs on standard error").choices([...LOG_LEVELS]).default("error"),
  )
  .action(start);

await runProgram(program);

async function start(options: StartOptions): Promise<void> {
  if (options.gateway === true) {
    await startGateway(options);
    return;
  }
  const image =
    options.firmware === undefined
      ? buildAppImage({ version: NEW_VERSION, byteLength: IMAGE_LENGTH, seed: 1 })
      : readBytes(options.firmware);
  factoryFlash(image);
  const version = offeredVersion(image);
  await update(temporaryFolder(), image, version, { ...options, createFirmware: await prepareEngine(options.engine) });
}

async function startGateway({ log: logLevel, cut, engine }: StartOptions): Promise<void> {
  const createFirmware = await prepareEngine(engine);
  const log = createLog(logLevel);
  const { line, done } = await playGatewayScene({ folder: temporaryFolder(), log, logLevel, cut, createFirmware });
  say(line);
  if (!done) process.exitCode = EXIT_FAILED;
}

/** Makes a folder that is removed when this process ends. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "moddable-ota-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  process.once("SIGINT", () => process.exit(130));
  process.once("SIGTERM", () => process.exit(143));
  return folder;
}

async function update(folder: string, image: Uint8Array, version: string, options: UpdateOptions): Promise<void> {
  const factoryVersion = version === FACTORY_VERSION ? `${FACTORY_VERSION}-factory` : FACTORY_VERSION;
  const served = { requests: 0, bytes: 0 };
  const cloud = await Cloud.start({
    folder: join(folder, "cloud"),
    onServed: ({ byteLength }) => {
      served.requests++;
      served.bytes += byteLength;
    },
  });
  const deviceSecret = randomBytes(16).toString("base64");
  await prepareCloud(cloud, { folder, image, version, factoryVersion, deviceSecret });
  const board = join(folder, "board");
  createBoard(board, factoryFlash(buildAppImage({ version: factoryVersion, byteLength: FACTORY_LENGTH, seed: 0 })));
  say(`cloud    ${cloud.mqttUrl}  ${cloud.httpUrl}`);

  const began = process.hrtime.bigint();
  const ended = await runBoard({ board, cloud, version, deviceSecret, options });
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  await cloud.stop();
  if (ended.outcome === "done") {
    const requests = `${served.requests} ${served.requests === 1 ? "request" : "requests"}`;
    say(
      `done     version ${version} runs from ${ended.slot}: ${image.byteLength} bytes, ${requests}, ${seconds.toFixed(1)} s`,
    );
  } else {
    say(`failed   ${ended.message}`);
    process.exitCode = EXIT_FAILED;
  }
}

async function prepareCloud(
  cloud: Cloud,
  setup: { folder: string; image: Uint8Array; version: string; factoryVersion: string; deviceSecret: string },
): Promise<void> {
  const { platform } = cloud;
  const path = join(setup.folder, "firmware.bin");
  await platform.addDevice({ productId: PRODUCT, deviceName: DEVICE, deviceSecret: setup.deviceSecret });
  for (const version of [setup.factoryVersion, setup.version]) {
    writeFileSync(path, setup.image);
    await platform.addFirmware({ productId: PRODUCT, version, path });
  }
  await platform.upgrade({
    productId: PRODUCT,
    version: setup.version,
    selection: { kind: "versions", fromVersions: [setup.factoryVersion] },
  });
}

type Ended = { outcome: "done"; slot: string } | { outcome: "failed"; message: string };

function runBoard(setup: {
  board: string;
  cloud: Cloud;
  version: string;
  deviceSecret: string;
  options: UpdateOptions;
}): Promise<Ended> {
  const { cloud, version, options } = setup;
  const log: Log = createLog(options.log);
  const flash = openFlash(setup.board, "r+");
  const progress = createProgress();
  let agent: BoardAgent | undefined;
  let slot = "";
  let cutAt = options.cut;
  return new Promise<Ended>((resolve) => {
    const board = new SimulatedBoard({
      flash,
      firmware: options.createFirmware({
        log,
        logLevel: options.log,
        config: {
          identity: {
            productId: PRODUCT,
            deviceName: DEVICE,
            authentication: { mode: "KEY", deviceSecret: setup.deviceSecret },
          },
          broker: { url: cloud.mqttUrl },
        },
        onAgent: (started) => {
          agent = started;
          follow(started);
        },
        onPanic: (reason) => end({ outcome: "failed", message: `panic: ${reason}` }),
        onDead: (error) => end({ outcome: "failed", message: error.message }),
      }),
      onBoot: ({ label }) => {
        slot = label;
        say(`board    boots ${label}`);
      },
      onDead: (error) => end({ outcome: "failed", message: error.message }),
    });
    const deadline = setTimeout(
      () => end({ outcome: "failed", message: "the update did not end within two minutes; --log debug shows more" }),
      DEADLINE_MS,
    );
    const end = (ended: Ended): void => {
      clearTimeout(deadline);
      progress.stop();
      void agent?.stop();
      // The wait lets the last messages arrive: the DISCONNECT, and the last answer of the cloud.
      setTimeout(() => {
        board.cutPower();
        flash.close();
        resolve(ended);
      }, 50);
    };
    const follow = (started: BoardAgent): void => {
      let first = true;
      started.on("progress", ({ bytes, size }) => {
        if (first && bytes > 0) say(`agent    resumes at ${Math.floor((bytes * 100) / size)} %`);
        first = false;
        progress.update(bytes, size);
        if (cutAt === undefined || bytes * 100 < cutAt * size) return;
        cutAt = undefined;
        setImmediate(() => cutAndReturn(board, progress, Math.floor((bytes * 100) / size)));
      });
      started.on("state", ({ to }) => {
        if (to !== "downloading") progress.stop();
        if (
          to === "downloading" ||
          to === "verifying" ||
          to === "applying" ||
          to === "confirming" ||
          to === "waiting"
        ) {
          say(`agent    ${to}`);
        }
      });
      started.on("result", ({ result }) => {
        if (result.outcome !== "done") end({ outcome: "failed", message: `${result.outcome}: ${result.message}` });
      });
      started.on("answer", ({ version: reported }) => {
        say(`agent    reported version ${reported}`);
        if (reported === version || (started.state === "idle" && slot !== "ota_0")) {
          end({ outcome: "done", slot });
        }
      });
    };
    board.powerOn();
  });
}

function cutAndReturn(board: SimulatedBoard, progress: Progress, percent: number): void {
  board.cutPower();
  progress.stop();
  say(`power    cut at ${percent} %`);
  setTimeout(() => {
    say("power    on again");
    board.powerOn();
  }, 200);
}

/** @returns the image's version, which the new firmware will report @throws UsageError if no platform accepts it */
function offeredVersion(image: Uint8Array): string {
  const version = appVersion(image) ?? "";
  if (/^[A-Za-z0-9._-]{1,32}$/.test(version)) return version;
  throw new UsageError(
    "the image's version is not 1 to 32 of [A-Za-z0-9._-]: set it where the image is built (PROJECT_VER)",
  );
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
