import assert from "node:assert/strict";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { describeFileFault, fileFault } from "../../../hal/boards/sim/file-fault.js";

function thrownBy(action: () => void): Error {
  try {
    action();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

/** As node:fs throws it if the user is not root. */
function refusal(code: string, syscall = "open"): Error {
  return Object.assign(new Error(`${code}: raw words, ${syscall} '/data/x'`), { code, syscall, path: "/data/x" });
}

test("an operation that the system refuses is reported in words", () => {
  assert.equal(fileFault(refusal("EACCES")), "permission denied");
  assert.equal(fileFault(refusal("EPERM")), "permission denied");
  assert.equal(fileFault(refusal("EROFS")), "the file system is read-only");
  assert.equal(fileFault(refusal("ENOSPC")), "the disk is full");
  assert.equal(fileFault(thrownBy(() => readFileSync(join(tmpdir(), "absent", "x")))), "no such file or folder");
  assert.equal(fileFault(thrownBy(() => readFileSync(tmpdir()))), "it is a folder");
});

test("an unknown code is reported as it is, and an error of another kind by its message", () => {
  assert.equal(fileFault(refusal("EWEIRD")), "EWEIRD");
  assert.equal(fileFault(new Error("no partition table")), "no partition table");
});

test("any other failure names what was tried, and the file", () => {
  assert.equal(describeFileFault(refusal("EACCES")), "cannot open /data/x: permission denied");
  assert.equal(describeFileFault(refusal("EACCES", "mkdir")), "cannot make /data/x: permission denied");
  const below = join(process.execPath, "below");
  assert.equal(
    describeFileFault(thrownBy(() => writeFileSync(below, ""))),
    `cannot open ${below}: a part of the path is a file, not a folder`,
  );
  const moved = thrownBy(() => renameSync(process.execPath, join(tmpdir(), "absent", "x")));
  assert.equal(describeFileFault(moved), `cannot write ${join(tmpdir(), "absent", "x")}: no such file or folder`);
});

test("an error that is no failure of a file is thrown on", () => {
  assert.equal(describeFileFault(new Error("x")), undefined);
  assert.equal(describeFileFault("x"), undefined);
  assert.equal(describeFileFault(undefined), undefined);
  assert.equal(describeFileFault(refusal("ENOENT", "spawn git")), undefined);
});
