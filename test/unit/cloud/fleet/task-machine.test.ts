import assert from "node:assert/strict";
import { test } from "node:test";
import { NEW_TASK, transition } from "../../../../cloud/fleet/task-machine.js";
import { fromRow, toRow } from "../../../../cloud/fleet/task-row.js";
import type { TaskContext, TaskEvent, TaskState, TaskStep } from "../../../../cloud/fleet/task-types.js";

const START_MS = 1_000_000_000_000;

const CONTEXT: TaskContext = {
  nowMs: START_MS,
  targetVersion: "2.0",
  judgedBy: "version",
  plan: "active",
  earlierFailed: false,
  otherInFlight: false,
  variantOffered: false,
  retry: [
    { code: "-1", times: 2, afterSeconds: 60 },
    { code: "silent", times: 1, afterSeconds: 3600 },
  ],
  silentAfterSeconds: 600,
  answerWithinSeconds: 86_400,
};

/** One task, its events one after the other, and what came of them. */
class Story {
  state: TaskState = NEW_TASK;
  offers = 0;
  readonly history: string[] = [];
  #context: TaskContext;

  constructor(over: Partial<TaskContext> = {}) {
    this.#context = { ...CONTEXT, ...over };
  }

  with(over: Partial<TaskContext>): this {
    this.#context = { ...this.#context, ...over };
    return this;
  }

  after(seconds: number): this {
    return this.with({ nowMs: this.#context.nowMs + seconds * 1000 });
  }

  on(event: TaskEvent): TaskStep {
    const step = transition(this.state, event, this.#context);
    this.state = step.state;
    this.offers += step.effects.filter((effect) => effect.do === "offer").length;
    for (const effect of step.effects) if (effect.do === "record") this.history.push(effect.what);
    return step;
  }

  reports(...events: TaskEvent[]): this {
    for (const event of events) this.on(event);
    return this;
  }

  get name(): string {
    const { state } = this;
    return "reason" in state ? `${state.name}, ${state.reason}` : state.name;
  }
}

const turn: TaskEvent = { type: "turn-came" };
const done: TaskEvent = { type: "done-reported" };
const burning: TaskEvent = { type: "burn-reported" };
const restart: TaskEvent = { type: "restart-seen" };
const late: TaskEvent = { type: "deadline-passed" };
const downloading = (percent: number): TaskEvent => ({ type: "download-reported", percent });
const fail = (code: string): TaskEvent => ({ type: "fail-reported", code, message: "time_out" });
const version = (reported: string, previous = "1.0", byPlan = false): TaskEvent => ({
  type: "version-reported",
  version: reported,
  previous,
  byPlan,
});

test("a delta that a device cannot use is followed by the whole file, in the same try and once", () => {
  for (const [code, message] of [
    ["-5", "wrong-base: not the version 1.0 of it"],
    ["-5", "package-malformed: not a package"],
    ["-5", "needs part `packages`"],
    ["-4", "md5 not match"],
  ] as const) {
    const refusal: TaskEvent = { type: "fail-reported", code, message };
    const story = new Story({ variantOffered: true }).reports(turn, downloading(0), refusal);
    assert.equal(story.name, "waiting", message);
    assert.deepEqual(story.state.name === "waiting" && [story.state.cause, story.state.attempt], [
      "variant-refused",
      1,
    ]);
    story.with({ variantOffered: false }).reports(turn);
    assert.deepEqual([story.name, story.state.attempt, story.offers], ["offered", 1, 2]);
    story.reports(refusal);
    assert.equal(story.name, `failed, ${code}`);
  }
});

test("a refusal of the delta that comes once more is none of the whole file, until that is being downloaded", () => {
  const refusal: TaskEvent = { type: "fail-reported", code: "-5", message: "wrong-base: not the version 1.0 of it" };
  const story = new Story({ variantOffered: true }).reports(turn, refusal);
  story.with({ variantOffered: false, variantRefusal: "wrong-base" }).reports(turn, refusal);
  assert.equal(story.name, "offered");
  assert.equal(story.reports(downloading(0), refusal).name, "failed, -5");
  const mismatch: TaskEvent = { type: "fail-reported", code: "-4", message: "md5 not match" };
  const other = new Story({ variantOffered: true }).reports(turn, mismatch);
  other.with({ variantOffered: false, variantRefusal: "digest-mismatch" }).reports(turn, mismatch);
  assert.equal(other.name, "failed, -4", "that may be said of the whole file");
});

test("a device that looks for the seal where a delta has none is offered the whole file; other refusals stand", () => {
  const refusal = (code: string): TaskEvent => ({ type: "refusal-reported", code, message: `${code}: no` });
  assert.equal(new Story({ variantOffered: true }).reports(turn, refusal("unsigned")).name, "waiting");
  assert.equal(new Story({ variantOffered: true }).reports(turn, refusal("rollback-refused")).name, "declined");
  assert.equal(new Story().reports(turn, refusal("unsigned")).name, "declined");
});

test("what fails for another reason than the delta, or in a plan that is over, is no matter of the delta", () => {
  const other: TaskEvent = { type: "fail-reported", code: "-5", message: "self test" };
  assert.equal(new Story({ variantOffered: true }).reports(turn, other).name, "failed, -5");
  const wrong: TaskEvent = { type: "fail-reported", code: "-5", message: "wrong-base: no" };
  const story = new Story({ variantOffered: true }).reports(turn).with({ plan: "cancelled" }).reports(wrong);
  assert.equal(story.name, "failed, -5");
});

test("a device of the vendor's says done before it restarts: the version that it reports then proves it", () => {
  const story = new Story().reports(turn, downloading(0), downloading(100), done);
  assert.equal(story.name, "trial");
  assert.equal(story.reports(version("2.0")).name, "succeeded, version-reported");
  assert.equal(story.offers, 1);
});

test("a device that says done and runs the version before has reverted", () => {
  const story = new Story().reports(turn, burning, done, version("1.0"));
  assert.equal(story.name, "trial");
  assert.equal(story.after(600).reports(late).name, "failed, reverted");
});

test("a component that reports no version has succeeded by its word, and the record of it is kept", () => {
  const story = new Story({ judgedBy: "done" }).reports(turn, burning);
  const { effects } = story.on(done);
  assert.equal(story.name, "succeeded, done-reported");
  assert.ok(effects.some((effect) => effect.do === "store-version" && effect.version === "2.0"));
});

test("a device that loses its connection while it installs has not reverted", () => {
  const story = new Story().reports(turn, downloading(100), burning, restart, version("1.0"));
  assert.equal(story.name, "trial");
  assert.equal(story.reports(burning).name, "burning");
  assert.equal(story.reports(restart, done, version("2.0")).name, "succeeded, version-reported");
});

test("a device that restarts in the installation and runs the version before has reverted, in time", () => {
  const story = new Story().reports(turn, burning, restart, version("1.0"));
  assert.equal(story.after(599).reports(late).name, "trial");
  assert.equal(story.after(1).reports(late).name, "failed, reverted");
});

test("done counts once: it gives time for the restart, and its repetition gives no more", () => {
  const story = new Story({ retry: [] }).reports(turn, burning, restart).after(500).reports(done).after(590);
  assert.equal(story.reports(done, late).name, "trial");
  assert.equal(story.after(10).reports(late).name, "silent, trial");
  const old = new Story().reports(turn, burning, done, version("1.0")).after(500).reports(done, burning);
  assert.equal(old.after(100).reports(late).name, "failed, reverted");
});

test("a device that is heard of no more after burning is silent, which is not failed", () => {
  const story = new Story({ retry: [] }).reports(turn, downloading(100), burning).after(600).reports(late);
  assert.equal(story.name, "silent, burning");
});

for (const [how, end] of [
  ["silent", (story: Story) => story.after(600).reports(late)],
  ["failed", (story: Story) => story.reports(fail("-5"))],
  ["cancelled", (story: Story) => story.reports({ type: "plan-stopped" })],
  ["declined", (story: Story) => story.reports({ type: "decline-reported", message: "no" })],
] as const) {
  test(`a late truth after ${how} is told, and the history shows both`, () => {
    const story = end(new Story({ retry: [] }).reports(turn));
    assert.equal(story.state.name, how);
    assert.equal(story.reports(done).state.name, how);
    const { effects } = story.on(version("2.0"));
    assert.equal(story.name, "succeeded, late");
    assert.ok(effects.some((effect) => effect.do === "count-result"));
    assert.deepEqual(story.history.slice(-2), [how, "succeeded"]);
    const byWord = end(new Story({ retry: [], judgedBy: "done" }).reports(turn));
    assert.equal(byWord.reports(done).name, "succeeded, late");
  });
}

test("a task that was never offered takes no later success for its own", () => {
  const story = new Story().reports({ type: "cancel-commanded" });
  assert.equal(story.reports(version("2.0")).name, "cancelled, by-operator");
});

test("a device that runs the target already is done with, without an offer", () => {
  const story = new Story().reports(version("2.0", "2.0"));
  assert.equal(story.name, "succeeded, already-there");
  assert.equal(story.offers, 0);
});

test("a device that was moved by hand is left alone", () => {
  for (const before of [[], [turn], [turn, downloading(50)], [turn, burning]]) {
    const story = new Story().reports(...before, version("3.0"));
    assert.equal(story.name, "cancelled, moved-by-hand");
    assert.equal(story.reports(turn, version("1.0"), version("3.0", "1.0")).offers, before.length === 0 ? 0 : 1);
  }
});

test("a device that another plan has moved, or whose version was not known, is not moved by hand", () => {
  for (const reported of [version("1.5", "1.0", true), version("1.5", "")]) {
    assert.equal(new Story().reports(reported).name, "waiting");
    assert.equal(new Story().reports(turn, reported).name, "offered");
  }
});

test("a component that is judged by its word is not judged by a version, but for the target", () => {
  const story = new Story({ judgedBy: "done" }).reports(version("1.5"));
  assert.equal(story.name, "waiting");
  assert.equal(story.reports(turn, version("1.5")).name, "offered");
  assert.equal(story.reports(version("2.0")).name, "succeeded, version-reported");
});

test("a try that fails in a paused or halted plan waits for the next one; the reason of a cancel is in the history", () => {
  for (const plan of ["paused", "halted"] as const) {
    assert.equal(new Story().reports(turn).with({ plan }).reports(fail("-1")).name, "waiting");
  }
  const { effects } = new Story().on({ type: "match-lost", reason: "denied" });
  assert.ok(effects.some((effect) => effect.do === "record" && effect.detail === "no-match denied"));
});

test("after its success nothing is sent to a device, wherever it goes", () => {
  const story = new Story().reports(turn, version("2.0"));
  story.reports(version("1.0", "2.0"), turn, version("3.0"), done, fail("-5"), { type: "plan-retried" });
  assert.equal(story.name, "succeeded, version-reported");
  assert.equal(story.offers, 1);
});

test("a device that asks anew gets a fresh URL, and no more time", () => {
  const story = new Story({ retry: [] }).reports(turn, downloading(10));
  for (let round = 0; round < 5; round++) story.after(100).reports(version("1.0"), downloading(0), downloading(10));
  assert.equal(story.offers, 6);
  assert.equal(story.name, "downloading");
  assert.equal(story.after(100).reports(late).name, "silent, downloading");
});

test("only progress moves the deadline, and the history has one entry for a download", () => {
  const story = new Story({ retry: [] }).reports(turn, downloading(10), downloading(10));
  assert.equal(story.after(590).reports(downloading(11)).after(590).reports(late).name, "downloading");
  assert.equal(story.after(10).reports(late).name, "silent, downloading");
  assert.deepEqual(story.history, ["offered", "downloading", "silent"]);
});

test("a failure with a rule waits longer each time, and is final after the last try", () => {
  const story = new Story().reports(turn, fail("-1"));
  assert.deepEqual(story.state, {
    name: "waiting",
    attempt: 1,
    cause: "retry",
    notBeforeMs: START_MS + 60_000,
    detail: "-1 time_out",
  });
  assert.equal(story.reports(turn).name, "waiting");
  story.after(60).reports(turn, fail("-1"));
  assert.equal("notBeforeMs" in story.state && story.state.notBeforeMs, START_MS + 60_000 + 120_000);
  assert.equal(story.after(120).reports(turn, fail("-1")).name, "failed, -1");
  assert.equal(story.offers, 3);
});

test("the second failure that some devices send for the same try is not counted as another", () => {
  const story = new Story().reports(turn, fail("-1"), fail("-5"));
  assert.equal(story.state.name === "waiting" && story.state.attempt, 1);
});

test("a device that refuses the image by its seal has declined it, at any step of a try, and is not asked again", () => {
  const refusal: TaskEvent = { type: "refusal-reported", code: "unsigned", message: "unsigned: no seal" };
  const retry = [{ code: "*", times: 3, afterSeconds: 1 }];
  for (const before of [[], [downloading(50)], [downloading(100), burning], [burning, restart], [burning, done]]) {
    const story = new Story({ retry }).reports(turn, ...before, refusal);
    assert.deepEqual(story.state, { name: "declined", attempt: 1, code: "unsigned", detail: "unsigned: no seal" });
    assert.equal(story.reports(turn, { type: "plan-retried" }).name, "declined");
    assert.deepEqual(fromRow(toRow(story.state)), story.state);
  }
  const declined = new Story().reports(turn, { type: "decline-reported", message: "no" }).state;
  assert.deepEqual(fromRow(toRow(declined)), { name: "declined", attempt: 1, detail: "no" });
});

test("an operator retries what failed, was declined or cancelled; not what succeeded or was replaced", () => {
  const retry: TaskEvent = { type: "retry-commanded" };
  assert.equal(new Story().reports(turn, fail("-5"), retry, turn).offers, 2);
  assert.equal(new Story().reports(turn, { type: "decline-reported", message: "" }, retry).name, "waiting");
  assert.equal(new Story().reports(turn, { type: "cancel-commanded" }, retry).name, "waiting");
  const answer = (story: Story) => story.on(retry).answer;
  assert.deepEqual(answer(new Story().reports(turn)), { kind: "refused", because: "in-flight" });
  assert.deepEqual(answer(new Story().reports(version("2.0"))), { kind: "refused", because: "succeeded" });
  assert.deepEqual(answer(new Story().reports({ type: "replaced", byPlan: "7" })), {
    kind: "refused",
    because: "superseded",
  });
  assert.deepEqual(answer(new Story({ plan: "cancelled", retry: [] }).reports({ type: "plan-cancelled" })), {
    kind: "refused",
    because: "plan-is-over",
  });
  assert.deepEqual(answer(new Story({ earlierFailed: true }).reports({ type: "earlier-component-failed" })), {
    kind: "refused",
    because: "earlier-component",
  });
});

test("a plan's retry takes up what failed or is silent, and leaves alone what people decided", () => {
  const all: TaskEvent = { type: "plan-retried" };
  assert.equal(new Story().reports(turn, fail("-5"), all).name, "waiting");
  assert.equal(new Story({ retry: [] }).reports(turn).after(600).reports(late, all).name, "waiting");
  assert.equal(new Story().reports(turn, { type: "decline-reported", message: "" }, all).name, "declined");
  assert.equal(new Story().reports(turn, version("3.0"), all).name, "cancelled, moved-by-hand");
});

test("a stop takes back everything with its URLs, and a resume takes up again what the stop took", () => {
  for (const before of [[], [turn], [turn, downloading(5)], [turn, burning], [turn, done]]) {
    const story = new Story().reports(...before);
    const { effects } = story.on({ type: "plan-stopped" });
    assert.equal(story.name, "cancelled, plan-stopped");
    assert.equal(
      effects.some((effect) => effect.do === "revoke-urls"),
      before.length > 0,
    );
    assert.equal(story.reports({ type: "plan-resumed" }).name, "waiting");
  }
  const other = new Story().reports({ type: "cancel-commanded" }, { type: "plan-resumed" });
  assert.equal(other.name, "cancelled, by-operator");
});

test("a cancelled plan lets downloads and installations run to their end, without further tries", () => {
  const story = new Story().reports(turn, downloading(5)).with({ plan: "cancelled" });
  story.reports({ type: "plan-cancelled" }, version("1.0"));
  assert.equal(story.name, "downloading");
  assert.equal(story.offers, 1);
  assert.equal(story.reports(fail("-1")).name, "failed, -1");
  assert.equal(new Story().reports(turn, { type: "plan-cancelled" }).name, "cancelled, plan-cancelled");
});

test("a paused plan begins nothing, and renews the URL of what runs", () => {
  const story = new Story({ plan: "paused" }).reports(turn);
  assert.equal(story.offers, 0);
  const running = new Story().reports(turn, downloading(5)).with({ plan: "paused" }).reports(version("1.0"));
  assert.equal(running.offers, 2);
  for (const plan of ["paused", "halted"] as const) {
    const offered = new Story().reports(turn).with({ plan }).reports(version("1.0")).after(600).reports(late);
    assert.equal(offered.offers, 1);
    // The device is not silent: nobody answered it.
    assert.equal(offered.state.name === "waiting" && offered.state.cause, "not-delivered");
  }
});

test("a person who is asked has days, who defers is asked again, and who declines is not", () => {
  const story = new Story().reports(turn, { type: "ask-reported" }).after(3600).reports(late);
  assert.equal(story.name, "asked");
  story.reports({ type: "defer-reported", seconds: 7200 });
  assert.equal(story.state.name === "waiting" && story.state.cause, "deferred");
  assert.equal(story.reports(turn).name, "waiting");
  // A deferral is no try.
  story.after(7200).reports(turn);
  assert.equal(story.state.attempt, 1);
  assert.equal(story.reports({ type: "decline-reported", message: "never" }, turn).name, "declined");
});

test("a person who accepts before the deferral is over is not held up", () => {
  const story = new Story().reports(turn, { type: "ask-reported" }, { type: "defer-reported", seconds: 7200 });
  assert.equal(story.reports(downloading(1)).name, "downloading");
});

test("a person may be asked a second time, before the installation", () => {
  const story = new Story().reports(turn, downloading(100), { type: "ask-reported" });
  assert.deepEqual(story.state.name === "asked" && story.state.percent, 100);
  assert.equal(story.reports(burning).name, "burning");
});

test("who was silent and goes on after all uses up one of its tries", () => {
  const story = new Story().reports(turn).after(600).reports(late, downloading(3));
  assert.equal(story.name, "downloading");
  assert.equal(story.state.attempt, 2);
  assert.equal(story.after(600).reports(late).name, "silent, downloading");
});

test("another plan replaces a download, and waits for an installation", () => {
  const replaced: TaskEvent = { type: "replaced", byPlan: "7" };
  assert.deepEqual(new Story().reports(turn, downloading(9), replaced).state, {
    name: "superseded",
    attempt: 1,
    detail: "7",
  });
  const story = new Story().reports(turn, burning);
  assert.deepEqual(story.on(replaced).answer, { kind: "ignored", because: "installing" });
});

test("a message of a device is stored up to 256 characters", () => {
  const story = new Story({ retry: [] }).reports(turn, {
    type: "fail-reported",
    code: "-5",
    message: "x".repeat(5000),
  });
  assert.equal(story.state.name === "failed" && story.state.detail.length, 256);
});

test("an offer to a device that may be away holds its place for two minutes, and is no silence", () => {
  const story = new Story({ isPresenceUnknown: true });
  story.on({ type: "turn-came" });
  assert.equal(story.after(119).on({ type: "deadline-passed" }).answer.kind, "ignored");
  assert.equal(story.name, "offered");
  story.after(1).on({ type: "deadline-passed" });
  assert.deepEqual(story.state, {
    name: "waiting",
    attempt: 1,
    cause: "not-delivered",
    notBeforeMs: START_MS + 720_000,
    detail: "",
  });
  // It is the same try, however often the device was away.
  story.after(600).on({ type: "turn-came" });
  assert.equal(story.state.attempt, 1);
  assert.equal(story.offers, 2);
});

test("a device that may have been away gets its offer as soon as it reports", () => {
  const story = new Story({ isPresenceUnknown: true });
  story.on({ type: "turn-came" });
  story.after(120).on({ type: "deadline-passed" });
  story.after(1).on({ type: "turn-came" });
  assert.equal(story.offers, 1);
  story.on({ type: "version-reported", version: "1.0", previous: "1.0", byPlan: false });
  story.on({ type: "turn-came" });
  assert.deepEqual([story.name, story.offers], ["offered", 2]);
  // Once it has begun, it can fall silent as any other.
  story.on({ type: "download-reported", percent: 1 });
  story.after(600).on({ type: "deadline-passed" });
  assert.equal(story.name, "waiting");
  assert.ok(story.history.includes("silent"));
});

test("an offer that a device of a cancelled plan has not answered ends with the plan", () => {
  const story = new Story({ isPresenceUnknown: true });
  story.on({ type: "turn-came" });
  story.with({ plan: "cancelled" }).after(120).on({ type: "deadline-passed" });
  assert.equal(story.name, "cancelled, plan-cancelled");
});
