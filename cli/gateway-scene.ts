import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Cloud } from "../cloud/cloud.js";
import { buildAppImage } from "../hal/boards/sim/app-image-builder.js";
import { SimulatedBoard } from "../hal/boards/sim/board.js";
import { createBoard, factoryFlash, openFlash } from "../hal/boards/sim/state-dir.js";
import { SimulatedSubDevice } from "../hal/boards/sim/sub-devices.js";
import type { Log, LogLevel } from "../hal/ports/index.js";
import type { DeviceName, SubDeviceEvent } from "../src/index.js";
import type { BoardAgent, BoardFirmware } from "./engine.js";
import { createProgressOf, type ProgressOf } from "./progress.js";

/*
 * The devices of an example in the vendor's document: a gateway with three lights and an air conditioner, which is of
 * another product. The lights are offered the same firmware.
 */
const GATEWAY: DeviceName = { productId: "ABCDE12345", deviceName: "gateway_01" };
const LIGHTS = ["light1", "light2", "light3"].map(
  (deviceName): DeviceName => ({ productId: "E69UADXUYY", deviceName }),
);
const AIR_CONDITIONER: DeviceName = { productId: "KL4J2KAAAA", deviceName: "airConditioner1" };
const OLD_VERSION = "1.0.0";
const NEW_VERSION = "2.0.0";
const IMAGE_LENGTH = 512 * 1024;
const FACTORY_LENGTH = 64 * 1024;
/** Longest run, in milliseconds. */
const DEADLINE_MS = 120_000;

export interface GatewaySceneOptions {
  readonly folder: string;
  readonly log: Log;
  readonly logLevel: LogLevel;
  readonly createFirmware: BoardFirmware;
  /** Percent of the download at which the gateway's power is cut. */
  readonly cut: number | undefined;
}

/** Runs the scene. @returns one line about the result, and whether all went well */
export async function playGatewayScene(options: GatewaySceneOptions): Promise<{ line: string; done: boolean }> {
  const { folder } = options;
  let requests = 0;
  const cloud = await Cloud.start({ folder: join(folder, "cloud"), onServed: () => requests++ });
  const deviceSecret = randomBytes(16).toString("base64");
  await prepare(cloud, folder, deviceSecret);
  const state = join(folder, "board");
  createBoard(state, factoryFlash(buildAppImage({ version: "0.1.0", byteLength: FACTORY_LENGTH, seed: 0 })));
  say(`cloud    ${cloud.mqttUrl}  ${cloud.httpUrl}`);
  const began = process.hrtime.bigint();
  const failure = await run({ ...options, state, cloud, deviceSecret });
  const seconds = (Number(process.hrtime.bigint() - began) / 1e9).toFixed(1);
  const { devices } = await cloud.desk.status();
  await cloud.stop();
  const behind = LIGHTS.filter((light) => devices.find((known) => isSame(known, light))?.version !== NEW_VERSION);
  if (failure === undefined && behind.length > 0) {
    return { line: `failed   the cloud has no report of the new version from ${behind[0]?.deviceName}`, done: false };
  }
  if (failure !== undefined) return { line: `failed   ${failure}`, done: false };
  const names = LIGHTS.map(({ deviceName }) => deviceName).join(", ");
  const fetched = `${requests} ${requests === 1 ? "request" : "requests"}`;
  return {
    line: `done     ${names} run version ${NEW_VERSION}: ${IMAGE_LENGTH} bytes, ${fetched}, ${seconds} s`,
    done: true,
  };
}

async function prepare({ desk }: Cloud, folder: string, deviceSecret: string): Promise<void> {
  await desk.addDevice({ ...GATEWAY, deviceSecret });
  for (const name of [...LIGHTS, AIR_CONDITIONER]) {
    await desk.addDevice({ ...name, deviceSecret: randomBytes(16).toString("base64") });
    await desk.bindSubDevice({ ...name, gateway: GATEWAY });
  }
  const path = join(folder, "light.bin");
  writeFileSync(path, buildAppImage({ version: NEW_VERSION, byteLength: IMAGE_LENGTH, seed: 2 }));
  const { productId } = LIGHTS[0] as DeviceName;
  await desk.addFirmware({ productId, version: NEW_VERSION, path });
  const deviceNames = LIGHTS.map(({ deviceName }) => deviceName);
  await desk.upgrade({ productId, version: NEW_VERSION, selection: { kind: "list", deviceNames } });
}

/** @returns why it failed, or `undefined` */
function run(
  setup: GatewaySceneOptions & { state: string; cloud: Cloud; deviceSecret: string },
): Promise<string | undefined> {
  const { state, cloud, deviceSecret, log, logLevel, createFirmware } = setup;
  const flash = openFlash(state, "r+");
  const subDevices = [...LIGHTS, AIR_CONDITIONER].map(
    (name) => new SimulatedSubDevice({ ...name, version: OLD_VERSION, install: "ok", state }),
  );
  const progress = createProgressOf(subDevices.map(({ deviceName }) => deviceName));
  const waited = new Set(LIGHTS.map(({ deviceName }) => deviceName));
  let { cut } = setup;
  let agent: BoardAgent | undefined;
  return new Promise((resolve) => {
    const board = new SimulatedBoard({
      flash,
      firmware: createFirmware({
        log,
        logLevel,
        subDevices,
        config: {
          identity: { ...GATEWAY, authentication: { mode: "KEY", deviceSecret } },
          broker: { url: cloud.mqttUrl },
          gateway: { messagesPerSecond: 20 },
        },
        onAgent: (started) => {
          agent = started;
          started.on("subdevice", follow);
        },
        onPanic: (reason) => end(`panic: ${reason}`),
        onDead: (error) => end(error.message),
      }),
      onDead: (error) => end(error.message),
    });
    const end = (failure: string | undefined): void => {
      clearTimeout(deadline);
      progress.stop();
      void agent?.stop();
      // The wait lets the last messages arrive: DISCONNECT of the gateway, and the last answers of the cloud.
      setTimeout(() => {
        board.cutPower();
        flash.close();
        resolve(failure);
      }, 100);
    };
    const deadline = setTimeout(
      () => end("the update did not end within two minutes; --log debug shows more"),
      DEADLINE_MS,
    );
    const follow = (event: SubDeviceEvent): void => {
      show(progress, event);
      if (event.kind === "result") {
        if (event.result.outcome !== "done") end(`${event.deviceName}: ${event.result.message}`);
      }
      // The platform considers the update done once it has got the new version, so the version report may still follow.
      if (event.kind === "result" && waited.delete(event.deviceName) && waited.size === 0) {
        setTimeout(() => end(undefined), 300);
      }
      if (
        event.kind !== "progress" ||
        event.step !== "download" ||
        cut === undefined ||
        event.bytes * 100 < cut * event.size
      ) {
        return;
      }
      const at = Math.floor((event.bytes * 100) / event.size);
      cut = undefined;
      setImmediate(() => {
        board.cutPower();
        progress.say(`power    cut at ${at} %`);
        setTimeout(() => {
          progress.say("power    on again");
          board.powerOn();
        }, 200);
      });
    };
    board.powerOn();
  });
}

function isSame(left: DeviceName, right: DeviceName): boolean {
  return left.productId === right.productId && left.deviceName === right.deviceName;
}

function show(progress: ProgressOf, event: SubDeviceEvent): void {
  switch (event.kind) {
    case "state":
      progress.state(event.deviceName, event.state === "applying" ? "installing" : event.state);
      return;
    case "progress":
      progress.update(event.deviceName, event.bytes, event.size);
      return;
    case "result":
      progress.state(event.deviceName, event.result.outcome);
      return;
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
