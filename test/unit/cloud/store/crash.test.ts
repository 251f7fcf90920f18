import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { FleetStore } from "../../../../cloud/store/fleet-store.js";
import { withFolder } from "../../../support/folder.js";
import { STORE_PROCESS } from "./store-process.js";

interface Started {
  readonly child: ChildProcess;
  /** Whole lines, as far as they have come. */
  lines(): string[];
  readonly ended: Promise<void>;
}

function start(...args: string[]): Started {
  const child = spawn(process.execPath, [STORE_PROCESS, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (bytes: Buffer) => (text += bytes.toString()));
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  return { child, lines: () => text.split("\n").slice(0, -1), ended };
}

async function until(started: Started, line: string): Promise<void> {
  for (let tries = 0; !started.lines().includes(line); tries += 1) {
    assert.ok(tries < 4000, `no line ${line}: ${started.lines().join()}`);
    await sleep(5);
  }
}

test("kill -9 at any moment: what was said to be stored is there, and no work is there by half", () =>
  withFolder(async (folder) => {
    let seed = Number(process.env["SEED"] ?? 20_261_130);
    process.stdout.write(`# SEED=${seed}\n`);
    const stored = new Set<string>();
    let next = 0;
    for (let round = 0; round < 20; round += 1) {
      const writer = start("write", folder, String(next));
      await until(writer, "begun");
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      // However slow this machine is now, something was stored by then.
      const least = 1 + ((seed >>> 8) % 20);
      while (writer.lines().length <= least && writer.child.exitCode === null) await sleep(1);
      await sleep((seed >>> 16) % 20);
      writer.child.kill("SIGKILL");
      await writer.ended;
      for (const line of writer.lines().slice(1)) stored.add(line);
      next += 100_000;
      const store = await FleetStore.open({ folder });
      for (const number of stored) {
        assert.equal(await store.tables.settings.get(`a ${number}`), number, `round ${round}: ${number} is lost`);
      }
      for (let number = next - 100_000; number < next - 90_000; number += 1) {
        const [a, b] = [await store.tables.settings.get(`a ${number}`), await store.tables.settings.get(`b ${number}`)];
        assert.equal(a, b, `round ${round}: half of ${number}`);
        if (a === undefined) break;
      }
      await store.close();
    }
    assert.ok(stored.size > 100, `only ${stored.size} were stored`);
  }));

test("of 20 processes that want a folder at once, one gets it, and the others name it; kill -9 sets it free", () =>
  withFolder(async (folder) => {
    const all = Array.from({ length: 20 }, () => start("hold", folder));
    try {
      for (let tries = 0; all.some(({ lines }) => lines().length === 0); tries += 1) {
        assert.ok(tries < 8000, "no answer");
        await sleep(5);
      }
      const holders = all.filter(({ lines }) => lines()[0] === "held");
      assert.equal(holders.length, 1);
      for (const other of all.filter((each) => each !== holders[0])) {
        assert.equal(other.lines()[0], `${folder} is in use by process ${holders[0]?.child.pid}: stop it first`);
      }
      holders[0]?.child.kill("SIGKILL");
      await holders[0]?.ended;
      await (await FleetStore.open({ folder })).close();
    } finally {
      for (const { child } of all) child.kill("SIGKILL");
    }
  }));

test("a file that may not grow is a full disk: the process lives and says so, and what was stored can be read", () =>
  withFolder((folder) => {
    const command = `ulimit -f 1000; exec "${process.execPath}" "${STORE_PROCESS}" fill "${folder}"`;
    const lines = execFileSync("/bin/bash", ["-c", command], { encoding: "utf8" }).split("\n");
    assert.match(lines[0] ?? "", /^(full full|io io)$/);
    assert.equal(lines[1], "4000");
  }));
