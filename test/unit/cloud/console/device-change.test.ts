import assert from "node:assert/strict";
import { test } from "node:test";
import { changeOf, faultsOfChange } from "../../../../cloud/console/pages/devices/device-change.js";

const DEVICE = { note: "hall", timeZone: "Asia/Shanghai" };

test("only what was changed is sent", () => {
  assert.deepEqual(changeOf(DEVICE, { note: "hall ", timeZone: "Asia/Shanghai", language: "" }), {});
  assert.deepEqual(changeOf(DEVICE, { note: "", timeZone: " Europe/Paris", language: "zh" }), {
    note: "",
    timeZone: "Europe/Paris",
    language: "zh",
  });
});

test("a time zone that was emptied is taken away", () => {
  assert.deepEqual(changeOf(DEVICE, { note: "hall", timeZone: " ", language: "" }), { timeZone: "" });
});

test("what is no time zone or no language is found before it is sent", () => {
  const faults = (timeZone: string, language: string) => faultsOfChange({ note: "", timeZone, language });
  assert.deepEqual(faults("", ""), []);
  assert.deepEqual(faults("Asia/Shanghai", "zh-CN"), []);
  assert.deepEqual(faults("Mars/Base", "en"), ["timeZone"]);
  assert.deepEqual(faults("UTC", "Chinese!"), ["language"]);
});
