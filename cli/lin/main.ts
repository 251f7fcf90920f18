#!/usr/bin/env node
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, Option } from "commander";
import { Cloud } from "../../cloud/cloud.js";
import { makePackage } from "../../cloud/delta/make-package.js";
import { ESP32 } from "../../hal/boards/family/chips.js";
import { buildAppImage } from "../../hal/boards/sim/app-image-builder.js";
import { createBoard, factoryFlash } from "../../hal/boards/sim/state-dir.js";
import type { LogLevel } from "../../hal/ports/index.js";
import { count, EXIT_FAILED, percent, runProgram, UsageError } from "../command-line.js";
import { LOG_LEVELS } from "../log.js";
import { createProgress } from "../progress.js";
import { SimBoard, type SimEvent } from "./board.js";
import { bytesOf, type Instruments } from "./instruments.js";
import { type BoardSecurity, certificate, configure, FACTORY_VERSION, NEW_VERSION, prepare } from "./setup.js";
import { Spoiler } from "./spoiler.js";
import type { Sdk } from "../sdk.js";
import { build, buildExample, type Built, checkCompiler, findLinuxSdk } from "./sdk.js";

const FACTORY_LENGTH = 64 * 1024;
/** A safe lower bound: the SDK's sockets on Linux are polled and carry about 74 KB/s, with or without TLS. */
const SLOWEST_BYTES_PER_SECOND = 20_000;
const CUT_MS = 200;
const LINE_LENGTH = 16;
/** A slot does not hold all that the SDK builds for Linux: the rest is left out, for nobody runs it. */
const MOST_CONTENT_LENGTH = 1_500_000;
/** More than what an image has around its content. */
const SURROUNDINGS_LENGTH = 2048;
/** Most bytes of the heap that the preloaded modules may take. */
const LOADED_LIMIT = 4096;
/** Address at which the board expects the servers, and their address if a spoiler stands between. */
const HOST = "127.0.0.1";
const HOST_BEHIND = "127.0.0.2";
/** Failed handshakes after which the run ends. They show that the application goes on after a failure. */
const REFUSALS = 3;

interface LinOptions extends BoardSecurity {
  readonly spoil?: number;
  readonly size: number;
  readonly delta?: boolean;
  readonly cut: number;
  readonly stack?: number;
  readonly log: LogLevel;
}

const SERVER_TLS = { cert: certificate("server.pem"), key: certificate("server-key.pem") };
const SERVER_CA = certificate("ca.pem");

const program = new Command("npm run lin --")
  .description("Runs a whole update on this machine, in the Moddable SDK's Linux target with the memory of an ESP32.")
  .option("--tls", "use TLS for MQTT and for HTTP")
  .option("--certificate", "with --tls: the device shows a certificate instead of a secret")
  .addOption(
    new Option(
      "--wrong-ca <server>",
      "with --tls: the device trusts a CA that did not sign this server, and refuses it",
    ).choices(["broker", "files"]),
  )
  .option("--spoil <bytes>", "change one byte on its way from the file server, once, after this many", count)
  .option("--size <bytes>", "bytes of the new image, a multiple of 16", count, 256 * 1024)
  .option("--delta", "the images hold two builds of examples/minimal, and the update is a delta from one to the other")
  .option("--cut <percent>", "kill the application once so much is downloaded, and start it again", percent, 40)
  .option("--stack <slots>", "slots of the engine's stack (default: what the application's manifest sets)", count)
  .addOption(
    new Option("--log <level>", "how much the agent logs on standard error").choices([...LOG_LEVELS]).default("error"),
  )
  .action(lin);

await runProgram(program);

async function lin(options: LinOptions): Promise<void> {
  if (options.wrongCa !== undefined && options.tls !== true) throw new UsageError("--wrong-ca needs --tls");
  if (options.certificate === true && options.tls !== true) throw new UsageError("--certificate needs --tls");
  if (options.tls === true && !existsSync(SERVER_CA)) {
    throw new UsageError(
      "--tls needs the certificates in test/fixtures/tls, which the package leaves out: run it in a copy of the repository",
    );
  }
  const plain = imageOf(options.size);
  const sdk = findLinuxSdk(process.env);
  checkCompiler(process.env);
  say(`sdk      Moddable ${sdk.version}`);
  say("build    mcconfig -m -i -p lin (the first time takes a minute)");
  const built = build(sdk, process.env, options.stack);
  const folder = mkdtempSync(join(tmpdir(), "moddable-ota-lin-"));
  try {
    const images = options.delta === true ? await exampleImages(sdk) : { factory: factoryImage(), image: plain };
    await update({ folder, file: images.image, ...images, built, options });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Images {
  readonly factory: Uint8Array;
  /** The new one. */
  readonly image: Uint8Array;
  /** What is downloaded, if it is not that. */
  readonly file?: Uint8Array;
}

interface Run extends Required<Images> {
  readonly folder: string;
  readonly built: Built;
  readonly options: LinOptions;
}

async function update(run: Run): Promise<void> {
  const { folder, factory, image, file, options } = run;
  const served = { requests: 0, bytes: 0 };
  const cloud = await Cloud.start({
    folder: join(folder, "cloud"),
    listen: options.spoil === undefined ? HOST : HOST_BEHIND,
    publicHost: HOST,
    tls:
      options.tls === true
        ? { ...SERVER_TLS, clientCa: options.certificate === true ? SERVER_CA : undefined }
        : undefined,
    onServed: ({ byteLength }) => {
      served.requests++;
      served.bytes += byteLength;
    },
  });
  say(`cloud    ${cloud.mqttUrl}  ${cloud.httpUrl}`);
  const between = options.spoil === undefined ? [] : await spoilers(cloud, options.spoil);
  try {
    const deviceSecret = await prepare(cloud, folder, { factory, file });
    const state = join(folder, "board");
    createBoard(state, factoryFlash(factory));
    configure(state, cloud, deviceSecret, options);
    const began = process.hrtime.bigint();
    const ended = await follow(run, cloud, state);
    const seconds = Number(process.hrtime.bigint() - began) / 1e9;
    if (ended.outcome === "done") {
      const { requests } = served;
      if (options.tls === true) say("tls      MQTT and HTTPS had their sessions at the same time in this memory");
      say(
        `done     version ${NEW_VERSION} runs from ${ended.slot}: ${image.byteLength} bytes` +
          `${file === image ? "" : `, as a delta of ${file.byteLength}`}, ` +
          `${requests} ${requests === 1 ? "request" : "requests"}, ${seconds.toFixed(1)} s`,
      );
    } else {
      say(`${ended.outcome.padEnd(8)} ${ended.message}`);
    }
    if (ended.outcome === "failed") process.exitCode = EXIT_FAILED;
    sayMemory(ended.instruments);
    if (bytesOf(ended.instruments.loaded) > LOADED_LIMIT) process.exitCode = EXIT_FAILED;
    if (between.some(({ spoiled }) => spoiled)) say("spoiled  one byte was changed on the way, without harm");
  } finally {
    for (const spoiler of between) spoiler.stop();
    await cloud.stop();
  }
}

/** Makes a spoiler for each server. That of the broker changes nothing. */
function spoilers(cloud: Cloud, spoilAt: number): Promise<Spoiler[]> {
  return Promise.all(
    [[cloud.mqttUrl, Number.MAX_SAFE_INTEGER] as const, [cloud.httpUrl, spoilAt] as const].map(([url, at]) =>
      Spoiler.start({ port: Number(new URL(url).port), from: HOST, to: HOST_BEHIND, spoilAt: at }),
    ),
  );
}

type Ended = { instruments: Instruments } & (
  | { outcome: "done"; slot: string }
  | { outcome: "failed" | "refused"; message: string }
);

/** Follows the run until the cloud has the result of the job, or until nothing more can come. */
function follow(run: Run, cloud: Cloud, state: string): Promise<Ended> {
  const { built, image, options } = run;
  const limit = LOG_LEVELS.indexOf(options.log);
  const progress = createProgress();
  let slot = "";
  let cutAt: number | undefined = options.cut;
  let refusals = 0;
  return new Promise((resolve) => {
    const board = new SimBoard({
      built,
      folder: state,
      onEvent: (event) => on(event),
      onLog: (line) => {
        const level = LOG_LEVELS.findIndex((name) => line.startsWith(name));
        // A line without a level comes from the engine itself; it is shown only at the most detailed level.
        if ((level < 0 ? LOG_LEVELS.length - 1 : level) <= limit) process.stderr.write(`${line}\n`);
      },
      onDead: (reason) => end({ outcome: "failed", message: reason }),
    });
    const deadlineMs = 60_000 + (image.byteLength / SLOWEST_BYTES_PER_SECOND) * 1000;
    const deadline = setTimeout(
      () =>
        end({
          outcome: "failed",
          message: `the update did not end within ${Math.round(deadlineMs / 1000)} s; --log debug shows more`,
        }),
      deadlineMs,
    );
    const end = (
      ended: { outcome: "done"; slot: string } | { outcome: "failed" | "refused"; message: string },
    ): void => {
      clearTimeout(deadline);
      progress.stop();
      board.cutPower();
      resolve({ ...ended, instruments: board.instruments });
    };
    const cut = (at: number): void => {
      board.cutPower();
      progress.stop();
      say(`power    cut at ${at} %: the process is killed`);
      setTimeout(() => {
        say("power    on again");
        board.powerOn();
      }, CUT_MS);
    };
    const onAnswer = async (): Promise<void> => {
      const { devices } = await cloud.desk.status();
      const task = devices[0]?.task;
      if (devices[0]?.version === NEW_VERSION && task?.state === "success") end({ outcome: "done", slot });
    };
    let resumed = true;
    const on = (event: SimEvent): void => {
      switch (event.name) {
        case "boot":
          slot = String(event["slot"]);
          resumed = false;
          say(`board    boots ${slot}, version ${String(event["version"])}, ${String(event["state"])}`);
          return;
        case "state":
          if (event["to"] !== "downloading") progress.stop();
          say(`agent    ${String(event["to"])}`);
          return;
        case "progress": {
          const [bytes, size] = [Number(event["bytes"]), Number(event["size"])];
          if (!resumed && bytes > 0) say(`agent    resumes at ${Math.floor((bytes * 100) / size)} %`);
          resumed = true;
          progress.update(bytes, size);
          if (cutAt === undefined || bytes * 100 < cutAt * size) return;
          cutAt = undefined;
          cut(Math.floor((bytes * 100) / size));
          return;
        }
        case "connection":
          if (event["online"] === true || options.wrongCa !== "broker") return;
          say(`agent    ${String(event["code"])}: ${String(event["message"])}`);
          if (event["code"] !== "untrusted") {
            end({ outcome: "failed", message: "the connection ended for another reason than untrusted" });
          } else if (++refusals === REFUSALS) {
            end({ outcome: "refused", message: `${REFUSALS} handshakes ended as untrusted; the application runs on` });
          }
          return;
        case "result": {
          const { outcome, message } = event["result"] as { outcome: string; message?: string };
          if (options.wrongCa === "files") {
            end({ outcome: outcome === "done" ? "failed" : "refused", message: `${outcome}: ${message ?? ""}` });
          } else if (outcome !== "done") {
            end({ outcome: "failed", message: `${outcome}: ${message ?? ""}` });
          }
          return;
        }
        case "answer":
          void onAnswer();
          return;
      }
    };
    board.powerOn();
  });
}

function sayMemory(instruments: Instruments): void {
  const { loaded, live } = instruments;
  say(
    `loaded   ${loaded.slots} slots, ${loaded.chunkBytes} bytes of chunks before the application begins: ` +
      `${bytesOf(loaded)} bytes at 16 a slot, ${LOADED_LIMIT} at most`,
  );
  say(`peak     ${instruments.describePeak()}`);
  say(
    `live     at most ${live.slots} slots, ${live.chunkBytes} bytes of chunks after a collection: ${bytesOf(live)} bytes`,
  );
}

function factoryImage(): Uint8Array {
  return buildAppImage({ version: FACTORY_VERSION, byteLength: FACTORY_LENGTH, seed: 0 });
}

/**
 * Builds examples/minimal as two versions. The images hold as much of what is built as fits, and the file is the delta
 * between them.
 */
async function exampleImages(sdk: Sdk): Promise<Required<Images>> {
  say("build    examples/minimal, twice");
  const [factory, image] = [FACTORY_VERSION, NEW_VERSION].map((version) => {
    const content = buildExample(sdk, process.env, version).subarray(0, MOST_CONTENT_LENGTH);
    const byteLength = LINE_LENGTH * Math.ceil((content.byteLength + SURROUNDINGS_LENGTH) / LINE_LENGTH);
    return buildAppImage({ version, byteLength, seed: 0, content });
  }) as [Uint8Array, Uint8Array];
  const base = { bytes: factory, version: FACTORY_VERSION };
  const file = await makePackage({ base, result: { bytes: image, version: NEW_VERSION }, chipId: ESP32.id });
  return { factory, image, file };
}

/** @throws UsageError for a size that no image can have */
function imageOf(byteLength: number): Uint8Array {
  try {
    const image = buildAppImage({ version: NEW_VERSION, byteLength, seed: 1 });
    factoryFlash(image);
    return image;
  } catch (error) {
    throw new UsageError(`--size ${byteLength}: ${(error as Error).message}`);
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
