import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { imageOf } from "../support/test-bed.js";
import { Running, runCommand, withCommands } from "../support/command.js";

test("the main job ends with 0 and a line with the word done", async () => {
  const { code, stdout, stderr } = await runCommand("start", []);
  assert.equal(code, 0, stderr);
  assert.equal(stderr, "");
  assert.match(stdout, /^done +version 0\.2\.0 runs from ota_1: 1048576 bytes, 1 request, [0-9.]+ s$/m);
  assert.match(stdout, /^download 50 % +[0-9.]+ [kM]?B\/s$/m);
  assert.ok(!stdout.includes("\u001b"), "plain lines when piped");
});

test("--cut shows the cut and the resume", async () => {
  const { code, stdout, stderr } = await runCommand("start", ["--cut", "28"]);
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /power +cut at (?:28|29|30) %\npower +on again\nboard +boots ota_0\n[\s\S]*agent +resumes at (?:2[789]|30) %[\s\S]*done .* 2 requests/,
  );
});

test("--slow: the download comes slowly, and its rate is shown", async () => {
  const { code, stdout, stderr } = await runCommand("start", ["--slow", "500k"]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^download 90 % +[0-9.]+ [kM]?B\/s$/m);
  assert.match(stdout, /^done .*, 1 request, [0-9.]+ s$/m);
});

test("with --state it can be killed at any moment, and the next run goes on where it was", () =>
  withCommands(async (folder) => {
    const state = join(folder, "desk");
    const running = new Running("start", ["--slow", "400k", "--state", state]);
    await running.until("half of the download", () => running.stdout.includes("download 50 %"));
    await running.kill("SIGKILL");
    const next = await runCommand("start", ["--state", state]);
    assert.equal(next.code, 0, next.stderr);
    assert.match(next.stdout, /boots ota_0\n[\s\S]*agent +resumes at [4-9][0-9] %[\s\S]*done .* 1 request/);
    const last = await runCommand("start", ["--state", state]);
    assert.match(last.stdout, /boots ota_1\n[\s\S]*done .* 0 requests/);
  }));

test("one folder is for one run at a time", () =>
  withCommands(async (folder) => {
    const state = join(folder, "desk");
    const running = new Running("start", ["--slow", "100k", "--state", state]);
    await running.until("the download", () => running.stdout.includes("downloading"));
    const { code, stderr } = await runCommand("start", ["--state", state]);
    assert.deepEqual([code, /in use/.test(stderr)], [2, true], stderr);
    await running.kill("SIGKILL");
  }));

test("--sealed shows an update and a forgery that is refused before anything of it is stored", async () => {
  const { code, stdout, stderr } = await runCommand("start", ["--sealed", "--cut", "40"]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^\S+ error update key-unknown: sealed by key [0-9a-f]{16}, not trusted\n$/);
  assert.match(
    stdout,
    /power +cut at [0-9]{2} %[\s\S]*agent +reported version 0\.2\.0\nforgery +version 0\.3\.0 is offered/,
  );
  assert.match(stdout, /\nagent +refused version 0\.3\.0, failed: key-unknown: /);
  assert.match(
    stdout,
    /\ndone +version 0\.2\.0 runs from ota_1: the end of the forgery was fetched, and nothing of it was stored\n$/,
  );
});

test("--gateway updates three lights to one firmware, which is fetched once, and not the air conditioner", async () => {
  const { code, stdout, stderr } = await runCommand("start", ["--gateway"]);
  assert.equal(code, 0, stderr);
  assert.equal(stderr, "");
  assert.match(stdout, /^done +light1, light2, light3 run version 2\.0\.0: 524288 bytes, 1 request, [0-9.]+ s$/m);
  assert.deepEqual(stdout.match(/^light[123] +done$/gm), [
    "light1           done",
    "light2           done",
    "light3           done",
  ]);
  assert.deepEqual(stdout.match(/^airConditioner1.*$/gm), ["airConditioner1  online"]);
  assert.ok(!stdout.includes("\u001b"), "plain lines when piped");
});

test("--gateway --cut shows the cut, and the download goes on", async () => {
  const { code, stdout, stderr } = await runCommand("start", ["--gateway", "--cut", "40"]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /power +cut at 4[0-9] %\npower +on again\n[\s\S]*done .* 2 requests/);
});

test("--gateway has its own firmware", async () => {
  const { code, stderr } = await runCommand("start", ["--gateway", "--firmware", "x.bin"]);
  assert.equal(code, 2);
  assert.match(stderr, /^[^\n]*--gateway[^\n]*--firmware[^\n]*\n$/);
});

test("--firmware takes an image file", () =>
  withCommands(async (folder) => {
    const path = join(folder, "my.bin");
    writeFileSync(path, imageOf("3.1.4", 300_000 - (300_000 % 16)));
    const { code, stdout, stderr } = await runCommand("start", ["--firmware", path]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^done +version 3\.1\.4 runs from ota_1: 300000 bytes/m);
  }));

test("--firmware with the factory's own version is an update all the same", () =>
  withCommands(async (folder) => {
    const path = join(folder, "my.bin");
    writeFileSync(path, imageOf("0.1.0", 8192));
    const { code, stdout, stderr } = await runCommand("start", ["--firmware", path]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^done +version 0\.1\.0 runs/m);
  }));

test("an image whose version no platform takes is refused with the option to set", () =>
  withCommands(async (folder) => {
    const path = join(folder, "my.bin");
    writeFileSync(path, imageOf("1.0+dirty", 8192));
    const { code, stderr } = await runCommand("start", ["--firmware", path]);
    assert.equal(code, 2);
    assert.match(stderr, /PROJECT_VER/);
  }));

test("interrupted, it leaves nothing behind", () =>
  withCommands(async (folder) => {
    const running = new Running("start", [], { TMPDIR: folder });
    await running.until("the download", () => running.stdout.includes("downloading"));
    assert.equal((await running.kill("SIGINT")).code, 130);
    assert.deepEqual(readdirSync(folder), []);
  }));

test("a reader of its output that ends early is no failure", async () => {
  const running = new Running("start", []);
  running.child.stdout?.destroy();
  const { code, stderr } = await running.ended;
  assert.deepEqual([code, stderr], [0, ""]);
});

test("bad input is one line and exit code 2", () =>
  withCommands(async (folder) => {
    const path = join(folder, "text.bin");
    writeFileSync(path, "hello");
    for (const args of [
      ["--firmware", path],
      ["--firmware", join(folder, "none")],
      ["--cut", "100"],
      ["--cut", "x"],
      ["--slow", "0"],
      ["--slow", "100K"],
      ["--slow", "5G"],
      ["--gateway", "--slow", "100k"],
      ["--fast"],
    ]) {
      const { code, stderr } = await runCommand("start", args);
      assert.equal(code, 2, args.join(" "));
      assert.match(stderr, /^npm start --: [^\n]+\n$/);
    }
  }));
