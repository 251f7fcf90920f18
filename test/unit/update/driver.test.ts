import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HalError } from "../../../hal/ports/index.js";
import { imageOf } from "../../support/downloading.js";
import { Driving, type DrivingOptions, failing, IMAGE, OFFER } from "../../support/driving.js";
import { decodeCheckpoint, encodeCheckpoint } from "../../support/records.js";

const { started } = Driving;
const { version, md5, size } = OFFER;

describe("an update", () => {
  test("goes from the offer to the restart, each step after those that it relies on", () => {
    const driving = started();
    driving.bring(IMAGE, OFFER);
    assert.equal(driving.state, "applying");
    assert.deepEqual(
      driving
        .heard()
        .map((text) => JSON.parse(text).report.progress)
        .map(({ state, percent }) => `${state} ${percent ?? ""}`),
      ["downloading 0", "downloading 100", "burning "],
    );
    driving.advance(0);
    const wanted = [
      "downloading offer-received",
      "downloading download-started",
      "forget",
      "downloading region-erased",
      "store",
      ...Array.from({ length: 4 }, () => "downloading block-written"),
      "verifying download-completed",
      "applying verified",
      "forget",
      "store",
      "applying burning-acknowledged",
      "set pending",
      "applying applied",
      "about to restart",
      "restart",
    ];
    assert.deepEqual(driving.story, wanted);
  });

  test("nothing runs once the board restarts", () => {
    const driving = started();
    driving.bring(IMAGE, OFFER);
    driving.heard();
    driving.advance(0);
    const length = driving.story.length;
    driving.dispatch({ type: "online" });
    driving.offer({ ...OFFER, version: "0.3.0" });
    driving.advance(1_000_000);
    assert.equal(driving.story.length, length);
    assert.deepEqual(
      driving.broker.clock.names().filter((name) => !name.startsWith("mqtt")),
      [],
    );
  });

  test("the restart waits until the platform takes another CONNECT; who stops the driver ends only the wait", () => {
    for (const stops of [false, true]) {
      const driving = started({ restartWaitMs: 4_000 });
      driving.bring(IMAGE, OFFER);
      driving.heard();
      driving.advance(3_999);
      assert.equal(driving.story.at(-1), "about to restart");
      // The slots are switched: another agent in this boot would take its image for the one that is on trial.
      if (stops) driving.driver.stop();
      else driving.advance(1);
      assert.equal(driving.story.filter((word) => word === "restart").length, 1);
      driving.driver.stop();
      driving.advance(10_000);
      assert.equal(driving.story.filter((word) => word === "restart").length, 1);
    }
  });

  test("burning waits 10 s for its acknowledgement, and no longer", () => {
    const driving = started();
    driving.bring(IMAGE, OFFER);
    driving.advance(9_000);
    assert.ok(!driving.story.includes("set pending"));
    driving.advance(1_100);
    assert.ok(driving.story.includes("set pending"));
  });

  test("progress is reported once a second, and never twice the same", () => {
    const driving = started();
    driving.offer(OFFER);
    driving.advance(0);
    driving.exchange.head({ status: 200, contentLength: size });
    for (let at = 0; at < 2 * 4096; at += 4096) {
      driving.exchange.send(IMAGE.subarray(at, at + 4096));
      driving.advance(400);
    }
    driving.advance(1000);
    driving.exchange.send(IMAGE.subarray(2 * 4096, 3 * 4096));
    driving.advance(0);
    assert.deepEqual(
      driving.heard().map((text) => JSON.parse(text).report.progress.percent),
      ["0", "99"],
    );
  });

  test("work that shares one buffer is done one after the other: another image begins anew with it", () => {
    const driving = started();
    driving.offer(OFFER);
    driving.advance(0);
    const first = driving.exchange;
    driving.offer({ ...OFFER, version: "0.3.0" });
    assert.equal(first.closed, true, "the first download is left");
    driving.advance(0);
    assert.notEqual(driving.exchange, first);
    driving.driver.stop();
    assert.equal(driving.exchange.closed, true);
  });

  test("an offer while the image is verified stops the verification", () => {
    const record = encodeCheckpoint({ phase: "applying", slot: "ota_1", image: { version, md5, size } });
    const again = started({ record });
    again.offer(OFFER);
    assert.equal(again.state, "verifying");
    again.offer({ ...OFFER, version: "0.3.0" });
    again.advance(0);
    assert.equal(again.flash.reads, 0, "nothing of the old image is read any more");
    assert.ok(!again.story.some((entry) => /verified|verify-failed/.test(entry)));
  });
});

test("an offer that cannot fit, while another image is verified, stops the verification too", () => {
  const record = encodeCheckpoint({ phase: "applying", slot: "ota_1", image: { version, md5, size } });
  const driving = started({ record });
  driving.offer(OFFER);
  driving.offer({ ...OFFER, version: "0.3.0", size: driving.flash.byteLength + 1 });
  driving.advance(0);
  assert.deepEqual([driving.state, driving.flash.reads], ["reporting", 0]);
});

describe("a failure becomes an event", () => {
  test("a record that cannot be stored ends the job, with its reason", () => {
    const driving = started(failing("store"));
    driving.bring(IMAGE, OFFER);
    assert.equal(driving.state, "reporting");
    assert.match(driving.heard(false).join(), /"fail".*"-5".*store failed/);
    assert.match(driving.broker.logged.lines.join("\n"), /error update store-failed: store failed/);
    assert.equal(driving.exchange.closed, true);
  });

  test("a record that cannot be stored ends the download at once", () => {
    const driving = started(failing("store"));
    driving.offer(OFFER);
    driving.advance(0);
    driving.exchange.head({ status: 200, contentLength: IMAGE.byteLength });
    driving.exchange.send(IMAGE.subarray(0, 4096));
    driving.advance(1);
    assert.deepEqual([driving.state, driving.exchange.closed], ["reporting", true]);
  });

  test("a record that cannot be cleared is reported, and nothing stops", () => {
    const record = encodeCheckpoint({
      phase: "reporting",
      slot: "ota_1",
      image: { version, md5, size },
      result: { outcome: "done" },
      stored: undefined,
      whole: false,
    });
    const driving = started({ ...failing("clear"), record });
    driving.dispatch({ type: "online" });
    driving.heard();
    assert.equal(driving.state, "idle");
  });

  test("an image that the boot control does not accept ends the job, with its reason", () => {
    const driving = started(failing("set pending"));
    driving.bring(IMAGE, OFFER);
    driving.heard();
    assert.equal(driving.state, "reporting");
    assert.match(driving.heard(false).join(), /"fail".*"-5".*set pending failed/);
    assert.ok(!driving.story.includes("restart"));
  });

  test("flash that cannot be read while verifying ends the job", () => {
    const record = encodeCheckpoint({ phase: "applying", slot: "ota_1", image: { version, md5, size } });
    const driving = started({ record });
    driving.flash.read = () => {
      throw new HalError("io", "read failed");
    };
    driving.offer(OFFER);
    driving.advance(0);
    assert.match(driving.heard(false).join(), /"fail".*"-5".*read failed/);
  });
});

describe("a trial", () => {
  const trial = { status: { runningState: "pending-verify" } } as const;

  test("is confirmed once it is online, and a confirmation that fails is reported and tried again", () => {
    let broken = true;
    const driving = started({
      ...trial,
      onStory: (entry) => {
        if (entry === "confirm" && broken) throw new HalError("io", "no confirm");
      },
    });
    driving.dispatch({ type: "online" });
    assert.deepEqual([driving.state, driving.story.at(-1)], ["confirming", "confirming confirm-failed"]);
    assert.match(driving.broker.logged.lines.join("\n"), /error update no confirm/);
    broken = false;
    driving.dispatch({ type: "online" });
    assert.equal(driving.state, "idle");
  });

  test("that is not proven in time is reverted, then restarted", () => {
    const driving = started({ ...trial, limits: { trialMs: 5000 } });
    driving.advance(4900);
    assert.deepEqual(driving.story, []);
    driving.advance(200);
    driving.advance(0);
    assert.deepEqual(driving.story, ["confirming timer-fired", "revert", "about to restart", "restart"]);
  });

  test("that cannot be reverted goes on, and is reported", () => {
    const driving = started({ ...trial, ...failing("revert"), limits: { trialMs: 5000 } });
    driving.advance(5100);
    assert.deepEqual(driving.story, ["confirming timer-fired", "revert", "confirming revert-failed"]);
    assert.match(driving.broker.logged.lines.join("\n"), /error update revert failed/);
    driving.dispatch({ type: "online" });
    assert.equal(driving.state, "idle");
  });

  test("has no time limit left once it is confirmed", () => {
    const driving = started({ ...trial, limits: { trialMs: 5000 } });
    driving.dispatch({ type: "online" });
    driving.advance(10_000);
    assert.ok(!driving.story.includes("revert"));
  });
});

test("a fresh URL may come before the wait for it begins", () => {
  const driving = started();
  driving.offer(OFFER);
  driving.advance(0);
  driving.exchange.head({ status: 403 });
  driving.advance(0);
  driving.offer({ ...OFFER, url: "http://h.test/f?sign=2" });
  driving.advance(0);
  assert.match(driving.exchange.request.target, /sign=2/);
});

test("the application gets the result once it is acknowledged", () => {
  const record = encodeCheckpoint({ phase: "applying", slot: "ota_0", image: { version, md5, size } });
  const driving = started({ record, status: { runningVersion: "0.2.0" } });
  assert.equal(decodeCheckpoint(driving.record as Uint8Array)?.phase, "reporting");
  driving.dispatch({ type: "online" });
  assert.ok(!driving.story.some((entry) => entry.startsWith("reported")));
  driving.heard();
  assert.deepEqual(driving.story.slice(-3), ["idle result-acknowledged", "clear", "reported 0.2.0 done"]);
  assert.equal(driving.record, undefined);
});

test("the capacity is the target's", () => assert.equal(started({ blocks: 24 }).driver.capacity, 24 * 4096));

test("a version that nobody knows is not reported", () => {
  const driving = started();
  driving.driver.runningVersion = undefined;
  driving.dispatch({ type: "online" });
  assert.deepEqual(driving.heard(), []);
  driving.driver.runningVersion = "0.1.0";
  driving.dispatch({ type: "online" });
  assert.match(driving.heard().join(), /"report_version".*"0\.1\.0"/);
});

test("a result that is acknowledged after the end is not reported", () => {
  const record = encodeCheckpoint({ phase: "applying", slot: "ota_0", image: { version, md5, size } });
  const driving = started({ record, status: { runningVersion: "0.2.0" } });
  driving.dispatch({ type: "online" });
  driving.driver.stop();
  driving.heard();
  assert.ok(!driving.story.some((entry) => entry.startsWith("reported")));
});

test("what a download has not reported yet is known before anything else is handled", () => {
  const driving = new Driving({ blocks: 400 });
  driving.driver.start();
  const offer = { ...OFFER, size: 400 * 4096 };
  driving.offer(offer);
  driving.advance(0);
  driving.exchange.head({ status: 200, contentLength: offer.size });
  const image = imageOf(offer.size);
  for (let at = 0; at < 3 * 4096; at += 4096) {
    driving.exchange.send(image.subarray(at, at + 4096));
    driving.advance(1);
  }
  const written = (): unknown => driving.driver.state.name === "downloading" && driving.driver.state.stored.written;
  assert.equal(written(), 4096);
  driving.dispatch({ type: "online" });
  assert.equal(written(), 3 * 4096);
});

test("an event from inside a step is handled after that step, and before dispatch returns", () => {
  const driving = started({
    onStory: (entry, { driver, story }) => {
      if (entry !== "idle online") return;
      driver.dispatch({ type: "offer-received", offer: OFFER });
      story.push("inside");
    },
  });
  driving.dispatch({ type: "online" });
  assert.deepEqual(driving.story, ["idle online", "inside", "downloading offer-received"]);
});

test("stopped from inside a step, the rest of that step is not done", () => {
  const driving = started({
    onStory: (entry, { driver }) => {
      if (entry === "downloading offer-received") driver.stop();
    },
  });
  driving.offer(OFFER);
  driving.advance(1000);
  assert.deepEqual([driving.story, driving.http.exchanges.length], [["downloading offer-received"], 0]);
});

test("steps from one state to another are logged, with the event, and others are not", () => {
  const driving = started();
  driving.dispatch({ type: "online" });
  driving.offer(OFFER);
  const lines = driving.broker.logged.lines.filter((line) => line.includes("update"));
  assert.deepEqual(lines, ["info update idle -> downloading (offer-received)"]);
});

describe("each failure is logged once, with its code and message, at the level of its code", () => {
  const failures = (driving: Driving): string[] =>
    driving.broker.logged.lines.filter((line) => /^\w+ update [a-z-]+: /.test(line));

  test("a try that failed, before the step that follows from it", () => {
    const driving = started();
    driving.offer(OFFER);
    for (const error of ["unreachable", "closed"] as const) {
      driving.advance(0);
      driving.exchange.fail(error);
      driving.advance(0);
    }
    assert.deepEqual(failures(driving), [
      "warn update unreachable: peer: unreachable",
      "warn update connection-lost: peer: closed",
    ]);
    const { lines } = driving.broker.logged;
    const at = lines.indexOf("warn update unreachable: peer: unreachable");
    assert.equal(lines[at + 1], "info update downloading -> waiting (download-failed)");
  });

  test("an update that nobody wants any more", () => {
    const driving = started();
    driving.offer(OFFER);
    driving.dispatch({ type: "declined", failure: { code: "declined", message: "not today" } });
    driving.dispatch({ type: "declined", failure: { code: "deadline-exceeded", message: "over" } });
    assert.deepEqual(failures(driving), ["info update declined: not today", "error update deadline-exceeded: over"]);
  });

  test("an image that is too large, for which there is no event", () => {
    const driving = started();
    driving.offer({ ...OFFER, size: driving.flash.byteLength + 1 });
    assert.deepEqual(failures(driving), ["error update image-too-large: image of 163841 bytes, room for 163840"]);
  });

  test("a URL that is not renewed, for which there is no event", () => {
    const driving = started();
    driving.offer(OFFER);
    driving.advance(0);
    driving.exchange.head({ status: 403 });
    driving.advance(0);
    for (let waits = 0; waits < 2; waits++) driving.dispatch({ type: "timer-fired", timer: "fresh-url" });
    assert.deepEqual(failures(driving), [
      "warn update url-refused: server answers 403",
      "error update url-not-renewed: no fresh URL",
    ]);
  });

  test("an image that does not match, for which there is no event, each time that it is fetched", () => {
    const record = encodeCheckpoint({ phase: "applying", slot: "ota_1", image: { version, md5, size } });
    const driving = started({ record });
    const wrong = IMAGE.map((byte, index) => (index === size - 1 ? byte ^ 1 : byte));
    driving.flash.preset(wrong);
    driving.offer(OFFER);
    driving.advance(0);
    driving.fetch(wrong);
    assert.deepEqual(failures(driving), [
      "error update digest-mismatch: MD5 does not match",
      "error update digest-mismatch: MD5 does not match",
    ]);
  });
});

test("stopped, it does nothing any more, and what is stored stays", () => {
  const driving = started();
  driving.offer(OFFER);
  driving.advance(0);
  driving.exchange.head({ status: 200, contentLength: size });
  driving.exchange.send(IMAGE.subarray(0, 4096));
  driving.advance(0);
  const { record, story } = driving;
  const length = story.length;
  driving.driver.stop();
  driving.driver.stop();
  driving.dispatch({ type: "online" });
  driving.advance(1_000_000);
  assert.equal(story.length, length);
  assert.equal(driving.record, record);
  assert.equal(driving.exchange.closed, true);
  assert.deepEqual(
    driving.broker.clock.names().filter((name) => !name.startsWith("mqtt")),
    [],
  );
});

describe("an image whose trial was cut", () => {
  const applying = encodeCheckpoint({ phase: "applying", slot: "ota_1", image: { version, md5, size } });

  /** What is in the slot is the image, or not; the failure is reported, and then the image is offered again. */
  function offeredAgain(bytes: Uint8Array, options: DrivingOptions = {}): Driving {
    const driving = new Driving({ ...options, record: applying, status: { targetState: "aborted" } });
    driving.flash.eraseBlock(0, 10);
    for (let at = 0; at < bytes.byteLength; at += 4096) {
      const block = new Uint8Array(4096).fill(0xff);
      block.set(bytes.subarray(at, at + 4096));
      driving.flash.write(block, at);
    }
    driving.driver.start();
    driving.dispatch({ type: "online" });
    assert.match(driving.heard()[0] ?? "", /restarted during its trial/);
    driving.story.length = 0;
    driving.offer(OFFER);
    driving.advance(10);
    return driving;
  }

  test("is applied again from flash if it is offered again, and nothing is fetched", () => {
    const driving = offeredAgain(IMAGE);
    assert.equal(driving.http.exchanges.length, 0);
    assert.ok(driving.broker.logged.lines.includes(`info update ${version} is in ota_1 already`));
    driving.heard();
    driving.advance(0);
    assert.deepEqual(driving.story, [
      "verifying offer-received",
      "applying verified",
      "forget",
      "store",
      "applying version-acknowledged",
      "applying burning-acknowledged",
      "set pending",
      "applying applied",
      "about to restart",
      "restart",
    ]);
  });

  test("is fetched again if the slot holds anything else", () => {
    const driving = offeredAgain(IMAGE.map((byte, index) => (index === 5000 ? byte ^ 1 : byte)));
    assert.equal(driving.http.exchanges.length, 1);
    assert.equal(driving.state, "downloading");
  });

  test("is not applied if the boot loader's record of the last trial cannot be dropped", () => {
    const driving = offeredAgain(IMAGE, failing("forget"));
    driving.advance(10);
    assert.ok(!driving.story.includes("set pending"));
    assert.equal(driving.state, "reporting");
  });
});
