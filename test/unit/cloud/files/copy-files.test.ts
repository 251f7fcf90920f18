import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { copyFiles } from "../../../../cloud/files/copy-files.js";
import { FirmwareFolder } from "../../../../cloud/store/firmware-folder.js";
import { CloudError } from "../../../../cloud/types.js";
import { withFolder } from "../../../support/folder.js";

const md5 = (text: string): string => createHash("md5").update(text).digest("hex");

test("what is not there yet is copied, and what its name does not fit is left out", () =>
  withFolder(async (root) => {
    const folder = join(root, "firmware");
    mkdirSync(folder);
    for (const text of ["one", "two"]) writeFileSync(join(folder, `${md5(text)}.bin`), text);
    writeFileSync(join(folder, `${md5("three")}.bin`), "thrEE");
    writeFileSync(join(folder, `${md5("four")}.bin`), "");
    writeFileSync(join(folder, "incoming.new-0123"), "half");
    writeFileSync(join(folder, "notes.bin"), "not ours");
    const to = await FirmwareFolder.open({ folder: root, filesFolder: join(root, "other") });
    const results = async () =>
      Object.fromEntries((await copyFiles({ folder, to })).map((file) => [file.md5, file.result]));
    const damaged = { [md5("three")]: "damaged", [md5("four")]: "damaged" };
    assert.deepEqual(await results(), { [md5("one")]: "copied", [md5("two")]: "copied", ...damaged });
    assert.deepEqual(await results(), { [md5("one")]: "known", [md5("two")]: "known", ...damaged });
    assert.equal(await to.sizeOf(md5("thrEE")), undefined);
    assert.deepEqual(await (await to.open(md5("one"))).read(0, 3), Buffer.from("one"));
    await assert.rejects(copyFiles({ folder: join(root, "absent"), to }), CloudError);
  }));

test("a file that has become another one takes nothing away from that one", () =>
  withFolder(async (root) => {
    const folder = join(root, "firmware");
    mkdirSync(folder);
    const texts = ["one", "two"];
    for (const text of texts) {
      // One of the two names comes behind the other, whichever text both files have.
      for (const name of texts) writeFileSync(join(folder, `${md5(name)}.bin`), text);
      const to = await FirmwareFolder.open({ folder: root, filesFolder: join(root, `with-${text}`) });
      const results = (await copyFiles({ folder, to })).map((file): [string, string] => [file.md5, file.result]);
      assert.equal(new Map(results).get(md5(text)), "copied");
      assert.equal(await to.sizeOf(md5(text)), text.length);
    }
  }));
