import { MAX_VERSION_LENGTH, buildAppImage } from "../hal/boards/sim/app-image-builder.js";
import { SimulatedBoard } from "../hal/boards/sim/board.js";
import { lockFolder } from "../hal/boards/sim/lock.js";
import { createFirmware } from "../hal/boards/sim/main.js";
import { createBoard, factoryFlash, holdsBoard, openFlash } from "../hal/boards/sim/state-dir.js";
import type { LogLevel } from "../hal/ports/index.js";
import { type OtaAgent, type OtaConfig, checkConfig } from "../src/index.js";
import { EXIT_FAILED, UsageError } from "./command-line.js";
import { readCertificate, readIdentity } from "./files.js";
import { createLog } from "./log.js";

export interface RunOptions {
  readonly deviceInfo: string;
  readonly state: string;
  readonly mqtt?: string;
  readonly ca?: string;
  readonly factoryVersion: string;
  readonly idleTimeout: number;
  readonly maxAttempts: number;
  readonly backoffMax: number;
  readonly log: LogLevel;
  readonly strictTls?: boolean;
}

/** Bytes of the image that a new board leaves the factory with. */
const FACTORY_IMAGE_LENGTH = 64 * 1024;

/** `ota-device run`: ends with the process. All input is looked at before anything is written. */
export async function run(options: RunOptions): Promise<void> {
  const config = configOf(options);
  checkConfig(config);
  const fresh = holdsBoard(options.state) ? undefined : factoryFlash(factoryImageOf(options.factoryVersion));
  const release = await lockFolder(options.state);
  if (fresh !== undefined) createBoard(options.state, fresh);

  const log = createLog(options.log);
  const flash = openFlash(options.state, "r+");
  let agent: OtaAgent | undefined;
  await new Promise<void>((resolve) => {
    const board = new SimulatedBoard({
      flash,
      strictTls: options.strictTls === true,
      firmware: createFirmware({ config, log, onAgent: (started) => (agent = started) }),
      onBoot: (slot) => log("info", "board", () => `boots ${slot.label}`),
      onDead: (error) => {
        log("error", "board", () => error.message);
        process.exitCode = EXIT_FAILED;
        resolve();
      },
    });
    const stop = (): void => {
      agent?.stop();
      // A turn of the event loop for the DISCONNECT.
      setTimeout(() => {
        board.cutPower();
        resolve();
      }, 50);
    };
    process.once("SIGINT", stop);
    process.once("SIGTERM", stop);
    board.powerOn();
  });
  flash.close();
  release();
}

function configOf(options: RunOptions): OtaConfig {
  const authority = options.ca === undefined ? undefined : readCertificate(options.ca);
  return {
    identity: readIdentity(options.deviceInfo),
    broker: { url: options.mqtt, authority },
    download: {
      authority,
      idleTimeoutSeconds: options.idleTimeout,
      maxAttempts: options.maxAttempts,
      backoffMaxSeconds: options.backoffMax,
    },
  };
}

function factoryImageOf(version: string): Uint8Array {
  if (!/^[A-Za-z0-9._-]+$/.test(version) || version.length > MAX_VERSION_LENGTH) {
    throw new UsageError(`--factory-version ${version} is not 1 to ${MAX_VERSION_LENGTH} of [A-Za-z0-9._-]`);
  }
  return buildAppImage({ version, byteLength: FACTORY_IMAGE_LENGTH, seed: 0 });
}
