import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openFirmwareFiles } from "../../../../cloud/files/open-files.js";
import { FirmwareFolder } from "../../../../cloud/store/firmware-folder.js";
import { CloudError } from "../../../../cloud/types.js";
import { withFolder } from "../../../support/folder.js";

const BYTES = Buffer.from("an image of a lamp");
const MD5 = createHash("md5").update(BYTES).digest("hex");
const SHA256 = createHash("sha256").update(BYTES).digest("hex");
const STORED = { md5: MD5, sha256: SHA256, size: BYTES.byteLength };

async function* pieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += length) yield bytes.subarray(start, start + length);
}

const filesIn = (folder: string): string[] => readdirSync(join(folder, "firmware"));

test("a stream is stored under its MD5, with its hashes and size, however it is split", () =>
  withFolder(async (folder) => {
    const firmware = await FirmwareFolder.open({ folder });
    for (const length of [1, 7, 1000]) assert.deepEqual(await firmware.add(pieces(BYTES, length)), STORED);
    assert.deepEqual(filesIn(folder), [`${MD5}.bin`]);
    assert.deepEqual(readFileSync(firmware.pathOf(MD5)), BYTES);
    assert.equal(await firmware.check(STORED), "whole");
  }));

test("a file of the machine is stored, also by a link", () =>
  withFolder(async (folder) => {
    const firmware = await FirmwareFolder.open({ folder });
    writeFileSync(join(folder, "lamp.bin"), BYTES);
    symlinkSync(join(folder, "lamp.bin"), join(folder, "link.bin"));
    assert.deepEqual(await firmware.addFile(join(folder, "lamp.bin")), STORED);
    assert.deepEqual(await firmware.addFile(join(folder, "link.bin")), STORED);
  }));

test("a damaged file is found, and is mended by adding it again", () =>
  withFolder(async (folder) => {
    const firmware = await FirmwareFolder.open({ folder });
    await firmware.add(pieces(BYTES, 5));
    const spoil = [
      (path: string) => truncateSync(path, 3),
      (path: string) => writeFileSync(path, Buffer.from("an image of a lamq")),
    ];
    for (const damage of spoil) {
      damage(firmware.pathOf(MD5));
      assert.equal(await firmware.check(STORED), "damaged");
      await firmware.add(pieces(BYTES, 5));
      assert.equal(await firmware.check(STORED), "whole");
    }
    await firmware.remove(MD5);
    assert.equal(await firmware.check(STORED), "missing");
  }));

test("what is no regular file is refused: nothing waits for a writer, and nothing reads for ever", () =>
  withFolder(async (folder) => {
    const firmware = await FirmwareFolder.open({ folder });
    execFileSync("mkfifo", [join(folder, "fifo")]);
    mkdirSync(join(folder, "sub"));
    for (const [path, kind] of [
      [join(folder, "fifo"), "a FIFO"],
      [join(folder, "sub"), "a folder"],
      ["/dev/zero", "a device"],
    ] as const) {
      await assert.rejects(firmware.addFile(path), { name: "CloudError", message: `${path} is ${kind}: give a file` });
    }
    const missing = join(folder, "missing");
    await assert.rejects(firmware.addFile(missing), {
      name: "CloudError",
      message: `cannot read ${missing}: no such file or folder`,
    });
    assert.deepEqual(filesIn(folder), []);
  }));

test("an empty file, and one that is too big, are refused and leave nothing behind", () =>
  withFolder(async (folder) => {
    const firmware = await FirmwareFolder.open({ folder, mostFileBytes: BYTES.byteLength - 1 });
    await assert.rejects(firmware.add(pieces(new Uint8Array(0), 1)), /the file is empty/);
    await assert.rejects(firmware.add(pieces(BYTES, 4)), (error) => error instanceof CloudError);
    const exact = await FirmwareFolder.open({ folder, mostFileBytes: BYTES.byteLength });
    assert.deepEqual(filesIn(folder), []);
    await exact.add(pieces(BYTES, 4));
  }));

test("a source that breaks off leaves nothing behind, and what it threw is thrown", () =>
  withFolder(async (folder) => {
    const firmware = await FirmwareFolder.open({ folder });
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield BYTES;
      throw new Error("the connection is gone");
    }
    await assert.rejects(firmware.add(broken()), /the connection is gone/);
    assert.deepEqual(filesIn(folder), []);
  }));

test("a full disk leaves nothing behind", () =>
  withFolder((folder) => {
    const module = new URL("../../../../cloud/store/firmware-folder.js", import.meta.url).href;
    const program = `
      import { FirmwareFolder } from ${JSON.stringify(module)};
      process.on("SIGXFSZ", () => {});
      const firmware = await FirmwareFolder.open({ folder: process.argv[1] });
      async function* source() { for (let index = 0; index < 100; index += 1) yield new Uint8Array(65536); }
      await firmware.add(source()).catch((error) => console.log(error.name, error.code));`;
    const command = 'ulimit -f 1000; exec "$0" --input-type=module --eval "$1" "$2"';
    const output = execFileSync("/bin/bash", ["-c", command, process.execPath, program, folder], { encoding: "utf8" });
    assert.equal(output, "StorageError full\n");
    assert.deepEqual(filesIn(folder), []);
  }));

test("what an earlier process has left half done is removed at the start; whole files stay", () =>
  withFolder(async (folder) => {
    mkdirSync(join(folder, "firmware"));
    const names = [`${MD5}.bin`, `${MD5}.bin.new`, "incoming.new-0123456789abcdef", `${MD5}.bin.new-01`];
    for (const name of names) writeFileSync(join(folder, "firmware", name), BYTES);
    await FirmwareFolder.open({ folder });
    assert.deepEqual(filesIn(folder), [`${MD5}.bin`]);
  }));

test("in a folder of several processes, what another one may be at work on stays at the start", () =>
  withFolder(async (folder) => {
    mkdirSync(join(folder, "firmware"));
    const [young, old] = ["incoming.new-01", "incoming.new-02"].map((name) => join(folder, "firmware", name));
    for (const path of [young, old]) writeFileSync(path ?? "", BYTES);
    utimesSync(old ?? "", 0, 0);
    const settings = { location: join(folder, "firmware") };
    for (const place of [{}, { settings }]) {
      await openFirmwareFiles({ folder, isShared: true, urlLifetimeSec: 60, ...place });
      assert.deepEqual(filesIn(folder), ["incoming.new-01"]);
    }
  }));

test("a file in the place of the folder is refused, and so is a name that is no MD5", () =>
  withFolder(async (folder) => {
    writeFileSync(join(folder, "state"), "");
    await assert.rejects(FirmwareFolder.open({ folder: join(folder, "state") }), { name: "CloudError" });
    const firmware = await FirmwareFolder.open({ folder });
    await assert.rejects(firmware.check({ ...STORED, md5: "../../cloud" }), /an MD5 is 32 hexadecimal digits/);
  }));
