import assert from "node:assert/strict";
import { test } from "node:test";
import { csv, readNames, rejectedCsv } from "../../../../cloud/console/pages/devices/names.js";

test("one name a line, with empty lines, a byte order mark and ends of lines of another system", () => {
  assert.deepEqual(readNames("\uFEFFlight_01\r\n\r\n  light:02 \nlight-03"), {
    names: ["light_01", "light:02", "light-03"].map((deviceName) => ({ deviceName, note: "" })),
    rejected: [],
  });
});

test("a CSV has the names under their head, and may have notes", () => {
  const text = 'product,deviceName,note\nABCDE12345,light_01,"hall, ""left"""\nABCDE12345,light_02,\n';
  assert.deepEqual(readNames(text).names, [
    { deviceName: "light_01", note: 'hall, "left"' },
    { deviceName: "light_02", note: "" },
  ]);
  assert.deepEqual(readNames("设备名称;备注\na;一\n").names, [{ deviceName: "a", note: "一" }]);
});

test("a CSV without heads has the names in its first column, and no notes", () => {
  assert.deepEqual(readNames("a,1\nb,2").names, [
    { deviceName: "a", note: "" },
    { deviceName: "b", note: "" },
  ]);
});

test("what is no name and what stands there twice is rejected with its line", () => {
  const { names, rejected } = readNames(`ok\nnot ok\n${"x".repeat(48)}\n${"x".repeat(49)}\nok\n../x\n`);
  assert.deepEqual(
    names.map(({ deviceName }) => deviceName),
    ["ok", "x".repeat(48)],
  );
  assert.deepEqual(rejected, [
    { line: 2, text: "not ok", reason: "name" },
    { line: 4, text: "x".repeat(49), reason: "name" },
    { line: 5, text: "ok", reason: "twice" },
    { line: 6, text: "../x", reason: "name" },
  ]);
});

test("rejected lines as CSV do no harm in a spreadsheet", () => {
  const { rejected } = readNames('=1+1\n"a ""b"""\n');
  assert.equal(rejectedCsv(rejected), 'line,name,reason\r\n1,\'=1+1,name\r\n2,"a ""b""",name\r\n');
});

test("a cell with a comma, a quotation mark or an end of line is quoted", () => {
  assert.equal(csv([["a,b", 'c"d', "e\nf", "g"]]), '"a,b","c""d","e\nf",g\r\n');
});
