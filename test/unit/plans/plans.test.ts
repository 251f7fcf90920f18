import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { BootStatus } from "../../../hal/ports/index.js";
import { FIRMWARE, overEvent } from "../../../src/plans/plans.js";
import type { Offer, Result } from "../../../src/protocol/messages.js";
import type { Checkpoint, Event, Failure, State } from "../../../src/update/machine/types.js";
import { Planning } from "../../support/planning.js";

const OFFER: Offer = { version: "2.0", url: "http://h.test/f.bin", md5: "ab".repeat(16), size: 1000 };
const IMAGE = { version: "2.0", md5: OFFER.md5, size: 1000 };
const BOOT: BootStatus = {
  runningSlot: "ota_0",
  runningState: "valid",
  runningVersion: "1.0",
  runningSecureVersion: 0,
  targetSlot: "ota_1",
  targetState: "invalid",
  chipId: 0,
};
const FAILURE: Failure = { code: "idle-timeout", message: "no byte" };
const DONE: Result = { outcome: "done" };
const FAILED: Result = { outcome: "timed-out", message: "no byte" };

/** The answer to the next offer of the image. */
function answerTo(planning: Planning): string | undefined {
  planning.ask("download", OFFER);
  return planning.answers.at(-1);
}

function booted(checkpoint: Checkpoint | undefined, boot: Partial<BootStatus> = {}): string | undefined {
  const planning = new Planning({ policy: { maxAttempts: 2 } });
  planning.plans.noteBoot(checkpoint && { owner: "", checkpoint }, { ...BOOT, ...boot });
  planning.plans.noteBoot(undefined, BOOT);
  const first = answerTo(planning);
  if (first !== "yes") return first;
  note(planning, "downloading", FAILED, { type: "download-failed", failure: FAILURE });
  return answerTo(planning);
}

function note(planning: Planning, from: State["name"], result: Result, event: Event | undefined): void {
  planning.plans.noteStep(
    FIRMWARE,
    from,
    { name: "reporting", image: IMAGE, result, kept: undefined, queued: undefined, owesVersion: false },
    event,
  );
}

describe("what a boot finds of a trial", () => {
  const applying: Checkpoint = { phase: "applying", slot: "ota_1", image: IMAGE };

  test("that the firmware ended itself starts the image's cool-down", () => {
    assert.equal(booted(applying), "reverted before: offer it again later");
  });

  test("that was restarted counts as a failed job, and no more", () => {
    assert.equal(booted(applying, { targetState: "aborted" }), "failed 2 times: offer it again later");
  });

  test("that did not take place, was passed, or belongs to another slot does not count", () => {
    assert.equal(booted(applying, { targetState: "none" }), "yes");
    assert.equal(booted(applying, { runningSlot: "ota_1", targetSlot: "ota_0" }), "yes");
    assert.equal(booted({ phase: "verified", slot: "ota_1", image: IMAGE }), "yes");
    assert.equal(
      booted({ phase: "reporting", slot: "ota_1", image: IMAGE, result: FAILED, stored: undefined, whole: false }),
      "yes",
    );
    assert.equal(booted(undefined), "yes");
  });
});

describe("the end of a job", () => {
  const ended: Event = { type: "download-failed", failure: FAILURE };

  test("that failed counts", () => {
    const planning = new Planning({ policy: { maxAttempts: 1 } });
    note(planning, "downloading", FAILED, ended);
    assert.equal(answerTo(planning), "failed 1 times: offer it again later");
  });

  test("that got something else than the file from the server needs consent once more, and does not cool down", () => {
    const planning = new Planning({ listens: true, policy: { maxAttempts: 1 } });
    planning.ask("download", OFFER);
    planning.shown[0]!.accept();
    const failure: Failure = { code: "unexpected-answer", message: "not an application image" };
    for (let job = 0; job < 3; job++) note(planning, "downloading", FAILED, { type: "download-failed", failure });
    planning.ask("download", OFFER);
    assert.deepEqual(
      planning.shown.map(({ asks }) => asks),
      [true, true],
    );
  });

  test("whose image was refused for its seal does not cool down", () => {
    const planning = new Planning({ policy: { maxAttempts: 1 } });
    const refused: Result = { outcome: "failed", message: "signature-invalid: the image is not the sealed one" };
    const failure: Failure = { code: "signature-invalid", message: "the image is not the sealed one" };
    note(planning, "applying", refused, { type: "apply-failed", failure });
    assert.equal(answerTo(planning), "yes");
  });

  test("that is reported again, by a boot or by a connection, counts once", () => {
    const planning = new Planning({ policy: { maxAttempts: 1 } });
    note(planning, "idle", FAILED, undefined);
    note(planning, "reporting", FAILED, { type: "online" });
    assert.equal(answerTo(planning), "yes");
  });

  test("that was declined is no failure", () => {
    const planning = new Planning({ policy: { maxAttempts: 1 } });
    note(planning, "offered", FAILED, overEvent(FAILURE));
    assert.deepEqual(overEvent(FAILURE), { type: "declined", failure: FAILURE });
    assert.equal(answerTo(planning), "yes");
  });

  test("that succeeded leaves nothing to remember", () => {
    const planning = new Planning({ listens: true });
    planning.ask("download", OFFER);
    planning.shown[0]!.accept();
    note(planning, "confirming", DONE, { type: "confirmed" });
    planning.reboot();
    planning.ask("download", OFFER);
    assert.deepEqual(
      planning.shown.map(({ asks }) => asks),
      [true, true],
    );
  });

  test("is one state, and no other counts", () => {
    const planning = new Planning({ policy: { maxAttempts: 1 } });
    planning.plans.noteStep(FIRMWARE, "downloading", { name: "idle", kept: undefined, answered: false }, ended);
    assert.equal(answerTo(planning), "yes");
  });
});
