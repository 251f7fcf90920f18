import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { encodeUtf8 } from "../../../src/lib/utf8.js";
import {
  decodeDownlink,
  type Downlink,
  encodeBurning,
  encodeDownloading,
  encodeResult,
  encodeVersionReport,
  isVersion,
  MESSAGE_LIMIT,
  type Result,
} from "../../../src/protocol/messages.js";

/** As the platform sends it: compact, keys in alphabetical order (protocol.md §3.3). */
const URL_SENT =
  "https://ota-1255858890.cos.ap-guangzhou.myqcloud.com/100003908905_E69UADXUYY_V100R0001" +
  "?sign=q-sign-algorithm%3Dsha1%26q-sign-time%3D1590000000%3B1590086400%26q-signature%3D0123%00";
const OFFER = {
  file_size: 708482,
  md5sum: "36eb5951179db14a631463a37a9322a2",
  type: "update_firmware",
  url: URL_SENT,
  version: "0.2",
};
const TAKEN = { version: "0.2", url: URL_SENT, md5: "36eb5951179db14a631463a37a9322a2", size: 708482 };

describe("messages to the platform", () => {
  it("report a version in 54 bytes, the vendor's 58 without its blanks", () => {
    const text = encodeVersionReport("0.1.0");
    assert.equal(text, '{"type":"report_version","report":{"version":"0.1.0"}}');
    assert.deepEqual([text.length, asPython(text).length], [54, 58]);
  });

  it("report progress as the vendor does: percent and code are strings, 151 to 153 bytes with its blanks", () => {
    const text = encodeDownloading("0.2.0", 10);
    const progress = '{"state":"downloading","percent":"10","result_code":"0","result_msg":""}';
    assert.equal(text, `{"type":"report_progress","report":{"progress":${progress},"version":"0.2.0"}}`);
    const sizes = [0, 28, 100].map((percent) => asPython(encodeDownloading("0.2.0", percent)).length);
    assert.deepEqual(sizes, [151, 152, 153]);
  });

  it("report `burning` and `done` without a percent", () => {
    const wrap = (state: string): string =>
      `{"type":"report_progress","report":{"progress":{"state":"${state}","result_code":"0","result_msg":""},"version":"0.2.0"}}`;
    assert.equal(encodeBurning("0.2.0"), wrap("burning"));
    assert.equal(encodeResult("0.2.0", { outcome: "done" }), wrap("done"));
    assert.equal(asPython(encodeResult("0.2.0", { outcome: "done" })).length, 128);
  });

  it("give each failure its code, and a message with the reason", () => {
    const sent = (outcome: Exclude<Result["outcome"], "done">): unknown =>
      progressOf(encodeResult("0.2.0", { outcome, message: "no room" }));
    const fail = (result_code: string, result_msg: string): object => ({ state: "fail", result_code, result_msg });
    assert.deepEqual(sent("timed-out"), fail("-1", "time_out"));
    assert.deepEqual(sent("not-found"), fail("-2", "file not exist"));
    assert.deepEqual(sent("url-expired"), fail("-3", "signature expired"));
    assert.deepEqual(sent("digest-mismatch"), fail("-4", "md5 not match"));
    assert.deepEqual(sent("failed"), fail("-5", "no room"));
  });

  it("bound the message of a failure, and send no control in it", () => {
    const sent = (message: string): string =>
      String(progressOf(encodeResult("0.2.0", { outcome: "failed", message }))["result_msg"]);
    assert.equal(sent("x".repeat(1000)), "x".repeat(MESSAGE_LIMIT));
    assert.equal(sent('a"b\\c\nd\u0001\u2028é灯'), 'a"b\\c?d??é灯');
    assert.ok(encodeResult("0.2.0", { outcome: "failed", message: "é\n".repeat(500) }).length < 400);
  });

  it("are the same each time, so that a result that is sent twice counts as one", () => {
    const result: Result = { outcome: "failed", message: "image does not boot" };
    assert.equal(encodeResult("0.2.0", result), encodeResult("0.2.0", { ...result }));
  });

  it("accept only versions that the platform takes", () => {
    for (const text of ["0", "0.1.0", "V100R0001", "a_b-c.D", "v".repeat(32)]) assert.ok(isVersion(text), text);
    for (const text of ["", "v".repeat(33), "0 1", "0/1", "é", "0.1\n", '0"', "0+1", "\0"]) {
      assert.ok(!isVersion(text), text);
    }
  });
});

describe("answers to a version report", () => {
  it("are read as the platform sends them, in 86 and 84 bytes", () => {
    for (const [version, size] of [
      ["0.1.0", 86],
      ["0.1", 84],
    ] as const) {
      const text = `{"result_code":0,"result_msg":"success","type":"report_version_rsp","version":"${version}"}`;
      assert.equal(text.length, size);
      assert.deepEqual(decode(text), {
        type: "version-answer",
        answer: { resultCode: 0, resultMessage: "success", version },
      });
    }
  });

  it("may refuse, with or without a text and a version", () => {
    assert.deepEqual(decode('{"type":"report_version_rsp","result_code":-1}'), {
      type: "version-answer",
      answer: { resultCode: -1, resultMessage: "", version: undefined },
    });
  });

  it("are malformed without an integer code, which is what decides", () => {
    for (const code of [undefined, null, "0", 0.5, 1e300, true, []]) {
      assert.equal(
        decode(JSON.stringify({ type: "report_version_rsp", result_code: code })).type,
        "malformed",
        String(code),
      );
    }
  });

  it("never keep more text than their bounds allow", () => {
    const message = decode(
      JSON.stringify({
        type: "report_version_rsp",
        result_code: 1,
        result_msg: "m".repeat(4096),
        version: "v".repeat(4096),
      }),
    );
    assert.ok(message.type === "version-answer");
    assert.equal(message.answer.resultMessage.length, MESSAGE_LIMIT);
    assert.equal(message.answer.version?.length, 32);
  });
});

describe("offers", () => {
  it("are read as the platform sends them, the URL byte for byte", () => {
    assert.deepEqual(decode(JSON.stringify(OFFER)), { type: "offer", offer: TAKEN });
  });

  it("are read with blanks, in any order, with fields nobody knows", () => {
    const { url, ...rest } = OFFER;
    const text = JSON.stringify({ url, fw_type: "mcu", user_define: { a: [1] }, ...rest, timestamp: 1 }, null, "\t");
    assert.deepEqual(decode(` \r\n${text}\n`), { type: "offer", offer: TAKEN });
  });

  it("bring the digest in lower case", () => {
    assert.deepEqual(decode(JSON.stringify({ ...OFFER, md5sum: OFFER.md5sum.toUpperCase() })), {
      type: "offer",
      offer: TAKEN,
    });
  });

  it("may have more bytes than 31 bits can count", () => {
    const message = decode(JSON.stringify({ ...OFFER, file_size: 2 ** 31 + 1 }));
    assert.equal(message.type === "offer" && message.offer.size, 2147483649);
  });

  it("may give the size as decimal text", () => {
    const text = JSON.stringify({ ...OFFER, file_size: String(OFFER.file_size) });
    assert.deepEqual(decode(text), { type: "offer", offer: TAKEN });
  });

  it("are malformed if a field is missing, of another type or out of bounds; the reason names it", () => {
    const bad: { [field: string]: unknown[] } = {
      version: [undefined, null, 2, "", "v".repeat(33), "0 2", "0.2\n", {}],
      url: [
        undefined,
        null,
        1,
        "",
        "ftp://host/file",
        "//host/file",
        "host/file",
        "https:/host",
        " https://host/",
        "httpsx://host/",
      ],
      md5sum: [
        undefined,
        null,
        "",
        "36eb5951179db14a631463a37a9322a",
        `${OFFER.md5sum}0`,
        "z".repeat(32),
        `${OFFER.md5sum}\n`,
        0,
      ],
      file_size: [
        undefined,
        null,
        "",
        "0",
        "-1",
        "1.5",
        "1e3",
        " 1",
        "0x10",
        "99999999999999999999",
        "many",
        0,
        -1,
        0.5,
        2 ** 53,
        Number.POSITIVE_INFINITY,
        true,
        [1],
      ],
    };
    const badUrls = [
      "https://host/ü",
      "https://host/a b",
      "https://host/\n",
      "https://host/\0",
      `https://host/${"x".repeat(4096)}`,
    ];
    for (const [field, values] of Object.entries({ ...bad, url: [...(bad["url"] ?? []), ...badUrls] })) {
      for (const value of values) {
        const message = decode(JSON.stringify({ ...OFFER, [field]: value }));
        assert.ok(
          message.type === "malformed" && message.reason.startsWith(field),
          `${field}: ${JSON.stringify(value)} is ${message.type}`,
        );
        assert.equal(message.version, field === "version" ? undefined : OFFER.version);
      }
    }
  });

  it("never take a field that every object inherits", () => {
    const text =
      '{"type":"update_firmware","__proto__":{"version":"0.2","url":"https://host/","md5sum":"","file_size":1}}';
    assert.equal(decode(text).type, "malformed");
  });

  it("name no part of the URL in the reason why they are refused", () => {
    const message = decode(JSON.stringify({ ...OFFER, url: "https://host/?sign=topsecret é" }));
    assert.ok(message.type === "malformed" && !message.reason.includes("topsecret"));
  });
});

describe("other messages", () => {
  it("are unknown if their type is, and only its start is kept", () => {
    assert.deepEqual(decode('{"type":"report_version","report":{}}'), { type: "unknown", name: "report_version" });
    assert.deepEqual(decode('{"type":"Update_Firmware"}'), { type: "unknown", name: "Update_Firmware" });
    assert.deepEqual(decode('{"type":""}'), { type: "unknown", name: "" });
    assert.deepEqual(decode(`{"type":"${"t".repeat(4096)}"}`), { type: "unknown", name: "t".repeat(32) });
    assert.deepEqual(decode('{"type":"toString"}'), { type: "unknown", name: "toString" });
  });

  it("are malformed if they are no JSON object with a type", () => {
    for (const text of [
      "",
      "{",
      "null",
      "[]",
      "1",
      '"type"',
      "{}",
      '{"type":1}',
      '{"type":null}',
      '{"type":"x"}x',
      "{'type':'x'}",
    ]) {
      assert.equal(decode(text).type, "malformed", text);
    }
    assert.equal(decodeDownlink(Uint8Array.of(0x7b, 0xff, 0x7d)).type, "malformed");
  });

  it("are refused before the parser sees them if they are nested deeper than any of the platform's", () => {
    for (const open of ["[", '{"a":', '[{"a":']) {
      assert.deepEqual(
        decode(open.repeat(3000)),
        { type: "malformed", reason: "nested too deep", version: undefined },
        open,
      );
    }
    assert.equal(decode(`{"type":"x","a":${"[".repeat(8)}${"]".repeat(8)}}`).type, "unknown");
  });

  it("are refused as too deep even if brackets inside strings close as many", () => {
    const hidden = `{"type":"x","a":"${"]".repeat(3000)}","b":${"[".repeat(3000)}${"]".repeat(3000)}}`;
    assert.deepEqual(decode(hidden), { type: "malformed", reason: "nested too deep", version: undefined });
    const zipped = `{"type":"x","a":${'["]",'.repeat(3000)}0${"]".repeat(3000)}}`;
    assert.deepEqual(decode(zipped), { type: "malformed", reason: "nested too deep", version: undefined });
  });

  it("never throw, whatever the bytes are", () => {
    const text = JSON.stringify(OFFER);
    const broken = fc
      .tuple(fc.nat(text.length), fc.nat(20), fc.string())
      .map(([at, removed, inserted]) => encodeUtf8(text.slice(0, at) + inserted + text.slice(at + removed)));
    fc.assert(
      fc.property(fc.oneof(broken, fc.uint8Array(), fc.json().map(encodeUtf8)), (bytes) => {
        const message = decodeDownlink(bytes);
        if (message.type !== "offer") return;
        assert.ok(isVersion(message.offer.version) && message.offer.size >= 1 && message.offer.url.length <= 4096);
        assert.match(message.offer.md5, /^[0-9a-f]{32}$/);
      }),
      { numRuns: 1000 },
    );
  });
});

function decode(text: string): Downlink {
  return decodeDownlink(encodeUtf8(text));
}

function progressOf(text: string): { [key: string]: unknown } {
  return (JSON.parse(text) as { report: { progress: { [key: string]: unknown } } }).report.progress;
}

/** The same message in the spacing of Python's json.dumps, whose sizes the vendor's logs show. */
function asPython(text: string): string {
  return text.replaceAll('":', '": ').replaceAll(',"', ', "');
}
