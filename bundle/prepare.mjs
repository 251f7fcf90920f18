import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/*
 * `npm run prepare`, which `npm ci` runs too: compiles and bundles. After an installation it says what it does, for it
 * takes a minute, and what became of the XS engine, which npm leaves out without a word if it cannot be built.
 */

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const isRunByHand = /^run/.test(process.env["npm_command"] ?? "run");

say("compiling TypeScript");
run("typescript", "bin/tsc", "-b");
say("bundling for boards and for Node");
run("rollup", "dist/bin/rollup", "-c", "--silent");
if (!isRunByHand) {
  const { findWorker } = await import(
    pathToFileURL(join(ROOT, "dist", "node", "hal", "boards", "xs", "files.js")).href
  );
  say(engineOf(findWorker));
}

/** On standard error: what a command prints is for whoever reads its output. */
function say(line) {
  if (!isRunByHand) process.stderr.write(`moddable-ota: ${line}\n`);
}

function run(name, program, ...args) {
  const { status } = spawnSync(process.execPath, [join(packageFolder(name), program), ...args], {
    cwd: ROOT,
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
}

function packageFolder(name) {
  for (let folder = ROOT; ; folder = dirname(folder)) {
    const found = join(folder, "node_modules", name);
    if (existsSync(found)) return found;
    if (folder === dirname(folder)) throw new Error(`${name} is missing: run npm ci`);
  }
}

function engineOf(findWorker) {
  try {
    findWorker();
    return "the XS engine is built";
  } catch (error) {
    if (error.name !== "XsMissing") throw error;
    return `${error.message}. All works without it but the tests on XS`;
  }
}
