import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runCommand, withCommands } from "../../../support/command.js";
import { changeProgram, createProgram, linkImage, MINOR } from "../../../support/linked-image.js";
import { readHeader, unpack } from "../../../support/unpack.js";

const program = createProgram(5, 40_000);
const [base, result] = [linkImage(program), linkImage(changeProgram(program, MINOR, 6))];

test("firmware delta writes a package that makes the new image of the old one", () =>
  withCommands(async (folder) => {
    const [old, fresh, output] = ["old.bin", "new.bin", "delta.bin"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(old, base);
    writeFileSync(fresh, result);
    const { code, stdout, stderr } = await runCommand("cloud/main", [
      "firmware",
      "delta",
      old,
      fresh,
      "--output",
      output,
    ]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /from version 1\.0\.0 to 1\.0\.6, [0-9]+ bytes, [0-9.]+% of [0-9]+\n/);
    const bytes = readFileSync(output);
    assert.deepEqual([readHeader(bytes).base?.version, readHeader(bytes).resultVersion], ["1.0.0", "1.0.6"]);
    assert.ok(Buffer.from(unpack(bytes, base)).equals(result));
  }));

test("firmware delta of files that say no version asks for it", () =>
  withCommands(async (folder) => {
    const [old, output] = [join(folder, "old.bin"), join(folder, "delta.bin")];
    writeFileSync(old, "no image");
    const delta = (...args: readonly string[]) =>
      runCommand("cloud/main", ["firmware", "delta", old, old, "--output", output, ...args]);
    const { code, stderr } = await delta();
    assert.equal(code, 2);
    assert.match(stderr, /old\.bin is no image of an ESP32 that says its version: give --from-version/);
    assert.equal((await delta("--from-version", "1", "--to-version", "2")).code, 0);
    assert.equal(readHeader(readFileSync(output)).chipId, 0xffff);
  }));

test("firmware inspect says what a package is made of, and ends with 1 if no device takes it", () =>
  withCommands(async (folder) => {
    const [old, fresh, output] = ["old.bin", "new.bin", "delta.bin"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(old, base);
    writeFileSync(fresh, result);
    await runCommand("cloud/main", ["firmware", "delta", old, fresh, "--output", output]);
    const said = await runCommand("cloud/main", ["firmware", "inspect", output]);
    assert.equal(said.code, 0, said.stderr);
    assert.match(said.stdout, /^package {3}delta: [0-9]+ bytes, [0-9.]+% of its result$/m);
    assert.match(said.stdout, /^base {6}version 1\.0\.0, [0-9]+ bytes, SHA-256 [0-9a-f]{64}$/m);
    assert.match(said.stdout, /^copied +[0-9.]+% {2}#{20,40} +[0-9]+ bytes from the base$/m);
    const { stdout } = await runCommand("cloud/main", ["firmware", "inspect", output, "--json"]);
    const { package: report } = JSON.parse(stdout) as { package: { result: object; contents: { blocks: number } } };
    assert.equal(report.contents.blocks, Math.ceil(result.byteLength / 4096));
    const bytes = readFileSync(output);
    bytes[bytes.byteLength - 1]! ^= 0xff;
    writeFileSync(output, bytes);
    const broken = await runCommand("cloud/main", ["firmware", "inspect", output]);
    assert.equal(broken.code, 1);
    assert.match(broken.stdout, /^refused {3}the package is malformed: /m);
    writeFileSync(output, bytes.subarray(0, 300));
    const cut = await runCommand("cloud/main", ["firmware", "inspect", output]);
    assert.equal(cut.code, 1);
    assert.match(cut.stderr, /no device takes it: package-malformed: package of [0-9]+ bytes in a file of 300/);
  }));

test("firmware add makes the deltas and the compressed image that are wanted, and waits for them", () =>
  withCommands(async (folder) => {
    const [old, fresh] = ["old.bin", "new.bin"].map((name) => join(folder, name)) as [string, string];
    writeFileSync(old, base);
    writeFileSync(fresh, result);
    const state = ["--state", join(folder, "state")];
    const add = (file: string, ...args: readonly string[]) =>
      runCommand("cloud/main", ["firmware", "add", file, ...state, "--product", "ABCDE12345", ...args]);
    assert.equal((await add(old, "--version", "1.0.0")).code, 0);
    const made = await add(fresh, "--version", "1.0.6", "--delta-from", "1.0.0", "--compress");
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stdout, /^delta from 1\.0\.0: [0-9]+ bytes, [0-9.]+% of the file$/m);
    assert.match(made.stdout, /^compressed: [0-9]+ bytes, [0-9.]+% of the file/m);
    const { stdout } = await runCommand("cloud/main", ["package", "list", ...state, "--json"]);
    const [, { id, variants }] = JSON.parse(stdout) as { id: number; variants: { id: number; state: string }[] }[] as [
      unknown,
      { id: number; variants: { id: number; state: string }[] },
    ];
    assert.deepEqual(
      variants.map((each) => each.state),
      ["ready", "ready"],
    );
    const remove = ["package", "remove-variant", String(id), String(variants[1]?.id), ...state];
    assert.equal((await runCommand("cloud/main", remove)).code, 0);
    const list = await runCommand("cloud/main", ["package", "list", ...state]);
    assert.match(list.stdout, /delta from 1\.0\.0: [0-9]+ bytes/);
    assert.doesNotMatch(list.stdout, /compressed/);
    const missing = await runCommand("cloud/main", ["package", "make", String(id), "--delta-from", "0.9.0", ...state]);
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /there is no version 0\.9\.0 of firmware/);
    assert.equal((await runCommand("cloud/main", ["package", "make", String(id), ...state])).code, 2);
  }));
