import assert from "node:assert/strict";
import { test } from "node:test";
import { readReport, SEAL_REFUSALS } from "../../../../cloud/rollout/reports.js";

function version(text: unknown) {
  return readReport(JSON.stringify({ type: "report_version", report: { version: text } }));
}

function progress(fields: object, of: unknown = "0.2.0") {
  return readReport(JSON.stringify({ type: "report_progress", report: { progress: fields, version: of } }));
}

/** The event of a report of progress. */
function eventOf(fields: object): unknown {
  const report = progress(fields);
  return report?.kind === "progress" ? report.event : undefined;
}

test("a version is one of letters, digits, dot, dash and underscore, with a component before it too", () => {
  for (const text of ["0.1.0", "v", "mcu_2.1.0", "v".repeat(65)]) {
    assert.deepEqual(version(text), { kind: "version", text });
  }
});

test("what cannot be a version is answered with at most 32 characters of it", () => {
  assert.deepEqual(version("v".repeat(66)), { kind: "no-version", text: "v".repeat(32) });
  assert.deepEqual(version("1 0"), { kind: "no-version", text: "1 0" });
  for (const text of ["", 7, null, undefined, { a: 1 }, []]) {
    assert.deepEqual(version(text), { kind: "no-version", text: "" });
  }
});

test("each state of progress is an event of a task", () => {
  assert.deepEqual(progress({ state: "burning" }), {
    kind: "progress",
    version: "0.2.0",
    event: { type: "burn-reported" },
  });
  assert.deepEqual(eventOf({ state: "done" }), { type: "done-reported" });
  const failed = eventOf({ state: "fail", result_code: "-4", result_msg: "md5 not match" });
  assert.deepEqual(failed, { type: "fail-reported", code: "-4", message: "md5 not match" });
  assert.equal(progress({ state: "resting" }), undefined);
});

test("a percent is a whole number of 0 to 100, as text or number; anything else counts as 0", () => {
  for (const [percent, read] of [
    ["42", 42],
    [42, 42],
    ["99.9", 99],
    ["0", 0],
    ["100", 100],
    ["101", 0],
    ["-1", 0],
    ["x", 0],
    [null, 0],
    [undefined, 0],
    [{}, 0],
  ] as const) {
    assert.deepEqual(eventOf({ state: "downloading", percent }), { type: "download-reported", percent: read });
  }
});

test("what a person has put off is told from a download by its message", () => {
  const downloading = (message: unknown) => eventOf({ state: "downloading", percent: "0", result_msg: message });
  assert.deepEqual(downloading("deferred 600 s"), { type: "defer-reported", seconds: 600 });
  for (const message of ["", "deferred for long", "deferred 1234567890 s", undefined]) {
    assert.deepEqual(downloading(message), { type: "download-reported", percent: 0 }, String(message));
  }
});

test("a person's no is told from a failure by its message", () => {
  const fail = (code: unknown, message: unknown) => eventOf({ state: "fail", result_code: code, result_msg: message });
  assert.deepEqual(fail("-5", "declined by the user"), { type: "decline-reported", message: "declined by the user" });
  assert.deepEqual(fail(-5, "declined"), { type: "decline-reported", message: "declined" });
  assert.deepEqual(fail("-5", "reverted"), { type: "fail-reported", code: "-5", message: "reverted" });
  assert.deepEqual(fail("-1", "declined"), { type: "fail-reported", code: "-1", message: "declined" });
});

test("a refusal by the seal is told from a failure by the code that its message begins with", () => {
  const fail = (code: unknown, message: unknown) => eventOf({ state: "fail", result_code: code, result_msg: message });
  for (const code of SEAL_REFUSALS) {
    const message = `${code}: so it is`;
    assert.deepEqual(fail("-5", message), { type: "refusal-reported", code, message });
  }
  for (const [code, message] of [
    ["-4", "unsigned: no seal"],
    ["-5", "unsigned"],
    ["-5", "it is unsigned: no seal"],
    ["-5", "signature-invalidated: x"],
  ] as const) {
    assert.deepEqual(fail(code, message), { type: "fail-reported", code, message });
  }
});

test("16 characters of a code and 256 of a message are kept, and they are texts", () => {
  const long = "x".repeat(1000);
  const event = eventOf({ state: "fail", result_code: long, result_msg: long });
  assert.deepEqual(event, { type: "fail-reported", code: "x".repeat(16), message: "x".repeat(256) });
  const odd = eventOf({ state: "fail", result_code: { a: 1 }, result_msg: ["b"] });
  assert.deepEqual(odd, { type: "fail-reported", code: "", message: "" });
});

test("control characters of a text become spaces, half of a pair becomes U+FFFD", () => {
  const event = eventOf({ state: "fail", result_code: "-4\0", result_msg: "a\0\x1b[31m\x7f\ud800b" });
  assert.deepEqual(event, { type: "fail-reported", code: "-4 ", message: "a  [31m \ufffdb" });
});

test("progress toward what cannot be a version is nothing", () => {
  for (const version of ["", "a b", "2".repeat(66), "1\0"])
    assert.equal(progress({ state: "done" }, version), undefined);
});

test("what is not understood is nothing", () => {
  const payloads = ["", "{", "null", "7", "[]", '"text"', '{"report":{"version":"1"}}', '{"type":"report_version"}'];
  for (const payload of payloads) assert.equal(readReport(payload), undefined, payload);
  assert.equal(readReport('{"type":"report_version","report":null}'), undefined);
  assert.equal(readReport('{"type":"report_progress","report":{"version":"1","progress":null}}'), undefined);
  assert.equal(progress({ state: "done" }, 7), undefined);
});
