import assert from "node:assert/strict";
import { DEVICE, imageOf } from "../support/test-bed.js";
import { testOnEngines } from "../support/engines.js";
import { FaultServer } from "../support/fault-server.js";
import { assertSameBytes } from "../support/same-bytes.js";
import { withTestBed } from "../support/with-test-bed.js";

const UPDATE_TOPIC = `$ota/update/${DEVICE.productId}/${DEVICE.deviceName}`;

testOnEngines(
  "a broker lost in the middle of a download does not stop it, and the version is reported again",
  (engine) =>
    withTestBed({ engine, image: imageOf("0.2.0", 512 * 1024) }, async (bed) => {
      bed.server.behaviours = [{ cutAfter: 300_000 }, { delayMs: 500 }];
      bed.platform.pending = () => bed.offer();
      bed.board.powerOn();
      await bed.until("progress", () => bed.progress > 100_000);
      bed.platform.dropAll();
      await bed.ended();
      assert.equal(bed.slots().running.version, "0.2.0");
      assert.equal(bed.server.requests.length, 2);
      assert.ok(bed.logged.lines.some((line) => line.includes("next try in")));
    }),
);

testOnEngines("after a close by the peer the next CONNECT comes not sooner than 5 s after the last", (engine) =>
  withTestBed({ engine }, async (bed) => {
    bed.board.powerOn();
    await bed.until("version", () => bed.platform.reports.length === 1);
    const connectedAt = performance.now();
    bed.platform.dropAll();
    await bed.until("second version", () => bed.platform.reports.length === 2, 15_000);
    assert.ok(performance.now() - connectedAt > 4500, `${performance.now() - connectedAt} ms`);
    assert.deepEqual(bed.platform.words(), ["version 0.1.0", "version 0.1.0"]);
  }),
);

testOnEngines(
  "the CONNECT of a firmware that the agent restarted into comes not sooner than 5 s after the last",
  (engine) =>
    withTestBed({ engine, unhurried: true }, async (bed) => {
      const connects: number[] = [];
      bed.platform.onSubscribe = () => connects.push(performance.now());
      await bed.update();
      const [first = 0, second = 0] = connects;
      assert.equal(connects.length, 2);
      assert.ok(second - first > 4_900, `${Math.round(second - first)} ms`);
    }),
);

testOnEngines("the same offer again and again does not begin the download anew", (engine) =>
  withTestBed({ engine, image: imageOf("0.2.0", 512 * 1024) }, async (bed) => {
    bed.onAgent = (agent) =>
      agent.on("progress", () => {
        if (bed.boots.length === 1) bed.platform.offer(DEVICE, bed.offer());
      });
    await bed.update();
    assert.equal(bed.server.requests.length, 1);
    assert.equal(bed.platform.words().filter((word) => word === "downloading 0").length, 1);
    assert.deepEqual(
      bed.platform.words().filter((word) => word === "done"),
      ["done"],
    );
  }),
);

testOnEngines("the URL of a repeated offer is the one of the next request", (engine) =>
  withTestBed(
    { engine, image: imageOf("0.2.0", 300 * 1024), config: { download: { backoffMaxSeconds: 0.01 } } },
    async (bed) => {
      bed.server.behaviours = [{ stallAfter: 200_000 }];
      bed.platform.pending = () => bed.offer();
      bed.board.powerOn();
      await bed.until("progress", () => bed.progress > 150_000);
      const fresh = bed.offer();
      bed.platform.offer(DEVICE, fresh);
      await bed.until(
        "the offer's arrival",
        () => bed.logged.lines.filter((line) => line.includes("offered")).length === 2,
      );
      bed.server.dropAll();
      await bed.ended();
      assert.ok(fresh.url.endsWith(bed.server.requests[1]?.target ?? "?"), bed.server.requests[1]?.target);
    },
  ),
);

testOnEngines("an offer of another image in the middle of a download wins", (engine) =>
  withTestBed({ engine, image: imageOf("0.2.0", 512 * 1024) }, async (bed) => {
    const other = new FaultServer(imageOf("0.3.0", 100 * 1024, 4));
    await other.start();
    try {
      bed.server.behaviours = [{ stallAfter: 300_000 }];
      bed.board.powerOn();
      await bed.until("version", () => bed.platform.reports.length > 0);
      bed.platform.offer(DEVICE, bed.offer());
      await bed.until("progress", () => bed.progress > 200_000);
      bed.platform.offer(DEVICE, {
        version: "0.3.0",
        url: other.url,
        md5sum: other.md5,
        file_size: other.file.byteLength,
      });
      await bed.ended();
      assert.deepEqual(bed.slots().running, { slot: "ota_1", version: "0.3.0", state: "valid" });
      assertSameBytes(bed.slot("ota_1", other.file.byteLength), other.file);
      assert.deepEqual(
        bed.platform.words().filter((word) => word === "done" || word.startsWith("fail")),
        ["done"],
      );
      assert.ok(
        bed.platform.reports.filter(({ text }) => text.includes('"done"')).every(({ text }) => text.includes("0.3.0")),
      );
    } finally {
      await other.stop();
    }
  }),
);

testOnEngines("an offer of the running version is answered by the version, once, and fetches nothing", (engine) =>
  withTestBed({ engine }, async (bed) => {
    bed.board.powerOn();
    await bed.until("version", () => bed.platform.reports.length > 0);
    for (let count = 0; count < 3; count++) bed.platform.offer(DEVICE, bed.offer("0.1.0"));
    await bed.until("answer", () => bed.platform.reports.length === 2);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual(bed.platform.words(), ["version 0.1.0", "version 0.1.0"]);
    assert.equal(bed.server.requests.length, 0);
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
  withTestBed({ engine }, async (bed) => {
    bed.board.powerOn();
    await bed.until("version", () => bed.platform.reports.length > 0);
    for (const [name, payload] of malformed) {
      const before = bed.logged.lines.filter((line) => line.includes("message refused")).length;
      bed.platform.send(UPDATE_TOPIC, payload);
      await bed.until(
        `refusal of ${name}`,
        () => bed.logged.lines.filter((line) => line.includes("message refused")).length === before + 1,
        2000,
      );
    }
    assert.deepEqual(bed.platform.words(), ["version 0.1.0"]);
    assert.equal(bed.server.requests.length, 0);
    assert.equal(bed.agent?.state, "idle");
    bed.platform.offer(DEVICE, bed.offer());
    await bed.ended();
    assert.equal(bed.slots().running.version, "0.2.0");
  }),
);

const MD5 = "0123456789abcdef0123456789abcdef";
const unusable: readonly (readonly [name: string, fields: object, reason: string])[] = [
  ["no url", { url: undefined }, "url is not http or https"],
  ["an ftp url", { url: "ftp://x/y" }, "url is not http or https"],
  ["a url with a space", { url: "http://x/new firmware.bin" }, "url is not plain ASCII"],
  ["a url with a line break", { url: "http://x/y\r\nX: y" }, "url is not plain ASCII"],
  ["a url over the limit", { url: `http://x/${"s".repeat(4096)}` }, "url is no text of at most 4096 bytes"],
  ["no md5", { md5sum: undefined }, "md5sum is not 32 hexadecimal digits"],
  ["a short md5", { md5sum: "0123" }, "md5sum is not 32 hexadecimal digits"],
  ["a size in words", { file_size: "five" }, "file_size is not a positive integer"],
  ["a size of 0", { file_size: 0 }, "file_size is not a positive integer"],
  ["a negative size", { file_size: -1 }, "file_size is not a positive integer"],
  ["half a byte", { file_size: 1.5 }, "file_size is not a positive integer"],
];

testOnEngines("an offer that cannot be used is reported as failed, with the reason, once", (engine) =>
  withTestBed({ engine }, async (bed) => {
    bed.board.powerOn();
    await bed.until("version", () => bed.platform.reports.length > 0);
    for (const [index, [, fields]] of unusable.entries()) {
      const offer = { type: "update_firmware", url: "http://x/y", md5sum: MD5, file_size: 5, ...fields };
      for (const version of [`9.${index}`, `9.${index}`, "0.1.0"]) {
        bed.platform.send(UPDATE_TOPIC, JSON.stringify({ ...offer, version }));
      }
      // Four reports may wait for their acknowledgements: with more offers at once some would not be reported.
      await bed.until("result", () => bed.platform.reports.length > index + 1);
    }
    const failures = unusable.map(([, , reason], index) => [`9.${index}`, "-5", reason]);
    const told = bed.platform.reports.slice(1).map(({ text }) => {
      const { report } = JSON.parse(text) as {
        report: { version: string; progress: { result_code: string; result_msg: string } };
      };
      return [report.version, report.progress.result_code, report.progress.result_msg];
    });
    assert.deepEqual(told, failures);
    assert.equal(bed.agent?.state, "idle");
    bed.platform.offer(DEVICE, bed.offer());
    await bed.until("update", () => bed.slots().running.version === "0.2.0");
  }),
);

testOnEngines("an offer that cannot be used does not end the job of its version, and is told again later", (engine) =>
  withTestBed({ engine }, async (bed) => {
    bed.server.behaviours = [{ stallAfter: 64 * 1024 }];
    bed.platform.pending = () => bed.offer();
    bed.board.powerOn();
    await bed.until("download", () => bed.agent?.state === "downloading");
    const spoilt = { type: "update_firmware", ...bed.offer(), file_size: 0 };
    bed.platform.send(UPDATE_TOPIC, JSON.stringify(spoilt));
    bed.platform.send(UPDATE_TOPIC, JSON.stringify({ ...spoilt, version: "9.9" }));
    await bed.until("result", () => bed.platform.words().some((word) => word.startsWith("fail")));
    const failed = (): string[] => bed.platform.reports.flatMap(({ text }) => (text.includes('"fail"') ? [text] : []));
    assert.equal(failed().length, 1);
    assert.match(failed()[0] ?? "", /"version":"9.9"/);
    bed.platform.pending = () => ({ ...bed.offer("9.9"), file_size: 0 });
    bed.platform.dropAll();
    await bed.until("second result", () => failed().length === 2, 15_000);
  }),
);

testOnEngines("unknown types and unknown fields are ignored", (engine) =>
  withTestBed({ engine }, async (bed) => {
    bed.board.powerOn();
    await bed.until("version", () => bed.platform.reports.length > 0);
    bed.platform.send(UPDATE_TOPIC, '{"type":"something_new","a":1}');
    const { version, url, md5sum, file_size } = bed.offer();
    bed.platform.send(
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
    await bed.ended();
    assert.equal(bed.slots().running.version, "0.2.0");
  }),
);

testOnEngines("no secret and no signature of a URL is ever logged", (engine) =>
  withTestBed({ engine, config: { download: { backoffMaxSeconds: 0.01 } } }, async (bed) => {
    bed.server.behaviours = [
      { cutAfter: 50_000 },
      { status: 403 },
      { status: 302, headers: { Location: "/x?sign=SECRETSIGNATURE" } },
    ];
    bed.platform.pending = () => ({ ...bed.offer(), url: `${bed.server.url}?sign=SECRETSIGNATURE` });
    bed.board.powerOn();
    await bed.ended();
    const text = bed.logged.lines.join("\n");
    assert.ok(text.includes("GET http://"), "requests are logged");
    assert.ok(!text.includes("SECRETSIGNATURE"));
    assert.ok(!text.includes("MDEyMzQ1Njc4OWFiY2RlZg"));
    assert.ok(!/[0-9a-f]{64}/.test(text), "no HMAC");
  }),
);

testOnEngines("a firmware on trial reports no version and takes no offer before it has proven itself", (engine) =>
  withTestBed({ engine }, async (bed) => {
    bed.platform.pending = () => bed.offer();
    bed.board.powerOn();
    await bed.until("burning", () => bed.platform.words().includes("burning"));
    await bed.ended();
    const words = bed.platform.words();
    assert.equal(words.indexOf("done"), words.indexOf("burning") + 1);
    assert.equal(words[words.indexOf("done") + 1], "version 0.2.0");
  }),
);

testOnEngines("a firmware that does not reach the cloud in time reverts, and the old one reports it", (engine) =>
  withTestBed({ engine, config: { trialSeconds: 0.5 } }, async (bed) => {
    bed.platform.pending = () => bed.offer();
    bed.board.powerOn();
    await bed.until("burning", () => bed.platform.words().includes("burning"));
    bed.platform.refusing = true;
    await bed.until("the old firmware", () => bed.boots.length === 3);
    bed.platform.refusing = false;
    bed.platform.pending = undefined;
    await bed.ended();
    assert.deepEqual(bed.boots, ["ota_0", "ota_1", "ota_0"]);
    const words = bed.platform.words();
    assert.equal(
      words.find((word) => word.startsWith("fail")),
      "fail -5 not proven in time, reverted",
    );
    assert.deepEqual(bed.slots().running, { slot: "ota_0", version: "0.1.0", state: "valid" });
  }),
);
