import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { buildAppImage } from "../../../../hal/boards/sim/app-image-builder.js";
import { type Ended, runCommand, withCommands } from "../../../support/command.js";
import { PRODUCT } from "../../../support/fake-operator.js";
import { withServedOperator } from "../../../support/served-operator.js";

interface Bed {
  readonly folder: string;
  file(name: string): string;
  cloud(...args: readonly string[]): Promise<Ended>;
}

/** A folder with two pairs of keys and an image of version 1.2.3, security version 2. */
function withKeys(body: (bed: Bed) => Promise<void>): Promise<void> {
  return withCommands(async (folder) => {
    const cloud = (...args: readonly string[]): Promise<Ended> => runCommand("cloud/main", args);
    const file = (name: string): string => join(folder, name);
    for (const name of ["one", "two"]) assert.equal((await cloud("key", "new", name, "--output", folder)).code, 0);
    writeFileSync(file("image.bin"), buildAppImage({ version: "1.2.3", byteLength: 4096, seed: 1, secureVersion: 2 }));
    await body({ folder, file, cloud });
  });
}

test("key new writes a pair that only its owner can read the private half of, and overwrites neither half", () =>
  withKeys(async ({ folder, file, cloud }) => {
    assert.equal(statSync(file("one.key")).mode & 0o777, 0o600);
    assert.match(readFileSync(file("one.key"), "utf8"), /^-----BEGIN PRIVATE KEY-----/);
    assert.match(readFileSync(file("one.pub"), "utf8"), /^-----BEGIN PUBLIC KEY-----/);
    const before = readFileSync(file("one.key"), "utf8");
    const again = await cloud("key", "new", "one", "--output", folder);
    assert.equal(again.code, 2);
    assert.match(again.stderr, /one\.key exists, and no key is overwritten/);
    assert.equal(readFileSync(file("one.key"), "utf8"), before);
    writeFileSync(file("half.pub"), "");
    assert.match((await cloud("key", "new", "half", "--output", folder)).stderr, /half\.pub exists/);
    assert.equal(existsSync(file("half.key")), false);
    assert.equal((await cloud("key", "new", "../one", "--output", folder)).code, 2);
    const made = await cloud("key", "new", "three", "--output", join(folder, "new", "folder"));
    assert.match(made.stdout, /three\.key {2}the private key: whoever has it decides what your devices run\n/);
    assert.match(made.stdout, /\nkey id [0-9a-f]{16}\n$/);
  }));

test("firmware sign and inspect say the same of a file, in words and in JSON", () =>
  withKeys(async ({ file, cloud }) => {
    const signed = await cloud(
      ...["firmware", "sign", file("image.bin"), "--key", file("one.key"), "--key", file("two.key")],
      ...["--product", PRODUCT, "--security-version", "2", "--output", file("sealed.bin")],
    );
    assert.equal(signed.code, 0, signed.stderr);
    const inspect = (...args: readonly string[]) => cloud("firmware", "inspect", ...args);
    const { stdout, code } = await inspect(file("sealed.bin"), "--trust", file("two.pub"));
    assert.equal(code, 0);
    assert.match(stdout, /^file {6}.*sealed\.bin: 4368 bytes\nimage {5}esp32 application, version 1\.2\.3, /);
    assert.match(stdout, /\nseal {6}version 1\.2\.3 of ABCDE12345, for esp32\nsecurity {2}version 2: /);
    assert.match(stdout, /\nsignature by the key with the id [0-9a-f]{16}: not checked, /);
    assert.match(stdout, /\nsignature by .*two\.pub \([0-9a-f]{16}\): good\n$/);
    const { seal, image } = JSON.parse((await inspect(file("sealed.bin"), "--json")).stdout) as {
      seal: { state: string; signatures: object[] };
      image: { secureVersion: number };
    };
    assert.deepEqual([seal.state, seal.signatures.length, image.secureVersion], ["present", 2, 2]);
    const plain = await inspect(file("image.bin"));
    assert.equal(plain.code, 0);
    assert.match(plain.stdout, /\nseal {6}none: a device that requires one refuses the file as unsigned\n$/);
    assert.equal((await inspect(file("image.bin"), "--trust", file("one.pub"))).code, 1);
    await cloud("key", "new", "other", "--output", file("."));
    const unknown = await inspect(file("sealed.bin"), "--trust", file("other.pub"));
    assert.equal(unknown.code, 1);
    assert.match(unknown.stdout, /\nrefused {3}no signature is by .*other\.pub\n$/);
    const text = await inspect(file("one.pub"));
    assert.match(text.stdout, /\nimage {5}no ESP32 application image\nseal {6}none/);
  }));

test("openssl signs in the place of a private key, as does a command that writes base64", (context) =>
  withKeys(async ({ file, cloud }) => {
    if ((await import("node:child_process")).spawnSync("openssl", ["version"]).error !== undefined) {
      context.skip("there is no openssl");
      return;
    }
    const sign = (command: string, key = "one.pub") =>
      cloud(
        ...["firmware", "sign", file("image.bin"), "--key", file(key), "--sign-with", command],
        ...["--product", PRODUCT, "--output", file("sealed.bin")],
      );
    for (const pipe of ["", " | base64"]) {
      const { code, stderr } = await sign(`openssl dgst -sha256 -sign ${file("one.key")}${pipe}`);
      assert.equal(code, 0, stderr);
      const { code: good } = await cloud("firmware", "inspect", file("sealed.bin"), "--trust", file("one.pub"));
      assert.equal(good, 0);
    }
    const other = await sign(`openssl dgst -sha256 -sign ${file("one.key")}`, "two.pub");
    assert.equal(other.code, 2);
    assert.match(other.stderr, /the signature that was made is none by the key .*two\.pub/);
  }));

test("firmware sign writes nothing if the image and the command contradict each other", () =>
  withKeys(async ({ file, cloud }) => {
    const sign = (...args: readonly string[]) =>
      cloud("firmware", "sign", file("image.bin"), "--product", PRODUCT, "--key", file("one.key"), ...args);
    const wrong = await sign("--security-version", "3", "--output", file("sealed.bin"));
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /says secure version 2, and not 3: build it with/);
    assert.match((await sign("--output", file("image.bin"))).stderr, /--output is the image itself/);
    assert.equal(existsSync(file("sealed.bin")), false);
  }));

test("firmware add seals, shows the seal, and takes only what a trusted key has sealed", () =>
  withServedOperator(async ({ operator, folder, run }) => {
    const file = (name: string): string => join(folder, name);
    for (const name of ["one", "two"]) await runCommand("cloud/main", ["key", "new", name, "--output", folder]);
    writeFileSync(file("image.bin"), buildAppImage({ version: "1.2.3", byteLength: 4096, seed: 1 }));
    const add = (name: string, ...args: readonly string[]) =>
      run("firmware", "add", file(name), "--product", PRODUCT, "--version", "1.2.3", ...args);
    const refused = await add("image.bin", "--trust", file("one.pub"));
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /image\.bin is not added: it has no seal, and --trust demands one/);
    const { code, stdout, stderr } = await add("image.bin", "--sign", file("one.key"));
    assert.equal(code, 0, stderr);
    assert.match(stdout, /4296 bytes, MD5 .*\nseal {6}version 1\.2\.3 of ABCDE12345, for esp32\n/);
    assert.match(stdout, /signature by .*one\.key \([0-9a-f]{16}\): good\n$/);
    const [uploaded] = operator.uploads;
    assert.equal(uploaded?.byteLength, 4296);
    writeFileSync(file("sealed.bin"), uploaded as Buffer);
    assert.equal((await add("sealed.bin", "--trust", file("two.pub"), "--trust", file("one.pub"))).code, 0);
    const unknown = await add("sealed.bin", "--trust", file("two.pub"));
    assert.match(unknown.stderr, /sealed\.bin is not added: no signature is by .*two\.pub/);
    (uploaded as Buffer)[2000]! ^= 1;
    writeFileSync(file("changed.bin"), uploaded as Buffer);
    assert.match(
      (await add("changed.bin")).stderr,
      /changed\.bin is not added: the image is not the one that was sealed/,
    );
    assert.match((await add("image.bin", "--sign-with", "cat")).stderr, /need --sign/);
    assert.equal(operator.uploads.length, 2);
  }));
