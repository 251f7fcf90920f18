#!/usr/bin/env node
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, Option } from "commander";
import { Cloud } from "../cloud/cloud.js";
import { appVersion, CHIP_ESP32, imageChipId } from "../hal/boards/sim/app-image.js";
import { buildAppImage } from "../hal/boards/sim/app-image-builder.js";
import { lockFolder } from "../hal/boards/sim/lock.js";
import { createBoard, factoryFlash, holdsBoard } from "../hal/boards/sim/state-dir.js";
import type { LogLevel } from "../hal/ports/index.js";
import { type Ended, runBoard } from "./board-scene.js";
import { bytesPerSecond, EXIT_FAILED, percent, runProgram, UsageError } from "./command-line.js";
import { checkEngine, requireChipOf } from "./device/chip.js";
import { DEFAULT_BOARDS, demoBoards, demoSeed, MAX_BOARDS, MIN_BOARDS } from "./demo/choice.js";
import { type BoardFirmware, type EngineName, engineOption, prepareEngine } from "./engine.js";
import { readBytes, readIdentity, writeSecret } from "./files.js";
import { playDeltaScene } from "./delta-scene.js";
import { playGatewayScene } from "./gateway-scene.js";
import { playSealedScene } from "./sealed-scene.js";
import { createLog, LOG_LEVELS } from "./log.js";

const PRODUCT = "ABCDE12345";
const DEVICE = "board_01";
const FACTORY_VERSION = "0.1.0";
const NEW_VERSION = "0.2.0";
const IMAGE_LENGTH = 1024 * 1024;
const FACTORY_LENGTH = 64 * 1024;
const BOARD_FOLDER = "board";
/** Longest run, in milliseconds, besides the time of a slow download. */
const DEADLINE_MS = 120_000;
const DAY_SEC = 86_400;

interface StartOptions {
  readonly firmware?: string;
  readonly cut?: number;
  readonly slow?: number;
  readonly state?: string;
  readonly gateway?: boolean;
  readonly sealed?: boolean;
  readonly delta?: boolean;
  readonly console?: boolean;
  readonly demo?: number | true;
  readonly demoSeed?: number;
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
  .option("--slow <rate>", "bytes a second of the download, such as 100k (k is 1000)", bytesPerSecond)
  .option("--state <dir>", "keep cloud and board in this folder; the next run with it goes on where this one ended")
  .addOption(
    new Option("--gateway", "a gateway instead, which updates three lights to one firmware").conflicts([
      "firmware",
      "slow",
      "state",
    ]),
  )
  .addOption(
    new Option(
      "--sealed",
      "a board that takes only signed firmware: an update, and a forgery that it refuses",
    ).conflicts(["firmware", "gateway", "state"]),
  )
  .addOption(
    new Option("--delta", "a minor update as a delta, with a power cut, and the bytes that it saves").conflicts([
      "firmware",
      "gateway",
      "sealed",
      "state",
    ]),
  )
  .addOption(
    new Option("--console", "a fleet of simulated boards instead, and the web console for it").conflicts([
      "firmware",
      "cut",
      "slow",
      "gateway",
      "sealed",
      "delta",
      "engine",
      "log",
    ]),
  )
  .option(
    "--demo [n]",
    `with --console: how many boards, ${MIN_BOARDS} to ${MAX_BOARDS}; default: ${DEFAULT_BOARDS}, or as many as before`,
    demoBoards,
  )
  .option("--demo-seed <n>", "with --console: which of the boards misbehave; default: 1", demoSeed)
  .addOption(engineOption())
  .addOption(
    new Option("--log <level>", "how much the agent logs on standard error").choices([...LOG_LEVELS]).default("error"),
  )
  .action(start);

await runProgram(program);

async function start(options: StartOptions): Promise<void> {
  if (options.console === true) {
    await serveDemo(options);
    return;
  }
  if (options.demo !== undefined || options.demoSeed !== undefined) {
    throw new UsageError("--demo and --demo-seed need --console");
  }
  if (options.gateway === true) {
    await startGateway(options);
    return;
  }
  if (options.sealed === true) {
    await startSealed(options);
    return;
  }
  if (options.delta === true) {
    await startDelta(options);
    return;
  }
  const image =
    options.firmware === undefined
      ? buildAppImage({ version: NEW_VERSION, byteLength: IMAGE_LENGTH, seed: 1 })
      : readBytes(options.firmware);
  factoryFlash(image);
  checkEngine(options.engine, chipOf(image));
  if (options.state !== undefined) requireChipOf(join(options.state, BOARD_FOLDER), chipOf(image));
  const version = offeredVersion(image);
  const prepared = { ...options, createFirmware: await prepareEngine(options.engine) };
  if (options.state === undefined) {
    await update(temporaryFolder(), image, version, prepared);
    return;
  }
  const release = await lockFolder(options.state);
  await update(options.state, image, version, prepared);
  release();
}

async function startGateway({ log: logLevel, cut, engine }: StartOptions): Promise<void> {
  const createFirmware = await prepareEngine(engine);
  const log = createLog(logLevel);
  const { line, done } = await playGatewayScene({ folder: temporaryFolder(), log, logLevel, cut, createFirmware });
  say(line);
  if (!done) process.exitCode = EXIT_FAILED;
}

async function startSealed({ log: logLevel, cut, slow, engine }: StartOptions): Promise<void> {
  const createFirmware = await prepareEngine(engine);
  const log = createLog(logLevel);
  const { line, done } = await playSealedScene({ folder: temporaryFolder(), log, logLevel, cut, slow, createFirmware });
  say(line);
  if (!done) process.exitCode = EXIT_FAILED;
}

async function startDelta({ log: logLevel, cut, slow, engine }: StartOptions): Promise<void> {
  const createFirmware = await prepareEngine(engine);
  const log = createLog(logLevel);
  const { line, done } = await playDeltaScene({ folder: temporaryFolder(), log, logLevel, cut, slow, createFirmware });
  say(line);
  if (!done) process.exitCode = EXIT_FAILED;
}

/** Serves the cloud with its boards until SIGINT or SIGTERM. */
async function serveDemo({ state, demo = true, demoSeed: seed }: StartOptions): Promise<void> {
  const { serve } = await import("./cloud/serve/serve.js");
  const folder = state ?? removedAtExit();
  await serve({
    state: join(folder, "cloud"),
    listen: "127.0.0.1",
    mqttPort: 0,
    httpPort: 0,
    consoleListen: "127.0.0.1",
    consolePort: 0,
    urlLifetime: DAY_SEC,
    demo,
    ...(seed === undefined ? {} : { demoSeed: seed }),
  });
}

/** Makes a folder that is removed when this process ends, also by a signal. */
function temporaryFolder(): string {
  const folder = removedAtExit();
  process.once("SIGINT", () => process.exit(130));
  process.once("SIGTERM", () => process.exit(143));
  return folder;
}

function removedAtExit(): string {
  const folder = mkdtempSync(join(tmpdir(), "moddable-ota-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function update(folder: string, image: Uint8Array, version: string, options: UpdateOptions): Promise<void> {
  const { cut, slow, log, createFirmware } = options;
  const factoryVersion = version === FACTORY_VERSION ? `${FACTORY_VERSION}-factory` : FACTORY_VERSION;
  let count = 0;
  const cloud = await Cloud.start({
    folder: join(folder, "cloud"),
    faults: slow === undefined ? [] : [{ fault: "slow", bytesPerSecond: slow }],
    onServed: () => count++,
  });
  const began = process.hrtime.bigint();
  let ended: Ended;
  try {
    const deviceSecret = secretIn(folder);
    await prepareCloud(cloud, { folder, image, version, deviceSecret });
    const board = join(folder, BOARD_FOLDER);
    if (!holdsBoard(board)) {
      const factory = { version: factoryVersion, byteLength: FACTORY_LENGTH, seed: 0, chipId: chipOf(image) };
      createBoard(board, factoryFlash(buildAppImage(factory)));
    }
    say(`cloud    ${cloud.mqttUrl}  ${cloud.httpUrl}`);

    if (options.state !== undefined) say(`process  ${process.pid}: kill -9 it at any moment, then run this again`);
    ended = await runBoard({
      board,
      identity: { productId: PRODUCT, deviceName: DEVICE, authentication: { mode: "KEY", deviceSecret } },
      mqttUrl: cloud.mqttUrl,
      version,
      cut,
      log: createLog(log),
      logLevel: log,
      createFirmware,
      deadlineMs: DEADLINE_MS + (slow === undefined ? 0 : (2 * image.byteLength * 1000) / slow),
    });
  } finally {
    // Otherwise its servers would keep this process alive after an error.
    await cloud.stop();
  }
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  if (ended.outcome === "done") {
    const requests = `${count} ${count === 1 ? "request" : "requests"}`;
    say(
      `done     version ${version} runs from ${ended.slot}: ${image.byteLength} bytes, ${requests}, ${seconds.toFixed(1)} s`,
    );
  } else {
    say(`failed   ${ended.message}`);
    process.exitCode = EXIT_FAILED;
  }
}

/** @returns the device's secret: that of an earlier run on this folder, or a new one */
function secretIn(folder: string): string {
  const path = join(folder, "device_info.json");
  if (existsSync(path)) {
    const { authentication } = readIdentity(path);
    if (authentication.mode === "KEY") return authentication.deviceSecret;
    throw new UsageError(`${path} is not of an earlier run: choose another --state`);
  }
  const deviceSecret = randomBytes(16).toString("base64");
  const name = { productId: PRODUCT, deviceName: DEVICE };
  const info = { auth_mode: "KEY", ...name, key_deviceinfo: { deviceSecret }, region: "china" };
  writeSecret(path, `${JSON.stringify(info, null, 2)}\n`);
  return deviceSecret;
}

async function prepareCloud(
  cloud: Cloud,
  setup: { folder: string; image: Uint8Array; version: string; deviceSecret: string },
): Promise<void> {
  const { desk } = cloud;
  const { version, deviceSecret } = setup;
  const path = join(setup.folder, "firmware.bin");
  await desk.addDevice({ productId: PRODUCT, deviceName: DEVICE, deviceSecret });
  writeFileSync(path, setup.image);
  await desk.addFirmware({ productId: PRODUCT, version, path });
  await desk.upgrade({ productId: PRODUCT, version, selection: { kind: "list", deviceNames: [DEVICE] } });
}

/** The board is the one that the image is for. */
function chipOf(image: Uint8Array): number {
  return imageChipId(image) ?? CHIP_ESP32;
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
