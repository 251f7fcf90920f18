import assert from "node:assert/strict";
import { VERSION } from "../../src/agent/version.js";
import { DEVICE, imageOf } from "../support/test-bed.js";
import { testOnEngines } from "../support/engines.js";
import { assertSameBytes } from "../support/same-bytes.js";
import { withTestBed } from "../support/with-test-bed.js";

testOnEngines("an update runs from the offer to the new version, message by message", (engine) =>
  withTestBed({ engine }, async (bed) => {
    await bed.update();
    const words = bed.platform.words();
    assert.deepEqual(words.slice(0, 2), ["version 0.1.0", "downloading 0"]);
    assert.deepEqual(words.slice(-4), ["downloading 100", "burning", "done", "version 0.2.0"]);
    for (const { text, qos } of bed.platform.reports) {
      assert.equal(qos, text.includes('"downloading"') ? 0 : 1, text);
    }
    assert.ok(
      bed.platform.reports.every(({ topic }) => topic === `$ota/report/${DEVICE.productId}/${DEVICE.deviceName}`),
    );
    assert.deepEqual(bed.boots, ["ota_0", "ota_1"]);
    assert.deepEqual(bed.slots().running, { slot: "ota_1", version: "0.2.0", state: "valid" });
    assertSameBytes(bed.slot("ota_1", bed.image.byteLength), bed.image);
  }),
);

testOnEngines(
  "an uninterrupted download is one request, without Range, that asks for no coding and names the agent",
  (engine) =>
    withTestBed({ engine }, async (bed) => {
      await bed.update();
      assert.equal(bed.server.requests.length, 1);
      const { headers } = bed.server.requests[0]!;
      assert.equal(headers.range, undefined);
      assert.equal(headers["accept-encoding"], "identity");
      assert.equal(headers["user-agent"], `moddable-ota/${VERSION}`);
      assert.equal(headers.host, `127.0.0.1:${bed.server.port}`);
    }),
);

testOnEngines("the URL is used byte for byte", (engine) =>
  withTestBed({ engine }, async (bed) => {
    const target = "/a%2Fb//c/../x;y?sign=q-sign-algorithm%3Dsha1%26q-ak%3Dx%00&z=%7e~";
    bed.platform.pending = () => ({ ...bed.offer(), url: `http://127.0.0.1:${bed.server.port}${target}` });
    await bed.update();
    assert.equal(bed.server.requests[0]?.target, target);
  }),
);

testOnEngines("the next update goes to the other slot", (engine) =>
  withTestBed({ engine }, async (bed) => {
    await bed.update();
    const next = imageOf("0.3.0", 100 * 1024, 7);
    bed.platform.reports.length = 0;
    bed.platform.pending = undefined;
    bed.server.file = next;
    bed.platform.offer(DEVICE, bed.offer("0.3.0"));
    await bed.ended();
    assert.deepEqual(bed.slots().running, { slot: "ota_0", version: "0.3.0", state: "valid" });
    assertSameBytes(bed.slot("ota_0", next.byteLength), next);
  }),
);

testOnEngines("progress is reported at most once a second between 0 and 100, and never backwards", (engine) =>
  withTestBed({ engine, image: imageOf("0.2.0", 1024 * 1024) }, async (bed) => {
    await bed.update();
    const percents = bed.platform
      .words()
      .filter((word) => word.startsWith("downloading"))
      .map((word) => Number(word.split(" ")[1]));
    assert.equal(percents[0], 0);
    assert.equal(percents.at(-1), 100);
    assert.deepEqual(
      percents,
      [...percents].sort((left, right) => left - right),
    );
    assert.ok(percents.length <= 22, `${percents.length} reports`);
  }),
);

testOnEngines("the platform's answer to a version report reaches the application", (engine) =>
  withTestBed({ engine }, async (bed) => {
    const answers: unknown[] = [];
    bed.onAgent = (agent) => agent.on("answer", (answer) => answers.push(answer));
    bed.board.powerOn();
    await bed.until("answer", () => answers.length > 0);
    assert.deepEqual(answers, [{ resultCode: 0, resultMessage: "success", version: "0.1.0" }]);
  }),
);

testOnEngines("the application gets states, progress and the result; its own mistakes do no harm", (engine) =>
  withTestBed({ engine }, async (bed) => {
    const seen: string[] = [];
    const results: unknown[] = [];
    bed.onAgent = (agent) => {
      agent.on("state", ({ from, to }) => {
        seen.push(`${from} ${to}`);
        throw new Error("the application's own mistake");
      });
      agent.on("result", (result) => results.push(result));
    };
    await bed.update();
    await bed.until("result", () => results.length > 0 && seen.length >= 5);
    assert.deepEqual(seen, [
      "idle downloading",
      "downloading verifying",
      "verifying applying",
      "confirming reporting",
      "reporting idle",
    ]);
    assert.deepEqual(results, [{ version: "0.2.0", result: { outcome: "done" } }]);
    assert.ok(bed.logged.lines.some((line) => line.includes("listener of state failed")));
  }),
);

for (const byteLength of [336, 352, 4080, 4096, 4112, 65520, 65536, 65552, 131072, 0x1a0000 - 16, 0x1a0000]) {
  testOnEngines(`an image of ${byteLength} bytes is updated to`, (engine) =>
    withTestBed({ engine, image: imageOf("0.2.0", byteLength) }, async (bed) => {
      await bed.update();
      assert.equal(bed.slots().running.version, "0.2.0");
      assertSameBytes(bed.slot("ota_1", byteLength), bed.image);
    }),
  );
}

testOnEngines("a chunked answer without a length is as good as one with it", (engine) =>
  withTestBed({ engine }, async (bed) => {
    bed.server.behaviours = [{ chunked: true }];
    await bed.update();
    assert.equal(bed.slots().running.version, "0.2.0");
  }),
);

testOnEngines("redirects are followed", (engine) =>
  withTestBed({ engine }, async (bed) => {
    const to = `http://127.0.0.1:${bed.server.port}/elsewhere.bin?sign=x`;
    bed.server.behaviours = [
      { status: 302, headers: { Location: "/second?sign=1" } },
      { status: 307, headers: { Location: to } },
    ];
    await bed.update();
    assert.equal(bed.slots().running.version, "0.2.0");
    assert.deepEqual(
      bed.server.requests.slice(1).map(({ target }) => target),
      ["/second?sign=1", "/elsewhere.bin?sign=x"],
    );
  }),
);

testOnEngines("an agent that is stopped disconnects in order and goes on later from what is stored", (engine) =>
  withTestBed({ engine }, async (bed) => {
    bed.platform.pending = () => bed.offer();
    bed.server.behaviours = [{ stallAfter: 100 * 1024 }];
    bed.board.powerOn();
    await bed.until("a region stored", () => bed.checkpoint()?.phase === "downloading" && bed.server.bodyBytes > 0);
    await bed.until("progress", () => bed.slot("ota_1", 81920)[81919] !== 0xff);
    await bed.agent?.stop();
    bed.board.cutPower();
    bed.board.powerOn();
    await bed.ended();
    assert.match(bed.server.requests[1]?.headers.range ?? "", /^bytes=[1-9][0-9]*-$/);
    assert.equal(bed.slots().running.version, "0.2.0");
  }),
);

for (const [version, says] of [
  ["0.1.0", "fail -5 image says it is version 9.9.9"],
  ["0.1.0-b", "done"],
] as const) {
  testOnEngines(
    `an application that sets version ${version} over an image of 0.1.0: a wrong image ends with ${says}`,
    (engine) =>
      withTestBed({ engine, config: { version }, image: imageOf("9.9.9", 8192) }, async (bed) => {
        bed.platform.pending ??= () => bed.offer();
        bed.board.powerOn();
        await bed.until("end", () => bed.platform.words().includes(says));
        const warned = bed.logged.lines.filter((line) => line.includes("versions of images are not checked"));
        assert.equal(warned.length > 0, version !== "0.1.0", bed.logged.lines.join("\n"));
      }),
  );
}

for (const [config, mismatches] of [
  [{ version: "0.1.0" }, [{ installed: "0.2.0", reported: "0.1.0" }]],
  [{}, []],
] as const) {
  testOnEngines(
    mismatches.length > 0
      ? "a new firmware that still reports its former version says so, in the log and as an event"
      : "a new firmware that reports its version says nothing of a mismatch",
    (engine) =>
      withTestBed({ engine, config }, async (bed) => {
        const seen: unknown[] = [];
        bed.onAgent = (agent) => {
          agent.on("result", ({ result }) => seen.push(result.outcome));
          agent.on("version-mismatch", (event) => seen.push(event));
        };
        await bed.update();
        await bed.until("result", () => seen.length > mismatches.length);
        assert.deepEqual(seen.slice(0, 2), ["done", ...mismatches]);
        const warned = bed.logged.lines.filter((line) => line.includes("is installed and reports 0.1.0"));
        assert.equal(warned.length, mismatches.length, bed.logged.lines.join("\n"));
      }),
  );
}
