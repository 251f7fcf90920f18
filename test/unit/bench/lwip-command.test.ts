import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { withFolder } from "../../support/folder.js";
import { ROOT } from "../../support/root.js";

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param path folders of commands; default: this process's */
function bench(args: readonly string[], path = process.env["PATH"]): Promise<Ended> {
  return new Promise((resolve) => {
    const program = join(ROOT, "dist/node/bench/lwip/main.js");
    const env = { ...process.env, PATH: path };
    execFile(process.execPath, [program, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

test("an unknown profile or row of settings is reported in one line with those that are known, with exit code 2", async () => {
  for (const [args, line] of [
    [["--only", "5g"], /^[^\n]*: no profile 5g: there are lab, wifi, wan, 4g-cat1, nb-iot\n$/],
    [["--settings", "FAST"], /^[^\n]*: no settings FAST: there are SHIPPED, SDK_C3, SDK_ESP32, ROOMY\n$/],
    [["--runs", "0"], /^[^\n]*--runs[^\n]*\n$/],
  ] as const) {
    const { code, stdout, stderr } = await bench(args);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, line);
  }
});

test("what a machine lacks is reported in one line, with exit code 2", async () => {
  await withFolder(async (folder) => {
    const { code, stdout, stderr } = await bench([], folder);
    assert.deepEqual([code, stdout], [2, ""]);
    // The first that is missing: root, /dev/net/tun, or the commands, which this folder does not have.
    assert.match(stderr, /^[^\n]*: (lwIP is measured in a network namespace|no TAP|no network namespace)[^\n]*\n$/);
  });
});
