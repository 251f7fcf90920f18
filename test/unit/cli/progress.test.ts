import assert from "node:assert/strict";
import { test } from "node:test";
import { runNode } from "../../support/node-process.js";
import { ROOT } from "../../support/root.js";

const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
const WRAP_OFF = "\x1b[?7l";
const WRAP_ON = "\x1b[?7h";

/** The output to a terminal of a process that shows progress and is then ended by a signal. */
async function shown(body: string, signal: string): Promise<{ code: number | null; stdout: string }> {
  const script = `import { createProgress, createProgressOf } from ${JSON.stringify(`file://${ROOT}/dist/node/cli/progress.js`)};
    process.stdout.isTTY = true;
    process.stdout.columns = 60;
    ${body}
    setInterval(() => {}, 1000);
    setTimeout(() => process.kill(process.pid, ${JSON.stringify(signal)}), 200);`;
  return runNode(["--input-type=module", "-e", script]);
}

for (const [what, body] of [
  ["one bar", "createProgress().update(10, 100);"],
  ["several bars", 'createProgressOf(["light1", "light2"]).update("light1", 10, 100);'],
] as const) {
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    test(`${what}: ${signal} ends the process, and leaves the terminal with its cursor and its wrapping of lines`, async () => {
      const ended = await shown(body, signal);
      assert.equal(ended.code, code);
      for (const [off, on] of [
        [HIDE_CURSOR, SHOW_CURSOR],
        [WRAP_OFF, WRAP_ON],
      ] as const) {
        assert.ok(ended.stdout.includes(off), "was changed");
        assert.ok(ended.stdout.lastIndexOf(on) > ended.stdout.lastIndexOf(off), JSON.stringify(ended.stdout));
      }
    });
  }
}

test("once a bar has stopped it handles no signal any more", async () => {
  const ended = await shown(
    `const count = () => ["exit", "SIGINT", "SIGTERM"].map((name) => process.listenerCount(name)).join();
    const before = count();
    const progress = createProgress();
    progress.update(10, 100);
    progress.stop();
    progress.update(20, 100);
    progress.stop();
    process.stdout.write(count() === before ? "as before\\n" : "listens\\n");
    process.once("SIGINT", () => process.exit(7));`,
    "SIGINT",
  );
  assert.equal(ended.code, 7);
  assert.match(ended.stdout, /^as before$/m);
});
