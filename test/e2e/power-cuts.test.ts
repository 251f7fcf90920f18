import assert from "node:assert/strict";
import type { Bench } from "../support/bench.js";
import { imageOf } from "../support/bench.js";
import { testOnEngines } from "../support/engines.js";
import { assertSameBytes } from "../support/same-bytes.js";
import { REPEAT, SeededRandom } from "../support/seed.js";
import { withBench } from "../support/with-bench.js";

const BLOCK = 4096;
/** About what a small update takes from the agent's start to the restart, on either engine, in milliseconds. */
const UPDATE_MS = 120;

/** Cuts the power once `condition` holds, and comes back. */
async function cutWhen(bench: Bench, what: string, condition: () => boolean): Promise<void> {
  await bench.until(what, condition);
  bench.board.cutPower();
  await new Promise((resolve) => setTimeout(resolve, 10));
  bench.board.powerOn();
}

/** Bytes of image that the requests asked for beyond the image itself. */
function fetchedAgain(bench: Bench): number {
  const { requests } = bench.server;
  let again = 0;
  for (const [index, { headers }] of requests.entries()) {
    if (index === 0) continue;
    const start = Number(/^bytes=([0-9]+)-$/.exec(headers.range ?? "bytes=0-")?.[1]);
    again += Math.max(0, (bench.programmed[index - 1] ?? 0) - start);
  }
  return again;
}

testOnEngines("a cut in the middle of the download costs at most one block", (engine) =>
  withBench({ engine, image: imageOf("0.2.0", 512 * 1024) }, async (bench) => {
    bench.server.behaviours = [{ stallAfter: 300_000 }];
    bench.platform.pending = () => bench.offer();
    bench.board.powerOn();
    await cutWhen(bench, "300000 bytes", () => bench.progress >= 290_000);
    await bench.ended();
    assert.equal(bench.slots().running.version, "0.2.0");
    assertSameBytes(bench.slot("ota_1", bench.image.byteLength), bench.image);
    assert.equal(bench.server.requests.length, 2);
    assert.ok(fetchedAgain(bench) <= BLOCK, `${fetchedAgain(bench)} bytes again`);
    const percents = bench.platform.words().filter((word) => word.startsWith("downloading"));
    assert.equal(
      percents.filter((word) => word === "downloading 0").length,
      1,
      "a resumed download does not begin at 0",
    );
  }),
);

testOnEngines("a cut while on trial reverts, and the old firmware reports it", (engine) =>
  withBench({ engine }, async (bench) => {
    bench.platform.pending = () => bench.offer();
    bench.onAgent = () => {
      if (bench.boots.length !== 2) return;
      bench.platform.pending = undefined;
      setImmediate(() => {
        bench.board.cutPower();
        bench.board.powerOn();
      });
    };
    bench.board.powerOn();
    await bench.ended();
    assert.deepEqual(bench.boots, ["ota_0", "ota_1", "ota_0"]);
    await bench.until("version", () => bench.platform.words().at(-1) === "version 0.1.0");
    assert.equal(bench.platform.words().at(-2), "fail -5 restarted during its trial, reverted");
    assert.deepEqual(bench.slots().running, { slot: "ota_0", version: "0.1.0", state: "valid" });
  }),
);

testOnEngines("a cut before the result is acknowledged repeats the same result, and not after", (engine) =>
  withBench({ engine }, async (bench) => {
    bench.platform.pending = () => bench.offer();
    bench.board.powerOn();
    await bench.until("done", () => {
      if (bench.platform.words().includes("burning")) bench.platform.acknowledging = false;
      return bench.platform.words().includes("done");
    });
    bench.board.cutPower();
    bench.platform.acknowledging = true;
    bench.board.powerOn();
    await bench.until("version", () => bench.platform.words().at(-1) === "version 0.2.0");
    const copies = bench.platform.reports.filter(({ text }) => text.includes('"done"')).map(({ text }) => text);
    assert.ok(copies.length === 2 && copies[0] === copies[1], copies.join());
    bench.board.cutPower();
    bench.platform.reports.length = 0;
    bench.board.powerOn();
    await bench.until("version", () => bench.platform.words().length > 0);
    assert.deepEqual(bench.platform.words(), ["version 0.2.0"]);
  }),
);

testOnEngines("after the power comes back another image is begun at its first byte", (engine) =>
  withBench({ engine, image: imageOf("0.2.0", 300 * 1024) }, async (bench) => {
    bench.server.behaviours = [{ stallAfter: 200_000 }];
    bench.platform.pending = () => bench.offer();
    bench.board.powerOn();
    await bench.until("200000 bytes", () => bench.progress >= 190_000);
    bench.board.cutPower();
    const other = imageOf("0.3.0", 300 * 1024, 3);
    bench.server.file = other;
    bench.platform.pending = () => bench.offer("0.3.0");
    bench.board.powerOn();
    await bench.ended();
    assert.equal(bench.slots().running.version, "0.3.0");
    assert.equal(bench.server.requests[1]?.headers.range, undefined);
    assertSameBytes(bench.slot("ota_1", other.byteLength), other);
  }),
);

testOnEngines(
  `twenty updates with cuts at random moments end well (${REPEAT})`,
  async (engine) => {
    const random = new SeededRandom();
    for (let round = 0; round < 20; round++) {
      const size = 16 * random.integer(1000, 30_000);
      await withBench({ engine, image: imageOf("0.2.0", size, round) }, async (bench) => {
        bench.platform.pending = () => bench.offer();
        bench.board.powerOn();
        const cuts = random.integer(1, 6);
        for (let cut = 0; cut < cuts; cut++) {
          const delayMs = random.fraction() * UPDATE_MS;
          await bench.until("agent", () => bench.agent !== undefined);
          await new Promise((resolve) => setTimeout(resolve, delayMs));
          bench.board.cutPower();
          bench.board.powerOn();
        }
        await bench.ended();
        // A revert may be followed by the next job at once.
        await bench.until("a settled board", () => {
          const told = bench.platform.words().at(-1)?.startsWith("version") === true;
          return told && bench.slots().running.state === "valid" && bench.checkpoint() === undefined;
        });
        const { running } = bench.slots();
        const updated = running.version === "0.2.0";
        const where = `round ${round}, ${size} bytes, ${REPEAT}\n${bench.platform.words().join("\n")}`;
        const results = bench.platform.words().filter((word) => word === "done" || word.startsWith("fail"));
        assert.equal(running.state, "valid", where);
        // After a revert another cut makes the old firmware report its version, and the platform offer the update anew.
        assert.ok(
          results.every((word) => word === "done" || word.endsWith("reverted")),
          where,
        );
        assert.equal(results.at(-1) === "done", updated, where);
        if (updated) assertSameBytes(bench.slot(running.slot, size), bench.image);
      });
    }
  },
  { timeout: 300_000 },
);
