import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { lockFolder } from "../../../hal/boards/sim/lock.js";
import { StateError } from "../../../hal/boards/sim/state-dir.js";
import { ROOT } from "../../support/root.js";

const parent = mkdtempSync(join(tmpdir(), "lock-"));
after(() => rmSync(parent, { recursive: true }));
let folder: string;
let count = 0;

beforeEach(() => {
  folder = join(parent, String(count++));
});

test("makes the folder where it is absent", async () => {
  const release = await lockFolder(join(folder, "a", "b"));
  assert.equal(existsSync(join(folder, "a", "b")), true);
  release();
});

test("a held folder cannot be locked again, a released one can", async () => {
  const release = await lockFolder(folder);
  await assert.rejects(lockFolder(folder), StateError);
  await assert.rejects(lockFolder(folder), StateError);
  release();
  const again = await lockFolder(folder);
  await assert.rejects(lockFolder(folder), StateError);
  again();
});

test("other folders are free meanwhile", async () => {
  const release = await lockFolder(folder);
  const other = await lockFolder(`${folder}-other`);
  release();
  other();
});

test("the same folder under another name is the same", async () => {
  mkdirSync(folder);
  symlinkSync(folder, `${folder}-link`);
  const release = await lockFolder(folder);
  await assert.rejects(lockFolder(`${folder}-link`), StateError);
  await assert.rejects(lockFolder(join(folder, "..", `${count - 1}`, ".")), StateError);
  release();
});

test("of several at the same moment, one gets it", async () => {
  const tries = await Promise.allSettled(Array.from({ length: 5 }, () => lockFolder(folder)));
  const holders = tries.filter((entry): entry is PromiseFulfilledResult<() => void> => entry.status === "fulfilled");
  for (const { value } of holders) value();
  assert.equal(holders.length, 1, `${holders.length} hold the folder`);
});

test("a lock ends with its process, even one that is killed", async () => {
  const script = `import { lockFolder } from ${JSON.stringify(`file://${ROOT}/dist/node/hal/boards/sim/lock.js`)};
    await lockFolder(${JSON.stringify(folder)});
    console.log("held");
    setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => holder.stdout.once("data", resolve));
  await assert.rejects(lockFolder(folder), StateError);
  const ended = new Promise((resolve) => holder.once("exit", resolve));
  holder.kill("SIGKILL");
  await ended;
  const release = await lockFolder(folder);
  release();
});
