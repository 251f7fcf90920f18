/*
 * What each machine is to do with each event in each state: one line for each next state, and what is ignored or
 * refused. A state or an event that is added has no row here, and the test fails. The values that stand for the states
 * and events are chosen in the test.
 */

type Row = { readonly [next: string]: string };
type Table = { readonly [state: string]: Row };

/** What no ended task follows. */
const ENDED = `
  turn-came offer-failed ask-reported decline-reported refusal-reported defer-reported download-reported burn-reported
  restart-seen done-reported fail-reported deadline-passed match-lost moved-by-hand device-removed
  earlier-component-failed earlier-component-succeeded replaced plan-cancelled plan-stopped plan-resumed`;

export const PACKAGE_TABLE: Table = {
  uploaded: {
    verifying: "verification-commanded",
    withdrawn: "withdrawal-commanded",
    refused: "abandonment-commanded",
    ignored: "task-succeeded task-failed",
  },
  verifying: {
    uploaded: "abandonment-commanded",
    verified: "task-succeeded",
    rejected: "task-failed",
    withdrawn: "withdrawal-commanded",
    refused: "verification-commanded",
  },
  verified: {
    withdrawn: "withdrawal-commanded",
    refused: "verification-commanded abandonment-commanded",
    ignored: "task-succeeded task-failed",
  },
  rejected: {
    verifying: "verification-commanded",
    withdrawn: "withdrawal-commanded",
    refused: "abandonment-commanded",
    ignored: "task-succeeded task-failed",
  },
  withdrawn: {
    refused: "verification-commanded abandonment-commanded withdrawal-commanded",
    ignored: "task-succeeded task-failed",
  },
};

export const PLAN_TABLE: Table = {
  draft: {
    draft: "edit-commanded deletion-commanded",
    active: "activation-commanded",
    refused: `
      pause-commanded resume-commanded cancel-commanded stop-commanded retry-commanded reopening-commanded`,
    ignored: "results-counted package-withdrawn",
  },
  active: {
    paused: "pause-commanded",
    cancelled: "cancel-commanded",
    halted: "stop-commanded package-withdrawn",
    active: "retry-commanded",
    finished: "results-counted",
    refused: "edit-commanded activation-commanded resume-commanded deletion-commanded",
    ignored: "reopening-commanded",
  },
  paused: {
    active: "resume-commanded",
    cancelled: "cancel-commanded",
    halted: "stop-commanded package-withdrawn",
    paused: "retry-commanded",
    finished: "results-counted",
    refused: "edit-commanded activation-commanded pause-commanded deletion-commanded",
    ignored: "reopening-commanded",
  },
  halted: {
    active: "resume-commanded",
    cancelled: "cancel-commanded",
    halted: "stop-commanded retry-commanded results-counted package-withdrawn",
    refused: "edit-commanded activation-commanded pause-commanded deletion-commanded",
    ignored: "reopening-commanded",
  },
  finished: {
    active: "retry-commanded reopening-commanded",
    refused: `
      edit-commanded activation-commanded pause-commanded resume-commanded cancel-commanded stop-commanded
      deletion-commanded`,
    ignored: "results-counted package-withdrawn",
  },
  cancelled: {
    cancelled: "stop-commanded",
    refused: `
      edit-commanded activation-commanded pause-commanded resume-commanded cancel-commanded retry-commanded
      reopening-commanded deletion-commanded`,
    ignored: "results-counted package-withdrawn",
  },
};

export const TASK_TABLE: Table = {
  waiting: {
    offered: "turn-came",
    asked: "ask-reported",
    declined: "decline-reported refusal-reported",
    waiting: "defer-reported",
    downloading: "download-reported",
    burning: "burn-reported",
    succeeded: "version-reported",
    trial: "done-reported",
    failed: "fail-reported",
    cancelled: `
      match-lost moved-by-hand device-removed earlier-component-failed plan-cancelled plan-stopped
      cancel-commanded`,
    superseded: "replaced",
    ignored: `
      offer-failed restart-seen deadline-passed earlier-component-succeeded plan-resumed plan-retried
      retry-commanded`,
  },
  offered: {
    waiting: "offer-failed defer-reported deadline-passed",
    asked: "ask-reported",
    declined: "decline-reported refusal-reported",
    downloading: "download-reported",
    burning: "burn-reported",
    succeeded: "version-reported",
    trial: "done-reported",
    failed: "fail-reported",
    cancelled: "moved-by-hand device-removed plan-cancelled plan-stopped cancel-commanded",
    superseded: "replaced",
    refused: "retry-commanded",
    ignored: `
      turn-came restart-seen match-lost earlier-component-failed earlier-component-succeeded plan-resumed
      plan-retried`,
  },
  asked: {
    declined: "decline-reported refusal-reported",
    waiting: "defer-reported",
    downloading: "download-reported",
    burning: "burn-reported",
    succeeded: "version-reported",
    trial: "done-reported",
    failed: "fail-reported",
    cancelled: "moved-by-hand device-removed plan-cancelled plan-stopped cancel-commanded",
    superseded: "replaced",
    refused: "retry-commanded",
    ignored: `
      turn-came offer-failed ask-reported restart-seen deadline-passed match-lost earlier-component-failed
      earlier-component-succeeded plan-resumed plan-retried`,
  },
  downloading: {
    declined: "decline-reported refusal-reported",
    waiting: "defer-reported deadline-passed",
    downloading: "download-reported",
    burning: "burn-reported",
    succeeded: "version-reported",
    trial: "done-reported",
    failed: "fail-reported",
    cancelled: "moved-by-hand device-removed plan-stopped cancel-commanded",
    superseded: "replaced",
    refused: "retry-commanded",
    ignored: `
      turn-came offer-failed ask-reported restart-seen match-lost earlier-component-failed
      earlier-component-succeeded plan-cancelled plan-resumed plan-retried`,
  },
  burning: {
    declined: "refusal-reported",
    trial: "restart-seen done-reported",
    succeeded: "version-reported",
    failed: "fail-reported",
    silent: "deadline-passed",
    cancelled: "moved-by-hand device-removed plan-stopped cancel-commanded",
    refused: "retry-commanded",
    ignored: `
      turn-came offer-failed ask-reported decline-reported defer-reported download-reported burn-reported
      match-lost earlier-component-failed earlier-component-succeeded replaced plan-cancelled plan-resumed
      plan-retried`,
  },
  trial: {
    declined: "refusal-reported",
    succeeded: "version-reported",
    failed: "fail-reported",
    silent: "deadline-passed",
    cancelled: "moved-by-hand device-removed plan-stopped cancel-commanded",
    refused: "retry-commanded",
    ignored: `
      turn-came offer-failed ask-reported decline-reported defer-reported download-reported burn-reported
      restart-seen done-reported match-lost earlier-component-failed earlier-component-succeeded replaced
      plan-cancelled plan-resumed plan-retried`,
  },
  succeeded: {
    refused: "cancel-commanded retry-commanded",
    ignored: `${ENDED} version-reported plan-retried`,
  },
  failed: {
    succeeded: "version-reported",
    waiting: "plan-retried retry-commanded",
    refused: "cancel-commanded",
    ignored: `${ENDED}`,
  },
  declined: {
    succeeded: "version-reported",
    waiting: "retry-commanded",
    refused: "cancel-commanded",
    ignored: `${ENDED} plan-retried`,
  },
  silent: {
    succeeded: "version-reported",
    waiting: "plan-retried retry-commanded",
    refused: "cancel-commanded",
    ignored: `${ENDED}`,
  },
  cancelled: {
    succeeded: "version-reported",
    waiting: "retry-commanded",
    refused: "cancel-commanded",
    ignored: `${ENDED} plan-retried`,
  },
  superseded: {
    refused: "cancel-commanded retry-commanded",
    ignored: `${ENDED} version-reported plan-retried`,
  },
};
