import type { BootStatus } from "../../hal/ports/index.js";
import type { Checkpoint, Effect, Kept, State, Step } from "./types.js";

/** Longest wait for the proof of a firmware on trial is the driver's; the machine only names the timer. */
const START_TRIAL: Effect = Object.freeze({ do: "start-timer", timer: "trial", attempt: 1, atLeastMs: 0 });

/**
 * What a boot finds, as a full table:
 *
 * | checkpoint  | runs on trial | runs the job's slot | otadata knows the job's slot | then |
 * |-------------|---------------|---------------------|------------------------------|------|
 * | any         | yes           |                     |                              | confirming; the rest is decided once confirmed |
 * | none        | no            |                     |                              | idle |
 * | downloading | no            | no                  |                              | idle, with what is stored |
 * | downloading | no            | yes                 |                              | idle: the record is of another life of the slots |
 * | applying    | no            | yes                 |                              | it was confirmed: report done |
 * | applying    | no            | no                  | no                           | it was never made pending: idle, with the whole image |
 * | applying    | no            | no                  | yes                          | it was tried and did not stay: report the failure |
 * | reporting   | no            |                     |                              | report again |
 *
 * The job's slot was forgotten by otadata before its first erase, so that whatever otadata knows of it is of this job.
 */
export function restore(checkpoint: Checkpoint | undefined, boot: BootStatus): Step {
  if (boot.runningState === "pending-verify") {
    return { state: { name: "confirming", checkpoint, boot }, effects: [START_TRIAL] };
  }
  if (checkpoint === undefined) return idle(undefined);
  switch (checkpoint.phase) {
    case "downloading":
      if (checkpoint.slot !== boot.targetSlot) return forget();
      return idle({ image: checkpoint.image, whole: false, stored: checkpoint.stored });
    case "applying":
      return restoreApplying(checkpoint, boot);
    case "reporting":
      return { state: reporting(checkpoint, boot), effects: [] };
  }
}

function restoreApplying(checkpoint: Checkpoint & { phase: "applying" }, boot: BootStatus): Step {
  const { image, slot } = checkpoint;
  if (slot === boot.runningSlot) return report({ phase: "reporting", slot, image, result: { outcome: "done" }, stored: undefined }, boot);
  if (slot !== boot.targetSlot) return forget();
  if (boot.targetState === "none") return idle({ image, whole: true });
  const message = boot.targetState === "invalid" ? "not proven in time, reverted" : "restarted during its trial, reverted";
  return report({ phase: "reporting", slot, image, result: { outcome: "failed", message }, stored: undefined }, boot);
}

function reporting(checkpoint: Checkpoint & { phase: "reporting" }, boot: BootStatus): State {
  const { image, result, stored, slot } = checkpoint;
  const kept: Kept | undefined = stored === undefined || slot !== boot.targetSlot ? undefined : { image, whole: false, stored };
  return { name: "reporting", image, result, kept, queued: undefined, owesVersion: true };
}

/** The result is durable before it is sent. */
function report(checkpoint: Checkpoint & { phase: "reporting" }, boot: BootStatus): Step {
  return { state: reporting(checkpoint, boot), effects: [{ do: "store", checkpoint }] };
}

function idle(kept: Kept | undefined): Step {
  return { state: { name: "idle", kept, answered: false }, effects: [] };
}

function forget(): Step {
  return { state: { name: "idle", kept: undefined, answered: false }, effects: [{ do: "clear" }] };
}
