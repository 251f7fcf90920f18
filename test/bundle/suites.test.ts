import assert from "node:assert/strict";
import { test } from "node:test";
import { runNode } from "../support/node-process.js";

/**
 * Suites that pass on the sources must pass on what ships: libraries cut down, shims, names mangled, minified. The
 * end-to-end suite runs on what ships by itself, on the real engine.
 */
const SUITES = [
  ...["codec", "session", "session-traffic", "session-backlog", "session-waits"].map((name) => `unit/mqtt/${name}`),
  ...["digest", "verifier"].map((name) => `unit/image/${name}`),
];

for (const suite of SUITES) {
  test(`${suite} holds on the bundle`, async () => {
    const { code, stdout } = await runNode([
      "--import",
      "./dist/node/test/bundle/register.js",
      `./dist/node/test/${suite}.test.js`,
    ]);
    assert.equal(code, 0, stdout);
    assert.ok(Number(/^# pass (\d+)$/m.exec(stdout)?.[1] ?? 0) > 0, stdout);
    assert.match(stdout, /^# fail 0$/m);
  });
}
