import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { PatchedCopy } from "../support/patched-copy.js";
import { ROOT } from "../support/root.js";
import { type Catcher, PLANTED as PLANTED_UPDATE, type PlantedBug } from "./planted.js";
import { PLANTED_COMPONENTS } from "./planted-components.js";
import { PLANTED_PACKAGES } from "./planted-packages.js";
import { PLANTED_PLANS } from "./planted-plans.js";
import { PLANTED_SEALS } from "./planted-seal.js";
import { PLANTED_STAGING } from "./planted-staging.js";

const PLANTED: readonly PlantedBug[] = [
  ...PLANTED_UPDATE,
  ...PLANTED_PLANS,
  ...PLANTED_STAGING,
  ...PLANTED_COMPONENTS,
  ...PLANTED_SEALS,
  ...PLANTED_PACKAGES,
];

/** Enough for each cut of a whole job, and for a second cut after many of them. */
const TRANSITIONS = 10_000;
const INPUTS = 10_000;
const TIMEOUT_MS = 120_000;

/** The npm scripts that find these bugs too, for somebody who runs them by hand. */
const COMMANDS = [
  {
    script: "test:crash",
    bug: "a block that a cut may have begun is not erased",
    options: ["--scene", "update", "--max-transitions", "5000"],
  },
  {
    script: "test:fault",
    bug: "a mismatch of MD5 is passed over",
    options: ["--chip", "small", "--runs", "1", "--seed", "1"],
  },
  {
    script: "test:fuzz",
    bug: "a URL may hold the end of a line",
    options: ["--target", "url", "--inputs", String(INPUTS), "--seed", "1"],
  },
] as const;

/**
 * A test that has never failed may be unable to fail. Each of these mistakes must be found, and by the test that is
 * there for it.
 */
describe("a planted bug is caught", () => {
  let copy: PatchedCopy;
  before(() => {
    copy = new PatchedCopy("planted");
  });
  after(() => copy.remove());

  // One of each kind: `npm test` runs all of these tests, scenes and targets by itself too.
  test("without a planted bug nothing is reported", async () => {
    const quiet = new Map(PLANTED.map(({ caughtBy }) => [Object.keys(caughtBy).join(), caughtBy]));
    assert.equal(quiet.size, 3);
    for (const catcher of quiet.values()) {
      assert.deepEqual(await ringing(copy, catcher), [], JSON.stringify(commandOf(catcher)));
    }
  });

  for (const bug of PLANTED) {
    test(bug.name, async () => {
      const rung = await copy.withSource(bug.file, plant(bug), () => ringing(copy, bug.caughtBy));
      const wanted = "says" in bug.caughtBy ? bug.caughtBy.says : bug.caughtBy.named;
      assert.ok(
        rung.some((each) => wanted.test(each)),
        `rung: ${rung.slice(0, 5).join(" | ") || "nothing"}`,
      );
    });
  }

  for (const { bug, script, options } of COMMANDS) {
    test(`npm run ${script} fails then, and prints what repeats exactly that run`, async () => {
      const found = PLANTED.find(({ name }) => name === bug) as PlantedBug;
      const main = `test/${script.slice("test:".length)}/main.js`;
      await copy.withSource(found.file, plant(found), async () => {
        const { failed, stdout } = await run(copy, [main, ...options]);
        assert.ok(failed, stdout);
        const lines = stdout.trimEnd().split("\n");
        const { violations } = JSON.parse(lines.at(-1) ?? "") as { violations: number };
        const said = lines.filter((line) => line.startsWith("violation "));
        assert.equal(said.length, violations);
        const repetition = lines.find((line) => line.startsWith(`repeat it: npm run ${script} -- `)) ?? "";
        const repeated = await run(copy, [main, ...wordsOf(repetition.split(" -- ")[1] ?? "")]);
        assert.ok(repeated.failed, `${repetition}: ${repeated.stdout}`);
        const what = /^violation.*?: (.*)$/m.exec(repeated.stdout)?.[1] ?? "";
        assert.ok(what !== "" && said[0]?.endsWith(what), `${said[0]}, and then ${repeated.stdout}`);
      });
    });
  }
});

test("a patch whose text is gone, or there twice, is an error", () => {
  const bug = PLANTED[0] as PlantedBug;
  assert.throws(() => plant({ ...bug, find: "no such text" }), /0 times/);
  assert.throws(() => plant({ ...bug, find: "return" }), /[0-9]+ times/);
});

/** @returns the source with the mistake in it */
function plant({ file, find, replace }: PlantedBug): string {
  const text = readFileSync(join(ROOT, file), "utf8");
  const parts = text.split(find);
  if (parts.length !== 2) throw new Error(`${file} holds the text of the patch ${parts.length - 1} times: ${find}`);
  return parts.join(replace);
}

function commandOf(catcher: Catcher): string[] {
  if ("scene" in catcher) return ["test/alarms/scene.js", catcher.scene, String(TRANSITIONS)];
  if ("fuzz" in catcher) {
    return ["test/fuzz/main.js", "--target", catcher.fuzz, "--inputs", String(INPUTS), "--seed", "1"];
  }
  return ["--test-reporter=tap", `--test-name-pattern=${catcher.named.source}`, catcher.test];
}

/** @returns what a catcher finds wrong with the code as it is in the copy: violations, or the names of failed tests */
async function ringing(copy: PatchedCopy, catcher: Catcher): Promise<string[]> {
  const { stdout, failed } = await run(copy, commandOf(catcher));
  if ("scene" in catcher) {
    assert.ok(!failed, `the closure broke down: ${stdout}`);
    return stdout.split("\n").filter((line) => line !== "");
  }
  if ("fuzz" in catcher) return stdout.split("\n").filter((line) => line.startsWith("violation"));
  return [...stdout.matchAll(/^ *not ok [0-9]+ - (.*)$/gm)].map(([, name = ""]) => name);
}

/** @returns the words of a command's line, as a shell takes it apart */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

function run(copy: PatchedCopy, command: readonly string[]): Promise<{ stdout: string; failed: boolean }> {
  return new Promise((resolve) => {
    // Otherwise the child would send its results to our own test runner.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const options = {
      cwd: copy.folder,
      env,
      timeout: TIMEOUT_MS,
      killSignal: "SIGKILL",
      maxBuffer: 64 * 1024 * 1024,
    } as const;
    execFile(process.execPath, command, options, (error, stdout, stderr) =>
      resolve({ stdout: error === null ? stdout : `${stdout}${stderr}`, failed: error !== null }),
    );
  });
}
