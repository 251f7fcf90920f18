import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, test } from "node:test";
import { lockFolder } from "../../../hal/boards/sim/lock.js";
import { LOCK_FILE, StateError } from "../../../hal/boards/sim/state-dir.js";
import { ROOT } from "../../support/root.js";

const parent = mkdtempSync(join(tmpdir(), "lock-"));
after(() => rmSync(parent, { recursive: true }));
let folder: string;
let count = 0;

beforeEach(() => {
  folder = join(parent, String(count++));
});

test("a folder that cannot be made is reported in words", async () => {
  writeFileSync(folder, "");
  await assert.rejects(
    lockFolder(join(folder, "below")),
    (error: Error) => error instanceof StateError && /^cannot use .*: a part of the path is a file/.test(error.message),
  );
});

test("makes the folder if it is absent", async () => {
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

test("if several try at the same time, one gets it", async () => {
  const tries = await Promise.allSettled(Array.from({ length: 5 }, () => lockFolder(folder)));
  const holders = tries.filter((entry): entry is PromiseFulfilledResult<() => void> => entry.status === "fulfilled");
  for (const { value } of holders) value();
  assert.equal(holders.length, 1, `${holders.length} hold the folder`);
});

test("a lock ends with its process, even one that is killed, and leaves nothing behind", async () => {
  const before = readdirSync(tmpdir()).filter(isLeftover);
  const holder = new Racer();
  assert.equal(await holder.take(folder), "held");
  await assert.rejects(lockFolder(folder), StateError);
  await holder.kill();
  const release = await lockFolder(folder);
  release();
  assert.deepEqual(
    readdirSync(folder).filter((name) => process.platform === "linux" || name !== LOCK_FILE),
    [],
  );
  assert.deepEqual(readdirSync(tmpdir()).filter(isLeftover), before);
});

test("if two processes try for a folder whose holder was killed, one gets it, whatever TMPDIR is: 60 pairs", async () => {
  const folders = Array.from({ length: 60 }, (_, index) => join(folder, String(index)));
  const elsewhere = join(folder, "tmp");
  mkdirSync(elsewhere, { recursive: true });
  const holder = new Racer();
  for (const path of folders) assert.equal(await holder.take(path), "held");
  await holder.kill();
  const racers = [new Racer(), new Racer(), new Racer(elsewhere)];
  const ends: string[] = [];
  for (const [index, path] of folders.entries()) {
    const pair = index % 2 === 0 ? racers.slice(0, 2) : racers.slice(1);
    ends.push((await Promise.all(pair.map((racer) => racer.take(path)))).sort().join(" and "));
  }
  await Promise.all(racers.map((racer) => racer.kill()));
  assert.deepEqual(
    ends,
    folders.map(() => "held and refused"),
  );
});

test("of 20 processes at once, each with a TMPDIR of its own, one gets a folder whose holder was killed", async () => {
  mkdirSync(folder);
  const racers = Array.from({ length: 20 }, (_, index) => {
    const temporary = join(parent, `tmp${index}`);
    mkdirSync(temporary);
    return new Racer(temporary);
  });
  const ends: string[] = [];
  for (let round = 0; round < 5; round++) {
    const path = join(folder, String(round));
    const holder = new Racer();
    assert.equal(await holder.take(path), "held");
    await holder.kill();
    const answers = await Promise.all(racers.map((racer) => racer.take(path)));
    ends.push(`${answers.filter((answer) => answer === "held").length} of ${answers.length}`);
  }
  await Promise.all(racers.map((racer) => racer.kill()));
  assert.deepEqual(
    ends,
    Array.from({ length: 5 }, () => "1 of 20"),
  );
});

/** A process that locks a folder, and holds the lock. */
class Racer {
  readonly #child: ChildProcess;
  readonly #answers: ((answer: string) => void)[] = [];

  constructor(temporary = tmpdir()) {
    const script = `import { lockFolder } from ${JSON.stringify(`file://${ROOT}/dist/node/hal/boards/sim/lock.js`)};
      process.on("message", (folder) => lockFolder(folder).then(() => process.send("held"), () => process.send("refused")));`;
    const stdio = ["ignore", "inherit", "inherit", "ipc"] as const;
    this.#child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: [...stdio],
      env: { ...process.env, TMPDIR: temporary },
    });
    this.#child.on("message", (answer) => this.#answers.shift()?.(String(answer)));
  }

  take(path: string): Promise<string> {
    return new Promise((resolve) => {
      this.#answers.push(resolve);
      this.#child.send(path);
    });
  }

  kill(): Promise<void> {
    return new Promise((resolve) => {
      this.#child.once("exit", () => resolve());
      this.#child.kill("SIGKILL");
    });
  }
}

function isLeftover(name: string): boolean {
  return name.endsWith(".sock") && name.startsWith("device/main");
}
