import assert from "node:assert/strict";
import { callControl } from "../support/control.js";
import { testOnEngines } from "../support/engines.js";
import { assertSameBytes } from "../support/same-bytes.js";
import { DEVICE, imageOf, type TestBed, type TestBedOptions } from "../support/test-bed.js";
import { withTestBed } from "../support/with-test-bed.js";

const withControl = (options: Pick<TestBedOptions, "engine" | "config">, body: (bed: TestBed) => Promise<void>) =>
  withTestBed({ ...options, control: true, image: imageOf("0.2.0", 400 * 1024) }, body);

/** The first request is stalled at a byte, so that the download is surely under way. */
function stallAt(bed: TestBed, bytes: number): void {
  bed.server.behaviours = [{ stallAfter: bytes }];
  bed.platform.pending ??= () => bed.offer();
}

testOnEngines("a cancelled download is reported as -5 with the reason, and another offer is taken", (engine) =>
  withControl({ engine }, async (bed) => {
    stallAt(bed, 100_000);
    bed.board.powerOn();
    await bed.until("bytes", () => bed.progress > 0);
    assert.equal(await callControl(bed.agent, "cancel", "the user said stop"), true);
    await bed.ended();
    assert.equal(bed.platform.words().at(-1), "fail -5 cancelled: the user said stop");
    assert.equal(bed.agent?.state, "idle");
    assert.equal(await callControl(bed.agent, "cancel", "again"), false);
    bed.platform.reports.length = 0;
    bed.platform.offer(DEVICE, bed.offer());
    await bed.ended();
    assert.ok(bed.platform.words().includes("done"));
    assertSameBytes(bed.slot("ota_1", bed.image.byteLength), bed.image);
  }),
);

testOnEngines("a download rests while it is paused, and goes on from there", (engine) =>
  withControl({ engine }, async (bed) => {
    stallAt(bed, 200_000);
    bed.board.powerOn();
    await bed.until("bytes", () => bed.progress > 150_000);
    assert.equal(await callControl(bed.agent, "resume"), false);
    assert.equal(await callControl(bed.agent, "pause"), true);
    assert.equal(bed.agent?.state, "waiting");
    await callControl(bed.agent, "networkChanged");
    let slept = false;
    void callControl(bed.agent, "checkOnce").then(() => (slept = true));
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(bed.agent?.state, "waiting", "a network that changed does not resume it");
    assert.equal(bed.server.requests.length, 1);
    assert.equal(slept, false);
    assert.equal(await callControl(bed.agent, "resume"), true);
    await bed.ended();
    assert.ok(bed.platform.words().includes("done"));
    assert.equal(bed.server.requests.length, 2);
    const from = Number(/^bytes=([0-9]+)-/.exec(bed.server.requests[1]?.headers.range ?? "")?.[1]);
    assert.ok(from > 150_000, `${from}`);
  }),
);

testOnEngines("a paused download is no failed try, however often it is paused", (engine) =>
  withControl({ engine, config: { download: { maxAttempts: 2 } } }, async (bed) => {
    bed.server.behaviours = Array.from({ length: 6 }, () => ({ stallAfter: 100 }));
    bed.platform.pending = () => bed.offer();
    bed.board.powerOn();
    for (let time = 0; time < 6; time++) {
      await bed.until("request", () => bed.server.requests.length > time && bed.agent?.state === "downloading");
      assert.equal(await callControl(bed.agent, "pause"), true);
      assert.equal(await callControl(bed.agent, "resume"), true);
    }
    await bed.ended();
    assert.ok(bed.platform.words().includes("done"));
  }),
);

testOnEngines("a held image is downloaded, waits for install through a restart, and is then installed", (engine) =>
  withControl({ engine }, async (bed) => {
    bed.onAgent = (agent) => void callControl(agent, "holdInstallation");
    bed.platform.pending = () => bed.offer();
    bed.board.powerOn();
    await bed.until("ready", () => bed.agent?.state === "ready");
    assert.equal(bed.platform.words().includes("burning"), false);
    // On XS the turn that has announced it may still store it.
    await bed.until("its record", () => bed.checkpoint()?.phase === "verified");
    bed.board.cutPower();
    bed.board.powerOn();
    await bed.until("ready again", () => bed.agent?.state === "ready");
    assert.equal(bed.server.requests.length, 1, "the whole image was fetched once");
    assert.equal(await callControl(bed.agent, "install"), true);
    await bed.ended();
    assert.deepEqual(bed.slots().running, { slot: "ota_1", version: "0.2.0", state: "valid" });
    assert.equal(await callControl(bed.agent, "install"), false);
  }),
);

testOnEngines("the last result is known after the restart, whether it is done or a failure", (engine) =>
  withControl({ engine }, async (bed) => {
    bed.board.powerOn();
    await bed.until("version", () => bed.platform.words().length > 0);
    assert.equal((await callControl(bed.agent, "lastResult")) ?? undefined, undefined);
    bed.board.cutPower();
    await bed.update();
    const done = (await callControl(bed.agent, "lastResult")) as { endedAt: number };
    assert.deepEqual({ ...done, endedAt: 0 }, { version: "0.2.0", result: { outcome: "done" }, endedAt: 0 });
    bed.platform.reports.length = 0;
    bed.platform.pending = undefined;
    bed.platform.offer(DEVICE, { ...bed.offer("0.3.0"), md5sum: "0".repeat(32) });
    await bed.ended();
    bed.board.cutPower();
    bed.board.powerOn();
    await bed.until("agent", () => bed.agent !== undefined);
    const failed = (await callControl(bed.agent, "lastResult")) as { version: string; result: { outcome: string } };
    assert.equal(failed.version, "0.3.0");
    assert.notEqual(failed.result.outcome, "done");
  }),
);

testOnEngines("an application goes back to the other slot: that is reported, and the version is declined", (engine) =>
  withControl({ engine }, async (bed) => {
    await bed.update();
    bed.platform.reports.length = 0;
    // The board restarts: on XS the call has no answer.
    void callControl(bed.agent, "rollback", "the pump does not start");
    await bed.until("the older version", () => bed.platform.words().includes("version 0.1.0"));
    assert.deepEqual(bed.slots().running, { slot: "ota_0", version: "0.1.0", state: "valid" });
    await bed.until("the refusal", () => bed.platform.words().filter((word) => word.startsWith("fail")).length >= 2);
    const words = bed.platform.words();
    assert.equal(words[0], "fail -5 rolled back: the pump does not start", "before the version is reported");
    assert.ok(
      words.every((word) => !word.startsWith("downloading")),
      words.join(),
    );
    const { length } = bed.server.requests;
    bed.board.cutPower();
    bed.board.powerOn();
    await bed.until("version", () => bed.platform.words().filter((word) => word.startsWith("version")).length >= 2);
    await bed.until(
      "refusal",
      () => bed.agent?.state === "idle" && bed.platform.words().at(-1)?.startsWith("fail") === true,
    );
    assert.equal(bed.server.requests.length, length, "nothing is downloaded");
    await callControl(bed.agent, "forgetRollback");
    bed.platform.reports.length = 0;
    bed.platform.offer(DEVICE, bed.offer());
    await bed.ended();
    assert.ok(bed.platform.words().includes("done"), "it is wanted again");
  }),
);

testOnEngines("there is no way back without a sound image, or during an update", (engine) =>
  withControl({ engine }, async (bed) => {
    bed.board.powerOn();
    await bed.until("version", () => bed.platform.words().length > 0);
    await assert.rejects(
      callControl(bed.agent, "rollback", "no"),
      /the other slot does not hold the firmware that ran before/,
    );
    stallAt(bed, 100_000);
    bed.platform.offer(DEVICE, bed.offer());
    await bed.until("bytes", () => bed.progress > 0);
    await assert.rejects(callControl(bed.agent, "rollback", "no"), /an update is under way: downloading/);
    assert.deepEqual(bed.boots, ["ota_0"]);
  }),
);

testOnEngines(
  "there is no way back once an update has overwritten the other slot, also if nothing of it is kept",
  (engine) =>
    withControl({ engine }, async (bed) => {
      await bed.update();
      const running = bed.slots().running;
      bed.platform.reports.length = 0;
      bed.platform.pending = undefined;
      bed.server.file = imageOf("0.3.0", 100 * 1024, 7);
      bed.platform.offer(DEVICE, { ...bed.offer("0.3.0"), md5sum: "0".repeat(32) });
      await bed.ended();
      assert.ok(bed.platform.words().includes("fail -4 md5 not match"), bed.platform.words().join());
      for (let boot = 0; boot < 2; boot++) {
        await assert.rejects(
          callControl(bed.agent, "rollback", "no"),
          /the other slot does not hold the firmware that ran before/,
        );
        bed.board.cutPower();
        bed.board.powerOn();
        await bed.until("agent", () => bed.agent !== undefined);
      }
      assert.deepEqual(bed.slots().running, running);
    }),
);

testOnEngines("the last result is that of the last job, also if an earlier one was for the same version", (engine) =>
  withControl({ engine }, async (bed) => {
    stallAt(bed, 100_000);
    bed.board.powerOn();
    await bed.until("bytes", () => bed.progress > 0);
    await callControl(bed.agent, "cancel", "not now");
    await bed.ended();
    bed.platform.reports.length = 0;
    bed.platform.offer(DEVICE, bed.offer());
    await bed.ended();
    const last = (await callControl(bed.agent, "lastResult")) as { result: { outcome: string } };
    assert.equal(last.result.outcome, "done");
  }),
);

testOnEngines("checks and waits that are under way end when the agent is stopped, and two checks end alike", (engine) =>
  withControl({ engine }, async (bed) => {
    bed.platform.refusing = true;
    bed.board.powerOn();
    await bed.until("agent", () => bed.agent !== undefined);
    const ends: unknown[] = [];
    for (let check = 0; check < 2; check++) void callControl(bed.agent, "checkOnce").then((end) => ends.push(end));
    await callControl(bed.agent, "lastResult");
    await bed.agent?.stop();
    await bed.until("both ends", () => ends.length === 2);
    assert.deepEqual(ends, [{ end: "stopped" }, { end: "stopped" }]);
  }),
);

testOnEngines("a check of an agent that is connected asks the platform once more", (engine) =>
  withControl({ engine }, async (bed) => {
    bed.board.powerOn();
    await bed.until("answer", () => bed.platform.words().length === 1 && bed.agent?.state === "idle");
    const end = (await callControl(bed.agent, "checkOnce", { timeoutSeconds: 20 })) as { end: string };
    assert.deepEqual(end, { end: "nothing" });
    assert.deepEqual(bed.platform.words(), ["version 0.1.0", "version 0.1.0"]);
  }),
);

testOnEngines("progress has a rate and the seconds that are left", (engine) =>
  withControl({ engine }, async (bed) => {
    bed.server.behaviours = [{ stallAfter: 300_000, delayMs: 10 }];
    bed.platform.pending = () => bed.offer();
    bed.board.powerOn();
    await bed.until("bytes", () => bed.progress > 200_000);
    const progress = (await callControl(bed.agent, "progress")) as { bytes: number; size: number };
    assert.ok(progress.bytes > 200_000 && progress.size === bed.image.byteLength);
    await callControl(bed.agent, "cancel", "");
    await bed.ended();
    assert.equal((await callControl(bed.agent, "progress")) ?? undefined, undefined);
  }),
);

testOnEngines("a check of its own ends with nothing, with a result, or without a platform", (engine) =>
  withControl({ engine }, async (bed) => {
    bed.platform.refusing = true;
    const ends: { end: string; job?: { version: string } }[] = [];
    const follow = (end: unknown): unknown => ends.push(end as { end: string });
    bed.onAgent = (agent) => void callControl(agent, "checkOnce", { timeoutSeconds: 1 }).then(follow);
    bed.board.powerOn();
    await bed.until("an end", () => ends.length === 1);
    assert.deepEqual(ends, [{ end: "unreachable" }]);
    bed.board.cutPower();
    bed.platform.refusing = false;
    bed.onAgent = (agent) => void callControl(agent, "checkOnce", { timeoutSeconds: 30 }).then(follow);
    bed.board.powerOn();
    await bed.until("an end", () => ends.length === 2);
    assert.deepEqual(ends[1], { end: "nothing" });
    bed.platform.pending = () => bed.offer();
    bed.board.cutPower();
    bed.board.powerOn();
    await bed.until("an end", () => ends.length === 3, 30_000);
    const { end, job } = ends[2]!;
    assert.deepEqual([end, job?.version, bed.agent?.state], ["ended", "0.2.0", "idle"]);
    await callControl(bed.agent, "idle");
  }),
);
