import { MAX_VERSION_LENGTH, buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import { type Chip, ESP32 } from "../../hal/boards/family/chips.js";
import { SimulatedBoard } from "../../hal/boards/sim/board.js";
import { chipIdOf } from "../../hal/boards/sim/flash-chip.js";
import { lockFolder } from "../../hal/boards/sim/lock.js";
import type { NorFlash } from "../../hal/boards/sim/nor-flash.js";
import { createBoard, factoryFlash, holdsBoard, openFlash } from "../../hal/boards/sim/state-dir.js";
import { SimulatedSubDevice } from "../../hal/boards/sim/sub-devices.js";
import type { Log, LogLevel } from "../../hal/ports/index.js";
import { isSameDevice } from "../../src/gateway/sub-device.js";
import {
  checkConfig,
  type ComponentEvent,
  type Identity,
  type OtaConfig,
  type Result,
  type SubDeviceEvent,
} from "../../src/index.js";
import { EXIT_FAILED, UsageError } from "../command-line.js";
import { type BoardAgent, type EngineName, prepareEngine } from "../engine.js";
import { checkEngine, chipOfOption, requireChip } from "./chip.js";
import { attachComponent, type NamedComponent } from "./components.js";
import { readCertificate, readIdentity, readPublicKey, readRegistration } from "../files.js";
import { createLog } from "../log.js";
import { restartAfterPanic } from "../panic.js";
import { readPolicy, VitalsFile } from "./plan-files.js";
import { PlanPrompt } from "./plan-prompt.js";
import { type SelfTest, selfTestOf } from "./self-test.js";
import { readSubDevices } from "./sub-devices.js";

export interface RunOptions {
  readonly deviceInfo: string;
  readonly state: string;
  readonly mqtt?: string;
  readonly registerUrl?: string;
  readonly ca?: string;
  readonly chip?: string;
  readonly factoryVersion: string;
  readonly engine: EngineName;
  readonly idleTimeout: number;
  readonly maxAttempts: number;
  readonly backoffMax: number;
  readonly userAgent?: string;
  readonly log: LogLevel;
  readonly strictTls?: boolean;
  readonly subdevices?: string;
  readonly installTimeout: number;
  readonly policy?: string;
  readonly vitals?: string;
  readonly component?: readonly NamedComponent[];
  readonly selfTest?: SelfTest;
  readonly selfTestTimeout: number;
  /** Whether the firmware takes deltas and compressed images. */
  readonly packages: boolean;
  /** Files of public keys: an image must be sealed by one of them. */
  readonly trust?: readonly string[];
}

/** Bytes of a new board's factory image. */
const FACTORY_IMAGE_LENGTH = 64 * 1024;

/** `ota-device run`. It returns after SIGINT or SIGTERM. All input is checked before anything is written. */
export async function run(options: RunOptions): Promise<void> {
  const registration = readRegistration(options.deviceInfo);
  const { subDevices: bound, ...identity } = registration?.identity ?? readIdentity(options.deviceInfo);
  const listed = readSubDevices(options.subdevices, bound);
  const config = configOf(options, identity, listed.length > 0);
  checkConfig(config);
  const vitals = options.vitals === undefined ? undefined : new VitalsFile(options.vitals);
  const named = options.component ?? [];
  if (listed.length > 0 && named.length > 0) {
    throw new UsageError("--component is not for a gateway: list it in --subdevices");
  }
  if (listed.some((one) => isSameDevice(one, identity))) {
    throw new UsageError("a gateway cannot be its own sub-device: remove it from the list");
  }
  const wanted = options.chip === undefined ? undefined : chipOfOption(options.chip);
  const fresh = holdsBoard(options.state) ? undefined : factoryOf(wanted ?? ESP32, options.factoryVersion);
  const held = fresh ?? openFlash(options.state, "r");
  checkChip(held, options, wanted);
  held.close();
  const firmware = await prepareEngine(options.engine);
  const release = await lockFolder(options.state);
  // Another process may have made a board there before this one got the lock.
  if (fresh !== undefined && !holdsBoard(options.state)) createBoard(options.state, fresh);

  let prompt: PlanPrompt | undefined;
  const log = createLog(options.log, (write) =>
    prompt !== undefined && process.stderr.isTTY ? prompt.interrupt(write) : write(),
  );
  const subDevices = listed.map((one) => new SimulatedSubDevice({ ...one, state: options.state }));
  const components = named.map((one) => attachComponent(one, options.state));
  const flash = openFlash(options.state, "r+");
  checkChip(flash, options, wanted);
  const { consent, installWhen } = config.policy ?? {};
  if (config.policy !== undefined && process.stdin.isTTY && process.stdout.isTTY) prompt = createPrompt();
  else if (consent === "ask" || installWhen === "accepted") {
    log(
      "warn",
      "plan",
      () =>
        "the policy asks a person, but nobody can answer, because input and output are not a terminal: run it in a terminal",
    );
  }
  let agent: BoardAgent | undefined;
  await new Promise<void>((resolve) => {
    const onDead = (error: Error): void => {
      log("error", "board", () => error.message);
      process.exitCode = EXIT_FAILED;
      resolve();
    };
    const board: SimulatedBoard = new SimulatedBoard({
      flash,
      surroundings: vitals,
      strictTls: options.strictTls === true,
      firmware: firmware({
        config,
        registration:
          registration === undefined
            ? undefined
            : {
                productSecret: registration.productSecret,
                url: options.registerUrl,
                authority: config.broker?.authority,
                onRefused: onDead,
              },
        log,
        logLevel: options.log,
        packages: options.packages,
        subDevices,
        components,
        onAgent: (started) => {
          agent = started;
          started.on("subdevice", (event) => follow(event, log));
          started.on("component", (event) => followComponent(event, log));
          started.on("result", ({ version, result }) =>
            log("info", "update", () => `version ${version}: ${describeResult(result)}`),
          );
          if (prompt !== undefined) started.on("plan", (plan) => prompt?.show(plan));
        },
        onPanic: (reason) => {
          log("error", "board", () => `panic: ${reason}`);
          process.exitCode = EXIT_FAILED;
          restartAfterPanic(board);
        },
        onDead,
      }),
      onBoot: (slot) => log("info", "board", () => `boots ${slot.label}`),
      onDead,
    });
    const stop = async (): Promise<void> => {
      await agent?.stop();
      prompt?.close();
      // The wait lets the event loop send the DISCONNECT.
      setTimeout(() => {
        board.cutPower();
        resolve();
      }, 50);
    };
    process.once("SIGINT", () => void stop());
    process.once("SIGTERM", () => void stop());
    board.powerOn();
  });
  flash.close();
  release();
}

/** Makes the prompt. If it ends, the run ends too. */
function createPrompt(): PlanPrompt {
  return new PlanPrompt({
    input: process.stdin,
    output: process.stdout,
    onEnd: () => process.kill(process.pid, "SIGINT"),
  });
}

function follow(event: SubDeviceEvent, log: Log): void {
  const name = `${event.productId}/${event.deviceName}`;
  if (event.kind === "state") {
    log("info", "gateway", () => `${name} ${event.state}${event.message === undefined ? "" : `: ${event.message}`}`);
  }
  if (event.kind === "result") {
    log("info", "gateway", () => `${name} version ${event.version}: ${describeResult(event.result)}`);
  }
}

function followComponent(event: ComponentEvent, log: Log): void {
  if (event.kind === "state") log("info", "component", () => `${event.component} ${event.state}`);
  if (event.kind !== "result") return;
  const { component, version, result } = event;
  log("info", "component", () => `${component} version ${version}: ${describeResult(result)}`);
}

function describeResult(result: Result): string {
  return result.outcome === "done" ? "done" : `${result.outcome}: ${result.message}`;
}

function configOf(options: RunOptions, identity: Identity, isGateway: boolean): OtaConfig {
  const authority = options.ca === undefined ? undefined : readCertificate(options.ca);
  return {
    identity,
    ...(isGateway ? { gateway: { installTimeoutSeconds: options.installTimeout } } : {}),
    broker: { url: options.mqtt, authority },
    policy: options.policy === undefined ? undefined : readPolicy(options.policy),
    components: { installTimeoutSeconds: options.installTimeout },
    seal: options.trust === undefined ? undefined : { trusted: options.trust.map(readPublicKey) },
    selfTest: selfTestOf(options.selfTest),
    selfTestSeconds: options.selfTestTimeout,
    download: {
      authority,
      idleTimeoutSeconds: options.idleTimeout,
      maxAttempts: options.maxAttempts,
      backoffMaxSeconds: options.backoffMax,
      userAgent: options.userAgent,
    },
  };
}

function checkChip(flash: NorFlash, { state, engine }: RunOptions, wanted: Chip | undefined): void {
  if (wanted !== undefined) requireChip(state, flash, wanted.id);
  checkEngine(engine, chipIdOf(flash));
}

function factoryOf(chip: Chip, version: string): NorFlash {
  if (!/^[A-Za-z0-9._-]+$/.test(version) || version.length > MAX_VERSION_LENGTH) {
    throw new UsageError(`--factory-version ${version} is not 1 to ${MAX_VERSION_LENGTH} of [A-Za-z0-9._-]`);
  }
  return factoryFlash(buildAppImage({ version, byteLength: FACTORY_IMAGE_LENGTH, seed: 0, chipId: chip.id }));
}
