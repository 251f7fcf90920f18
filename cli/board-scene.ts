import { SimulatedBoard } from "../hal/boards/sim/board.js";
import { openFlash } from "../hal/boards/sim/state-dir.js";
import type { Log, LogLevel } from "../hal/ports/index.js";
import type { Identity, OtaConfig } from "../src/index.js";
import type { BoardAgent, BoardFirmware } from "./engine.js";
import { createProgress, type Progress } from "./progress.js";

export type Ended = { outcome: "done"; slot: string } | { outcome: "failed"; message: string };

export interface BoardSceneOptions {
  /** Folder of the board's state. */
  readonly board: string;
  readonly identity: Identity;
  readonly mqttUrl: string;
  /** Whose images it takes; absent: any. */
  readonly seal?: OtaConfig["seal"];
  /** Whether it takes deltas and compressed images. */
  readonly packages?: boolean;
  /** The version to update to. */
  readonly version: string;
  /** Percent of the download at which the power is cut once. */
  readonly cut: number | undefined;
  readonly log: Log;
  readonly logLevel: LogLevel;
  readonly createFirmware: BoardFirmware;
  /** Longest run. */
  readonly deadlineMs: number;
}

/** Runs a simulated board until its update has ended, and shows what it does. */
export function runBoard(options: BoardSceneOptions): Promise<Ended> {
  const { identity, mqttUrl, version, log, logLevel, createFirmware, deadlineMs } = options;
  const flash = openFlash(options.board, "r+");
  const progress = createProgress();
  let agent: BoardAgent | undefined;
  let slot = "";
  let cutAt = options.cut;
  return new Promise<Ended>((resolve) => {
    const board = new SimulatedBoard({
      flash,
      firmware: createFirmware({
        log,
        logLevel,
        config: { identity, broker: { url: mqttUrl }, seal: options.seal },
        packages: options.packages === true,
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
      () =>
        end({
          outcome: "failed",
          message: `the update did not end within ${Math.round(deadlineMs / 1000)} s; --log debug shows more`,
        }),
      deadlineMs,
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
        if (reported === version) end({ outcome: "done", slot });
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

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
