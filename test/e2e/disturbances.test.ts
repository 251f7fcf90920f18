import assert from "node:assert/strict";
import { DEVICE, imageOf } from "../support/bench.js";
import { testOnEngines } from "../support/engines.js";
import { FaultServer } from "../support/fault-server.js";
import { assertSameBytes } from "../support/same-bytes.js";
import { withBench } from "../support/with-bench.js";

const UPDATE_TOPIC = `$ota/update/${DEVICE.productId}/${DEVICE.deviceName}`;

testOnEngines("a broker lost in the middle of a download does not stop it, and the version is told again", (engine) =>
  withBench({ engine, image: imageOf("0.2.0", 512 * 1024) }, async (bench) => {
    bench.server.behaviours = [{ cutAfter: 300_000 }, { delayMs: 500 }];
    bench.platform.pending = () => bench.offer();
    bench.board.powerOn();
    await bench.until("progress", () => bench.progress > 100_000);
    bench.platform.dropAll();
    await bench.ended();
    assert.equal(bench.slots().running.version, "0.2.0");
    assert.equal(bench.server.requests.length, 2);
    assert.ok(bench.logged.lines.some((line) => line.includes("next try in")));
  }),
);

testOnEngines("after a close by the peer the next CONNECT comes not sooner than 5 s after the last", (engine) =>
  withBench({ engine }, async (bench) => {
    bench.board.powerOn();
    await bench.until("version", () => bench.platform.reports.length === 1);
    const connectedAt = performance.now();
    bench.platform.dropAll();
    await bench.until("second version", () => bench.platform.reports.length === 2, 15_000);
    assert.ok(performance.now() - connectedAt > 4500, `${performance.now() - connectedAt} ms`);
    assert.deepEqual(bench.platform.words(), ["version 0.1.0", "version 0.1.0"]);
  }),
);

testOnEngines("the same offer again and again does not begin the download anew", (engine) =>
  withBench({ engine, image: imageOf("0.2.0", 512 * 1024) }, async (bench) => {
    bench.onAgent = (agent) =>
      agent.on("progress", () => {
        if (bench.boots.length === 1) bench.platform.offer(DEVICE, bench.offer());
      });
    await bench.update();
    assert.equal(bench.server.requests.length, 1);
    assert.equal(bench.platform.words().filter((word) => word === "downloading 0").length, 1);
    assert.deepEqual(
      bench.platform.words().filter((word) => word === "done"),
      ["done"],
    );
  }),
);

testOnEngines("the URL of a repeated offer is the one of the next request", (engine) =>
  withBench(
    { engine, image: imageOf("0.2.0", 300 * 1024), config: { download: { backoffMaxSeconds: 0.01 } } },
    async (bench) => {
      bench.server.behaviours = [{ stallAfter: 200_000 }];
      bench.platform.pending = () => bench.offer();
      bench.board.powerOn();
      await bench.until("progress", () => bench.progress > 150_000);
      const fresh = bench.offer();
      bench.platform.offer(DEVICE, fresh);
      await bench.until(
        "the offer's arrival",
        () => bench.logged.lines.filter((line) => line.includes("offered")).length === 2,
      );
      bench.server.dropAll();
      await bench.ended();
      assert.ok(fresh.url.endsWith(bench.server.requests[1]?.target ?? "?"), bench.server.requests[1]?.target);
    },
  ),
);

testOnEngines("an offer of another image in the middle of a download wins", (engine) =>
  withBench({ engine, image: imageOf("0.2.0", 512 * 1024) }, async (bench) => {
    const other = new FaultServer(imageOf("0.3.0", 100 * 1024, 4));
    await other.start();
    try {
      bench.server.behaviours = [{ stallAfter: 300_000 }];
      bench.board.powerOn();
      await bench.until("version", () => bench.platform.reports.length > 0);
      bench.platform.offer(DEVICE, bench.offer());
      await bench.until("progress", () => bench.progress > 200_000);
      bench.platform.offer(DEVICE, {
        version: "0.3.0",
        url: other.url,
        md5sum: other.md5,
        file_size: other.file.byteLength,
      });
      await bench.ended();
      assert.deepEqual(bench.slots().running, { slot: "ota_1", version: "0.3.0", state: "valid" });
      assertSameBytes(bench.slot("ota_1", other.file.byteLength), other.file);
      assert.deepEqual(
        bench.platform.words().filter((word) => word === "done" || word.startsWith("fail")),
        ["done"],
      );
      assert.ok(
        bench.platform.reports
          .filter(({ text }) => text.includes('"done"'))
          .every(({ text }) => text.includes("0.3.0")),
      );
    } finally {
      await other.stop();
    }
  }),
);

testOnEngines("an offer of the running version is answered by the version, once, and fetches nothing", (engine) =>
  withBench({ engine }, async (bench) => {
    bench.board.powerOn();
    await bench.until("version", () => bench.platform.reports.length > 0);
    for (let count = 0; count < 3; count++) bench.platform.offer(DEVICE, bench.offer("0.1.0"));
    await bench.until("answer", () => bench.platform.reports.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual(bench.platform.words(), ["version 0.1.0", "version 0.1.0"]);
    assert.equal(bench.server.requests.length, 0);
  }),
);

const malformed: readonly (readonly [name: string, payload: string | Buffer])[] = [
  ["no JSON", "not json"],
  ["half a JSON", '{"type":"update_firmware"'],
  ["an array", "[]"],
  ["null", "null"],
  ["a number", "42"],
  ["no type", "{}"],
  ["a type that is no string", '{"type":7}'],
  ["bytes that are not UTF-8", Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
  ["nothing", ""],
  ["deep nesting", `${"[".repeat(5000)}${"]".repeat(5000)}`],
  ["no url", '{"type":"update_firmware","version":"0.2.0","md5sum":"0123456789abcdef0123456789abcdef","file_size":5}'],
  [
    "an ftp url",
    '{"type":"update_firmware","version":"0.2.0","url":"ftp://x/y","md5sum":"0123456789abcdef0123456789abcdef","file_size":5}',
  ],
  [
    "a url with a line break",
    '{"type":"update_firmware","version":"0.2.0","url":"http://x/y\\r\\nX: y","md5sum":"0123456789abcdef0123456789abcdef","file_size":5}',
  ],
  ["a short md5", '{"type":"update_firmware","version":"0.2.0","url":"http://x/y","md5sum":"0123","file_size":5}'],
  [
    "a size in words",
    '{"type":"update_firmware","version":"0.2.0","url":"http://x/y","md5sum":"0123456789abcdef0123456789abcdef","file_size":"5"}',
  ],
  [
    "a size of 0",
    '{"type":"update_firmware","version":"0.2.0","url":"http://x/y","md5sum":"0123456789abcdef0123456789abcdef","file_size":0}',
  ],
  [
    "a negative size",
    '{"type":"update_firmware","version":"0.2.0","url":"http://x/y","md5sum":"0123456789abcdef0123456789abcdef","file_size":-1}',
  ],
  [
    "half a byte",
    '{"type":"update_firmware","version":"0.2.0","url":"http://x/y","md5sum":"0123456789abcdef0123456789abcdef","file_size":1.5}',
  ],
  [
    "a version with a slash",
    '{"type":"update_firmware","version":"../x","url":"http://x/y","md5sum":"0123456789abcdef0123456789abcdef","file_size":5}',
  ],
  [
    "a long version",
    `{"type":"update_firmware","version":"${"1".repeat(33)}","url":"http://x/y","md5sum":"0123456789abcdef0123456789abcdef","file_size":5}`,
  ],
  ["a result code in words", '{"type":"report_version_rsp","result_code":"0","version":"0.1.0"}'],
];

testOnEngines("a malformed message is refused with a logged reason, and nothing else happens", (engine) =>
  withBench({ engine }, async (bench) => {
    bench.board.powerOn();
    await bench.until("version", () => bench.platform.reports.length > 0);
    for (const [name, payload] of malformed) {
      const before = bench.logged.lines.filter((line) => line.includes("message refused")).length;
      bench.platform.send(UPDATE_TOPIC, payload);
      await bench.until(
        `refusal of ${name}`,
        () => bench.logged.lines.filter((line) => line.includes("message refused")).length === before + 1,
        2000,
      );
    }
    assert.deepEqual(bench.platform.words(), ["version 0.1.0"]);
    assert.equal(bench.server.requests.length, 0);
    assert.equal(bench.agent?.state, "idle");
    bench.platform.offer(DEVICE, bench.offer());
    await bench.ended();
    assert.equal(bench.slots().running.version, "0.2.0");
  }),
);

testOnEngines("unknown types and unknown fields are ignored", (engine) =>
  withBench({ engine }, async (bench) => {
    bench.board.powerOn();
    await bench.until("version", () => bench.platform.reports.length > 0);
    bench.platform.send(UPDATE_TOPIC, '{"type":"something_new","a":1}');
    const { version, url, md5sum, file_size } = bench.offer();
    bench.platform.send(
      UPDATE_TOPIC,
      JSON.stringify({
        type: "update_firmware",
        version,
        url,
        md5sum: md5sum.toUpperCase(),
        file_size,
        fw_type: "mcu",
        extra: { a: [1] },
      }),
    );
    await bench.ended();
    assert.equal(bench.slots().running.version, "0.2.0");
  }),
);

testOnEngines("no secret and no signature of a URL is ever logged", (engine) =>
  withBench({ engine, config: { download: { backoffMaxSeconds: 0.01 } } }, async (bench) => {
    bench.server.behaviours = [
      { cutAfter: 50_000 },
      { status: 403 },
      { status: 302, headers: { Location: "/x?sign=SECRETSIGNATURE" } },
    ];
    bench.platform.pending = () => ({ ...bench.offer(), url: `${bench.server.url}?sign=SECRETSIGNATURE` });
    bench.board.powerOn();
    await bench.ended();
    const text = bench.logged.lines.join("\n");
    assert.ok(text.includes("GET http://"), "requests are logged");
    assert.ok(!text.includes("SECRETSIGNATURE"));
    assert.ok(!text.includes("MDEyMzQ1Njc4OWFiY2RlZg"));
    assert.ok(!/[0-9a-f]{64}/.test(text), "no HMAC");
  }),
);

testOnEngines("a firmware on trial reports no version and takes no offer before it has proven itself", (engine) =>
  withBench({ engine }, async (bench) => {
    bench.platform.pending = () => bench.offer();
    bench.board.powerOn();
    await bench.until("burning", () => bench.platform.words().includes("burning"));
    await bench.ended();
    const words = bench.platform.words();
    assert.equal(words.indexOf("done"), words.indexOf("burning") + 1);
    assert.equal(words[words.indexOf("done") + 1], "version 0.2.0");
  }),
);

testOnEngines("a firmware that does not reach the cloud in time reverts, and the old one says so", (engine) =>
  withBench({ engine, config: { trialSeconds: 0.5 } }, async (bench) => {
    bench.platform.pending = () => bench.offer();
    bench.board.powerOn();
    await bench.until("burning", () => bench.platform.words().includes("burning"));
    bench.platform.refusing = true;
    await bench.until("the old firmware", () => bench.boots.length === 3);
    bench.platform.refusing = false;
    bench.platform.pending = undefined;
    await bench.ended();
    assert.deepEqual(bench.boots, ["ota_0", "ota_1", "ota_0"]);
    const words = bench.platform.words();
    assert.equal(
      words.find((word) => word.startsWith("fail")),
      "fail -5 not proven in time, reverted",
    );
    assert.deepEqual(bench.slots().running, { slot: "ota_0", version: "0.1.0", state: "valid" });
  }),
);
