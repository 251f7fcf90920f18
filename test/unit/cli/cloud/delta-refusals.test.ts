import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runCommand, withCommands } from "../../../support/command.js";
import { changeProgram, createProgram, linkImage, MINOR } from "../../../support/linked-image.js";
import { ROOT } from "../../../support/root.js";
import { SeededRandom } from "../../../support/seed.js";

const program = createProgram(5, 40_000);
const [base, result] = [linkImage(program), linkImage(changeProgram(program, MINOR, 6))];

interface Paths {
  readonly old: string;
  readonly fresh: string;
  at(name: string): string;
}

/** A folder with an old and a new image. */
function withImages(body: (paths: Paths) => Promise<void>): Promise<void> {
  return withCommands(async (folder) => {
    const at = (name: string): string => join(folder, name);
    const [old, fresh] = [at("old.bin"), at("new.bin")];
    writeFileSync(old, base);
    writeFileSync(fresh, result);
    await body({ old, fresh, at });
  });
}

const firmware = (...args: readonly string[]) => runCommand("cloud/main", ["firmware", ...args]);

async function refused(run: ReturnType<typeof firmware>, says: RegExp): Promise<void> {
  const { code, stdout, stderr } = await run;
  assert.match(stderr, says);
  assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
  assert.deepEqual([code, stdout], [2, ""]);
}

test("firmware delta does not write over the images that it is given, by whatever name", () =>
  withImages(async ({ old, fresh, at }) => {
    linkSync(old, at("other-name.bin"));
    for (const output of [old, fresh, at("other-name.bin"), join(at("."), "new.bin")]) {
      await refused(firmware("delta", old, fresh, "--output", output), /--output is .*\.bin itself: give another file/);
    }
    assert.ok(readFileSync(old).equals(base) && readFileSync(fresh).equals(result));
  }));

test("firmware delta says what is wrong with its files, and leaves none behind", () =>
  withImages(async ({ old, fresh, at }) => {
    const output = at("delta.bin");
    const delta = (from: string, to: string, ...args: readonly string[]) =>
      firmware("delta", from, to, "--output", output, ...args);
    assert.equal((await firmware("delta", old, fresh, "--output", at("package.bin"))).code, 0);
    writeFileSync(at("empty.bin"), "");
    const before = readdirSync(at("."));
    await refused(delta(at("none.bin"), fresh), /cannot read .*none\.bin: no such file or folder/);
    await refused(delta(at("."), fresh), /cannot read .*: it is a folder/);
    await refused(delta(at("empty.bin"), fresh), /empty\.bin is empty/);
    await refused(delta(at("package.bin"), fresh), /package\.bin is a delta or a compressed image itself/);
    await refused(delta(old, at("package.bin")), /package\.bin is a delta or a compressed image itself/);
    await refused(delta(old, old), /both are version 1\.0\.0, and no device is offered what it runs/);
    await refused(delta(old, fresh, "--to-version", "1.0.0"), /both are version 1\.0\.0/);
    const elsewhere = (path: string) => firmware("delta", old, fresh, "--output", path);
    await refused(elsewhere(at("nofolder/delta.bin")), /cannot write .*nofolder.delta\.bin: no such file or folder/);
    await refused(elsewhere(at(".")), /cannot write .*: it is a folder/);
    await refused(elsewhere(join(old, "delta.bin")), /cannot write .*: a part of the path is a file, not a folder/);
    assert.deepEqual(readdirSync(at(".")), before);
  }));

test("firmware delta replaces an earlier output, and says if the delta saves nothing", () =>
  withImages(async ({ old, fresh, at }) => {
    const output = at("delta.bin");
    writeFileSync(output, "an earlier one that is longer than nothing".repeat(10_000));
    const { code, stdout } = await firmware("delta", old, fresh, "--output", output);
    assert.equal(code, 0);
    assert.doesNotMatch(stdout, /saves nothing/);
    assert.equal(readFileSync(output).subarray(0, 4).toString(), "OTAP");
    const noise = Buffer.alloc(20_000);
    const random = new SeededRandom(1);
    for (let at = 0; at < noise.byteLength; at++) noise[at] = random.integer(0, 256);
    writeFileSync(at("noise.bin"), noise);
    const versions = ["--from-version", "1", "--to-version", "2"];
    const larger = await firmware("delta", old, at("noise.bin"), "--output", output, ...versions);
    assert.equal(larger.code, 0, larger.stderr);
    assert.match(larger.stdout, /^it saves nothing: .* Give devices .*noise\.bin itself$/m);
  }));

test(
  "firmware delta that is interrupted leaves the output as it was, and nothing beside it",
  { skip: process.platform === "win32" },
  () =>
    withCommands(async (folder) => {
      const at = (name: string): string => join(folder, name);
      const large = createProgram(5, 1_000_000);
      writeFileSync(at("old.bin"), linkImage(large));
      writeFileSync(at("new.bin"), linkImage(changeProgram(large, MINOR, 6)));
      mkdirSync(at("out"));
      for (const earlier of [undefined, "the earlier one"]) {
        if (earlier !== undefined) writeFileSync(at("out/delta.bin"), earlier);
        const child = spawn(
          process.execPath,
          [
            join(ROOT, "dist/node/cli/cloud/main.js"),
            "firmware",
            "delta",
            at("old.bin"),
            at("new.bin"),
            "--output",
            at("out/delta.bin"),
          ],
          { stdio: "ignore" },
        );
        const ended = once(child, "exit");
        // Long enough to be at it, and far less than it takes: whatever it was at, nothing half is there.
        await new Promise((resolve) => setTimeout(resolve, 700));
        child.kill("SIGINT");
        await ended;
        const left = readdirSync(at("out"));
        assert.deepEqual(left, earlier === undefined ? [] : ["delta.bin"]);
        if (earlier !== undefined) assert.equal(readFileSync(at("out/delta.bin"), "utf8"), earlier);
      }
    }),
);

test("firmware inspect says why it cannot read a file, and that one is empty", () =>
  withImages(async ({ at }) => {
    writeFileSync(at("empty.bin"), "");
    await refused(firmware("inspect", at("none.bin")), /cannot read .*none\.bin: no such file or folder/);
    await refused(firmware("inspect", at(".")), /is a folder: give a file/);
    await refused(firmware("inspect", at("empty.bin")), /empty\.bin is empty/);
  }));

test("firmware add looks at the versions of the deltas before it adds anything", () =>
  withImages(async ({ old, fresh, at }) => {
    const state = ["--state", at("state"), "--product", "ABCDE12345"];
    const add = (file: string, ...args: readonly string[]) => firmware("add", file, ...state, ...args);
    await refused(
      add(fresh, "--version", "1.0.6", "--delta-from", "1.0.0"),
      /nothing is added: there is no version 1\.0\.0 of firmware: .*add that first/,
    );
    assert.equal((await add(old, "--version", "1.0.0")).code, 0);
    await refused(
      add(fresh, "--version", "1.0.6", "--delta-from", "1.0.0,0.9.0", "--compress"),
      /nothing is added: there is no version 0\.9\.0 of firmware/,
    );
    await refused(
      add(fresh, "--version", "1.0.6", "--delta-from", "1.0.6"),
      /nothing is added: a delta from 1\.0\.6 makes another version than that/,
    );
    await refused(add(at("none.bin"), "--version", "1.0.6"), /cannot read .*none\.bin: no such file or folder/);
    const { stdout } = await runCommand("cloud/main", ["package", "list", "--state", at("state"), "--json"]);
    assert.deepEqual(
      (JSON.parse(stdout) as { version: string }[]).map(({ version }) => version),
      ["1.0.0"],
    );
    assert.equal((await add(fresh, "--version", "1.0.6", "--delta-from", "1.0.0")).code, 0);
  }));
