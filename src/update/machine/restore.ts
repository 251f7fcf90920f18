import type { BootStatus } from "../../../hal/ports/index.js";
import type { Result } from "../../protocol/messages.js";
import { settled } from "./moves.js";
import type { Checkpoint, Effect, Kept, State, Step } from "./types.js";

/** The machine only names the timer; the driver knows how long a trial may take. */
const START_TRIAL: Effect = Object.freeze({ do: "start-timer", timer: "trial", attempt: 1, atLeastMs: 0 });

/**
 * What a boot finds of the own firmware's job, as a full table:
 *
 * | checkpoint  | runs on trial | runs the job's slot | otadata knows the job's slot | then |
 * |-------------|---------------|---------------------|------------------------------|------|
 * | any         | yes           |                     |                              | confirming (1) |
 * | none        | no            |                     |                              | idle |
 * | downloading | no            | no                  |                              | idle, with what is stored |
 * | downloading | no            | yes                 |                              | idle (2) |
 * | verified    | no            | no                  |                              | idle, with the whole image |
 * | verified    | no            | yes                 |                              | idle (2) |
 * | applying    | no            | yes                 |                              | report done (3) |
 * | applying    | no            | no                  | no                           | idle, with the whole image (4) |
 * | applying    | no            | no                  | yes                          | report the failure (5) |
 * | reporting   | no            |                     |                              | report again |
 *
 * 1. The rest is decided once the running image is confirmed.
 * 2. The record is older than the present use of the slots.
 * 3. The new image was confirmed.
 * 4. The new image was never made pending.
 * 5. The new image ran, and did not stay. If it was restarted during its trial, it may serve again.
 *
 * The job's slot was removed from otadata before the record `applying`: whatever otadata has about it belongs to this
 * job.
 */
export function restore(checkpoint: Checkpoint | undefined, boot: BootStatus): Step {
  // If a running image is still `new`, its boot loader has no trials, or could not write otadata. The image has to
  // prove itself all the same.
  if (boot.runningState === "pending-verify" || boot.runningState === "new") {
    return { state: { name: "confirming", checkpoint, boot, selfTest: "awaited" }, effects: [START_TRIAL] };
  }
  if (checkpoint === undefined) return idle(undefined);
  switch (checkpoint.phase) {
    case "downloading":
      if (checkpoint.slot !== boot.targetSlot) return forget();
      return idle({ image: checkpoint.image, whole: false, stored: checkpoint.stored });
    case "verified":
      if (checkpoint.slot !== boot.targetSlot) return forget();
      return idle({ image: checkpoint.image, whole: true });
    case "applying":
      return restoreApplying(checkpoint, boot);
    case "reporting":
      return { state: reporting(checkpoint, boot.targetSlot), effects: [] };
  }
}

function restoreApplying(checkpoint: Checkpoint & { phase: "applying" }, boot: BootStatus): Step {
  const { image, slot } = checkpoint;
  const runs = slot === boot.runningSlot;
  // It was reverted, and the board has not restarted since.
  const isLeft = boot.runningState === "invalid" || boot.runningState === "aborted";
  if (runs && !isLeft) return report(checkpoint, { outcome: "done" }, false, boot);
  if (!runs && slot !== boot.targetSlot) return forget();
  if (!runs && boot.targetState === "none") return idle({ image, whole: true });
  const reverted =
    boot.targetState === "invalid" ? "not proven in time, reverted" : "restarted during its trial, reverted";
  // A restart in the trial says nothing about the image: another offer of it may use what is in the slot.
  const whole = boot.targetState === "aborted" && checkpoint.reason === undefined;
  return report(checkpoint, { outcome: "failed", message: checkpoint.reason ?? reverted }, whole, boot);
}

/**
 * What is found in a staging area, for one owner:
 *
 * | record      | of this owner | it runs the image | then |
 * |-------------|---------------|-------------------|------|
 * | none        |               |                   | idle |
 * | downloading |               |                   | idle, with what is stored |
 * | verified    |               |                   | idle, with the whole image |
 * | applying    | yes           | yes               | it was handed over: report done |
 * | applying    | otherwise     |                   | idle, with the whole image: it is handed over once more |
 * | reporting   | yes           |                   | report again |
 * | reporting   | no            |                   | idle, with what is kept: its owner is gone |
 *
 * @param owns the record is of a job for the owner that is asked for
 */
export function restoreStaged(
  checkpoint: Checkpoint | undefined,
  { area, owns, runningVersion }: { area: string; owns: boolean; runningVersion: string | undefined },
): Step {
  if (checkpoint === undefined) return idle(undefined);
  if (checkpoint.slot !== area) return forget();
  const { image } = checkpoint;
  switch (checkpoint.phase) {
    case "downloading":
      return idle({ image, whole: false, stored: checkpoint.stored });
    case "verified":
      return idle({ image, whole: true });
    case "applying":
      if (!owns || image.version !== runningVersion) return idle({ image, whole: true });
      return report(checkpoint, { outcome: "done" }, true, { targetSlot: area });
    case "reporting": {
      if (owns) return { state: reporting(checkpoint, area), effects: [] };
      const kept = keptOf(checkpoint);
      return { state: { name: "idle", kept, answered: false }, effects: [settled(kept, area)] };
    }
  }
}

type Reporting = Extract<Checkpoint, { phase: "reporting" }>;

function reporting(checkpoint: Reporting, targetSlot: string): State {
  const { image, result, slot } = checkpoint;
  const kept = slot === targetSlot ? keptOf(checkpoint) : undefined;
  return { name: "reporting", image, result, kept, queued: undefined, owesVersion: true };
}

function keptOf({ image, stored, whole }: Reporting): Kept | undefined {
  if (whole) return { image, whole };
  return stored === undefined ? undefined : { image, whole, stored };
}

/** The result is durable before it is sent. @param whole the image may serve again */
function report(
  { slot, image }: Checkpoint,
  result: Result,
  whole: boolean,
  { targetSlot }: Pick<BootStatus, "targetSlot">,
): Step {
  const checkpoint: Reporting = { phase: "reporting", slot, image, result, stored: undefined, whole };
  return { state: reporting(checkpoint, targetSlot), effects: [{ do: "store", checkpoint }] };
}

function idle(kept: Kept | undefined): Step {
  return { state: { name: "idle", kept, answered: false }, effects: [] };
}

function forget(): Step {
  return { state: { name: "idle", kept: undefined, answered: false }, effects: [{ do: "clear" }] };
}
