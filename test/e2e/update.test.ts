import assert from "node:assert/strict";
import { DEVICE, imageOf } from "../support/bench.js";
import { testOnEngines } from "../support/engines.js";
import { assertSameBytes } from "../support/same-bytes.js";
import { withBench } from "../support/with-bench.js";

testOnEngines("an update runs from the offer to the new version, message by message", (engine) =>
  withBench({ engine }, async (bench) => {
    await bench.update();
    const words = bench.platform.words();
    assert.deepEqual(words.slice(0, 2), ["version 0.1.0", "downloading 0"]);
    assert.deepEqual(words.slice(-4), ["downloading 100", "burning", "done", "version 0.2.0"]);
    for (const { text, qos } of bench.platform.reports) {
      assert.equal(qos, text.includes('"downloading"') ? 0 : 1, text);
    }
    assert.ok(
      bench.platform.reports.every(({ topic }) => topic === `$ota/report/${DEVICE.productId}/${DEVICE.deviceName}`),
    );
    assert.deepEqual(bench.boots, ["ota_0", "ota_1"]);
    assert.deepEqual(bench.slots().running, { slot: "ota_1", version: "0.2.0", state: "valid" });
    assertSameBytes(bench.slot("ota_1", bench.image.byteLength), bench.image);
  }),
);

testOnEngines("an uninterrupted download is one request, without Range and without Accept-Encoding", (engine) =>
  withBench({ engine }, async (bench) => {
    await bench.update();
    assert.equal(bench.server.requests.length, 1);
    const { headers } = bench.server.requests[0]!;
    assert.equal(headers.range, undefined);
    assert.equal(headers["accept-encoding"], undefined);
    assert.equal(headers.host, `127.0.0.1:${bench.server.port}`);
  }),
);

testOnEngines("the URL is used byte for byte", (engine) =>
  withBench({ engine }, async (bench) => {
    const target = "/a%2Fb//c/../x;y?sign=q-sign-algorithm%3Dsha1%26q-ak%3Dx%00&z=%7e~";
    bench.platform.pending = () => ({ ...bench.offer(), url: `http://127.0.0.1:${bench.server.port}${target}` });
    await bench.update();
    assert.equal(bench.server.requests[0]?.target, target);
  }),
);

testOnEngines("the next update goes to the other slot", (engine) =>
  withBench({ engine }, async (bench) => {
    await bench.update();
    const next = imageOf("0.3.0", 100 * 1024, 7);
    bench.platform.reports.length = 0;
    bench.platform.pending = undefined;
    bench.server.file = next;
    bench.platform.offer(DEVICE, bench.offer("0.3.0"));
    await bench.ended();
    assert.deepEqual(bench.slots().running, { slot: "ota_0", version: "0.3.0", state: "valid" });
    assertSameBytes(bench.slot("ota_0", next.byteLength), next);
  }),
);

testOnEngines("progress is reported at most once a second between 0 and 100, and never backwards", (engine) =>
  withBench({ engine, image: imageOf("0.2.0", 1024 * 1024) }, async (bench) => {
    await bench.update();
    const percents = bench.platform
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
  withBench({ engine }, async (bench) => {
    const answers: unknown[] = [];
    bench.onAgent = (agent) => agent.on("answer", (answer) => answers.push(answer));
    bench.board.powerOn();
    await bench.until("answer", () => answers.length > 0);
    assert.deepEqual(answers, [{ resultCode: 0, resultMessage: "success", version: "0.1.0" }]);
  }),
);

testOnEngines("the application follows states, progress and the result; its own mistakes do no harm", (engine) =>
  withBench({ engine }, async (bench) => {
    const seen: string[] = [];
    const results: unknown[] = [];
    bench.onAgent = (agent) => {
      agent.on("state", ({ from, to }) => {
        seen.push(`${from} ${to}`);
        throw new Error("the application's own mistake");
      });
      agent.on("result", (result) => results.push(result));
    };
    await bench.update();
    await bench.until("result", () => results.length > 0 && seen.length >= 5);
    assert.deepEqual(seen, [
      "idle downloading",
      "downloading verifying",
      "verifying applying",
      "confirming reporting",
      "reporting idle",
    ]);
    assert.deepEqual(results, [{ version: "0.2.0", result: { outcome: "done" } }]);
    assert.ok(bench.logged.lines.some((line) => line.includes("listener of state failed")));
  }),
);

for (const byteLength of [336, 352, 4080, 4096, 4112, 65520, 65536, 65552, 131072, 0x1a0000 - 16, 0x1a0000]) {
  testOnEngines(`an image of ${byteLength} bytes is updated to`, (engine) =>
    withBench({ engine, image: imageOf("0.2.0", byteLength) }, async (bench) => {
      await bench.update();
      assert.equal(bench.slots().running.version, "0.2.0");
      assertSameBytes(bench.slot("ota_1", byteLength), bench.image);
    }),
  );
}

testOnEngines("a chunked answer without a length is as good as one with it", (engine) =>
  withBench({ engine }, async (bench) => {
    bench.server.behaviours = [{ chunked: true }];
    await bench.update();
    assert.equal(bench.slots().running.version, "0.2.0");
  }),
);

testOnEngines("redirects are followed", (engine) =>
  withBench({ engine }, async (bench) => {
    const to = `http://127.0.0.1:${bench.server.port}/elsewhere.bin?sign=x`;
    bench.server.behaviours = [
      { status: 302, headers: { Location: "/second?sign=1" } },
      { status: 307, headers: { Location: to } },
    ];
    await bench.update();
    assert.equal(bench.slots().running.version, "0.2.0");
    assert.deepEqual(
      bench.server.requests.slice(1).map(({ target }) => target),
      ["/second?sign=1", "/elsewhere.bin?sign=x"],
    );
  }),
);

testOnEngines("an agent that is stopped says good-bye and goes on later from what is stored", (engine) =>
  withBench({ engine }, async (bench) => {
    bench.platform.pending = () => bench.offer();
    bench.server.behaviours = [{ stallAfter: 100 * 1024 }];
    bench.board.powerOn();
    await bench.until(
      "a region stored",
      () => bench.checkpoint()?.phase === "downloading" && bench.server.bodyBytes > 0,
    );
    await bench.until("progress", () => bench.slot("ota_1", 81920)[81919] !== 0xff);
    await bench.agent?.stop();
    bench.board.cutPower();
    bench.board.powerOn();
    await bench.ended();
    assert.match(bench.server.requests[1]?.headers.range ?? "", /^bytes=[1-9][0-9]*-$/);
    assert.equal(bench.slots().running.version, "0.2.0");
  }),
);

for (const [version, says] of [
  ["0.1.0", "fail -5 image says it is version 9.9.9"],
  ["0.1.0-b", "done"],
] as const) {
  testOnEngines(
    `an application that sets version ${version} over an image of 0.1.0: a wrong image ends with ${says}`,
    (engine) =>
      withBench({ engine, config: { version }, image: imageOf("9.9.9", 8192) }, async (bench) => {
        bench.platform.pending ??= () => bench.offer();
        bench.board.powerOn();
        await bench.until("end", () => bench.platform.words().includes(says));
        const warned = bench.logged.lines.filter((line) => line.includes("versions of images are not checked"));
        assert.equal(warned.length > 0, version !== "0.1.0", bench.logged.lines.join("\n"));
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
      withBench({ engine, config }, async (bench) => {
        const seen: unknown[] = [];
        bench.onAgent = (agent) => {
          agent.on("result", ({ result }) => seen.push(result.outcome));
          agent.on("version-mismatch", (event) => seen.push(event));
        };
        await bench.update();
        await bench.until("result", () => seen.length > mismatches.length);
        assert.deepEqual(seen.slice(0, 2), ["done", ...mismatches]);
        const warned = bench.logged.lines.filter((line) => line.includes("is installed and reports 0.1.0"));
        assert.equal(warned.length, mismatches.length, bench.logged.lines.join("\n"));
      }),
  );
}
