import type { PackageState, PlanStateName, TaskStateName } from "../../operator/types.js";
import { texts } from "../state/language.js";
import { wordOf } from "../text/words.js";

/** What a state means for whoever looks at a fleet; it decides colour and mark. */
export type Tone = "succeeded" | "running" | "waiting" | "failed" | "attention" | "ended";

const MARKS: { readonly [name in Tone]: string } = {
  succeeded: "●",
  running: "◐",
  waiting: "○",
  failed: "✕",
  attention: "‖",
  ended: "–",
};

export const TASK_TONES: { readonly [state in TaskStateName]: Tone } = {
  waiting: "waiting",
  offered: "running",
  asked: "running",
  downloading: "running",
  burning: "running",
  trial: "running",
  succeeded: "succeeded",
  failed: "failed",
  declined: "ended",
  silent: "attention",
  cancelled: "ended",
  superseded: "ended",
};

const PLAN_TONES: { readonly [state in PlanStateName]: Tone } = {
  draft: "waiting",
  active: "running",
  paused: "waiting",
  halted: "attention",
  finished: "succeeded",
  cancelled: "ended",
};

const PACKAGE_TONES: { readonly [state in PackageState]: Tone } = {
  uploaded: "waiting",
  verifying: "running",
  verified: "succeeded",
  rejected: "failed",
  withdrawn: "ended",
};

/** A word with its mark: a state is never colour alone. */
export function Mark({ tone, word }: { readonly tone: Tone; readonly word: string }) {
  return (
    <span class={`mark tone-${tone}`}>
      <span class="mark-sign" aria-hidden="true">
        {MARKS[tone]}
      </span>
      {word}
    </span>
  );
}

export function TaskMark({ state }: { readonly state: TaskStateName }) {
  return <Mark tone={TASK_TONES[state]} word={wordOf(texts.value.codes.taskState, state)} />;
}

export function PlanMark({ state }: { readonly state: PlanStateName }) {
  return <Mark tone={PLAN_TONES[state]} word={wordOf(texts.value.codes.planState, state)} />;
}

export function PackageMark({ state }: { readonly state: PackageState }) {
  return <Mark tone={PACKAGE_TONES[state]} word={wordOf(texts.value.codes.packageState, state)} />;
}

/** @param props.online `null`: nobody knows */
export function OnlineMark({ online }: { readonly online: boolean | null }) {
  const { common } = texts.value;
  if (online === null) return <Mark tone="waiting" word={common.unknown} />;
  return <Mark tone={online ? "succeeded" : "waiting"} word={online ? common.online : common.offline} />;
}
