import childProcess from "node:child_process";
import { readdirSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import { join, relative } from "node:path";
import { describe } from "node:test";
import { pathToFileURL } from "node:url";
import { ROOT } from "../support/root.js";

/**
 * `npm run test:unit`: the tests of these folders, all in one process. `node --test` has a process for each file, which
 * costs more than most of the tests. `npm test` runs every folder.
 */
const FOLDERS = ["arch", "machine", "unit"];

/** Files and folders whose tests need a socket, an engine, a compiler or another process. */
const LEFT_OUT = [
  "test/unit/bench/",
  "test/unit/cli/cloud/",
  "test/unit/cli/command-line.test.ts",
  "test/unit/cli/files.test.ts",
  "test/unit/cli/progress.test.ts",
  "test/unit/cloud/",
  "test/unit/esp32/",
  "test/unit/hal-ecma419/connector-tls.test.ts",
  "test/unit/sim/board.test.ts",
  "test/unit/sim/lock.test.ts",
  "test/unit/sim/tcp.test.ts",
  "test/unit/sim/tls",
  "test/unit/xs/",
];

/** Thousands of random power cuts, scenes and texts: they take half as long as all the others together. */
const LONG = [
  "test/unit/gateway/upheavals.test.ts",
  "test/unit/lib/utf8.test.ts",
  "test/unit/package/mutated.test.ts",
  "test/unit/package/round-trip.test.ts",
  "test/unit/sim/nvs-power-cut.test.ts",
];

/** Makes a call fail that would slow down this run of all tests. */
function forbid(object: object, names: readonly string[]): void {
  for (const name of names) {
    const refuse = (): never => {
      throw new Error(
        `${name}: npm run test:unit has no sockets and no other processes; leave this file out in test/unit/main.ts`,
      );
    };
    Object.defineProperty(object, name, { value: refuse, configurable: true, writable: true });
  }
}

forbid(net.Socket.prototype, ["connect"]);
forbid(net.Server.prototype, ["listen"]);
forbid(childProcess, ["exec", "execFile", "execFileSync", "execSync", "fork", "spawn", "spawnSync"]);
syncBuiltinESMExports();

// The list comes from the sources: compiled files of a test that was renamed may still be there.
const tests = FOLDERS.flatMap((folder) => {
  const entries = readdirSync(join(ROOT, "test", folder), { recursive: true, withFileTypes: true });
  return entries
    .filter(({ name }) => name.endsWith(".test.ts"))
    .map(({ parentPath, name }) => relative(ROOT, join(parentPath, name)));
}).filter((file) => ![...LEFT_OUT, ...LONG].some((prefix) => file.startsWith(prefix)));

for (const file of tests.sort()) {
  const url = pathToFileURL(join(ROOT, "dist/node", file.replace(/\.ts$/, ".js"))).href;
  // A suite for each file: hooks at the top of a file hold for that file alone.
  describe(file, async () => {
    await import(url);
  });
}
