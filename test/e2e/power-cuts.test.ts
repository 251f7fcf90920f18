import assert from "node:assert/strict";
import type { TestBed } from "../support/test-bed.js";
import { DEVICE, imageOf } from "../support/test-bed.js";
import { testOnEngines } from "../support/engines.js";
import { assertSameBytes } from "../support/same-bytes.js";
import { REPEAT, SeededRandom } from "../support/seed.js";
import { withTestBed } from "../support/with-test-bed.js";

const BLOCK = 4096;
/** About what a small update takes from the agent's start to the restart, on either engine, in milliseconds. */
const UPDATE_MS = 120;

/** Cuts the power once `condition` holds, and switches it on again. */
async function cutWhen(bed: TestBed, what: string, condition: () => boolean): Promise<void> {
  await bed.until(what, condition);
  bed.board.cutPower();
  await new Promise((resolve) => setTimeout(resolve, 10));
  bed.board.powerOn();
}

/** Bytes of image that the requests asked for beyond the image itself. */
function fetchedAgain(bed: TestBed): number {
  const { requests } = bed.server;
  let again = 0;
  for (const [index, { headers }] of requests.entries()) {
    if (index === 0) continue;
    const start = Number(/^bytes=([0-9]+)-$/.exec(headers.range ?? "bytes=0-")?.[1]);
    again += Math.max(0, (bed.programmed[index - 1] ?? 0) - start);
  }
  return again;
}

testOnEngines("a cut in the middle of the download costs at most one block", (engine) =>
  withTestBed({ engine, image: imageOf("0.2.0", 512 * 1024) }, async (bed) => {
    bed.server.behaviours = [{ stallAfter: 300_000 }];
    bed.platform.pending = () => bed.offer();
    bed.board.powerOn();
    await cutWhen(bed, "300000 bytes", () => bed.progress >= 290_000);
    await bed.ended();
    assert.equal(bed.slots().running.version, "0.2.0");
    assertSameBytes(bed.slot("ota_1", bed.image.byteLength), bed.image);
    assert.equal(bed.server.requests.length, 2);
    assert.ok(fetchedAgain(bed) <= BLOCK, `${fetchedAgain(bed)} bytes again`);
    const percents = bed.platform.words().filter((word) => word.startsWith("downloading"));
    assert.equal(
      percents.filter((word) => word === "downloading 0").length,
      1,
      "a resumed download does not begin at 0",
    );
  }),
);

testOnEngines("a cut while on trial reverts, and the old firmware reports it", (engine) =>
  withTestBed({ engine }, async (bed) => {
    bed.platform.pending = () => bed.offer();
    bed.onAgent = () => {
      if (bed.boots.length !== 2) return;
      bed.platform.pending = undefined;
      setImmediate(() => {
        bed.board.cutPower();
        bed.board.powerOn();
      });
    };
    bed.board.powerOn();
    await bed.ended();
    assert.deepEqual(bed.boots, ["ota_0", "ota_1", "ota_0"]);
    await bed.until("version", () => bed.platform.words().at(-1) === "version 0.1.0");
    assert.equal(bed.platform.words().at(-2), "fail -5 restarted during its trial, reverted");
    assert.deepEqual(bed.slots().running, { slot: "ota_0", version: "0.1.0", state: "valid" });
  }),
);

testOnEngines("an image whose trial was cut is installed from flash if it is offered again", (engine) =>
  withTestBed({ engine }, async (bed) => {
    bed.platform.pending = () => bed.offer();
    bed.onAgent = () => {
      if (bed.boots.length !== 2) return;
      bed.platform.pending = undefined;
      setImmediate(() => {
        bed.board.cutPower();
        bed.board.powerOn();
      });
    };
    bed.board.powerOn();
    await bed.until("failure", () => bed.platform.words().some((word) => word.startsWith("fail -5 restarted")));
    await bed.until("stored acknowledgement", () => bed.checkpoint()?.phase === "verified");
    const requests = bed.server.requests.length;
    bed.platform.offer(DEVICE, bed.offer());
    await bed.until("update", () => bed.platform.words().at(-1) === "version 0.2.0");
    assert.equal(bed.server.requests.length, requests, "nothing was fetched again");
    assert.ok(bed.logged.lines.includes("info update 0.2.0 is in ota_1 already"));
    assert.deepEqual(bed.slots().running, { slot: "ota_1", version: "0.2.0", state: "valid" });
  }),
);

testOnEngines("a cut before the result is acknowledged repeats the same result, and not after", (engine) =>
  withTestBed({ engine }, async (bed) => {
    bed.platform.pending = () => bed.offer();
    bed.board.powerOn();
    await bed.until("done", () => {
      if (bed.platform.words().includes("burning")) bed.platform.acknowledging = false;
      return bed.platform.words().includes("done");
    });
    bed.board.cutPower();
    bed.platform.acknowledging = true;
    bed.board.powerOn();
    await bed.until("version", () => bed.platform.words().at(-1) === "version 0.2.0");
    const copies = bed.platform.reports.filter(({ text }) => text.includes('"done"')).map(({ text }) => text);
    assert.ok(copies.length === 2 && copies[0] === copies[1], copies.join());
    bed.board.cutPower();
    bed.platform.reports.length = 0;
    bed.board.powerOn();
    await bed.until("version", () => bed.platform.words().length > 0);
    assert.deepEqual(bed.platform.words(), ["version 0.2.0"]);
  }),
);

testOnEngines("after the power comes back another image is begun at its first byte", (engine) =>
  withTestBed({ engine, image: imageOf("0.2.0", 300 * 1024) }, async (bed) => {
    bed.server.behaviours = [{ stallAfter: 200_000 }];
    bed.platform.pending = () => bed.offer();
    bed.board.powerOn();
    await bed.until("200000 bytes", () => bed.progress >= 190_000);
    bed.board.cutPower();
    const other = imageOf("0.3.0", 300 * 1024, 3);
    bed.server.file = other;
    bed.platform.pending = () => bed.offer("0.3.0");
    bed.board.powerOn();
    await bed.ended();
    assert.equal(bed.slots().running.version, "0.3.0");
    assert.equal(bed.server.requests[1]?.headers.range, undefined);
    assertSameBytes(bed.slot("ota_1", other.byteLength), other);
  }),
);

testOnEngines(
  `twenty updates with cuts at random moments end well (${REPEAT})`,
  async (engine) => {
    const random = new SeededRandom();
    for (let round = 0; round < 20; round++) {
      const size = 16 * random.integer(1000, 30_000);
      await withTestBed({ engine, image: imageOf("0.2.0", size, round) }, async (bed) => {
        bed.platform.pending = () => bed.offer();
        bed.board.powerOn();
        const cuts = random.integer(1, 6);
        for (let cut = 0; cut < cuts; cut++) {
          const delayMs = random.fraction() * UPDATE_MS;
          await bed.until("agent", () => bed.agent !== undefined);
          await new Promise((resolve) => setTimeout(resolve, delayMs));
          bed.board.cutPower();
          bed.board.powerOn();
        }
        await bed.ended();
        // The next job may follow a revert at once.
        await bed.until("a settled board", () => {
          const told = bed.platform.words().at(-1)?.startsWith("version") === true;
          return told && bed.slots().running.state === "valid" && bed.checkpoint() === undefined;
        });
        const { running } = bed.slots();
        const updated = running.version === "0.2.0";
        const where = `round ${round}, ${size} bytes, ${REPEAT}\n${bed.platform.words().join("\n")}`;
        const results = bed.platform.words().filter((word) => word === "done" || word.startsWith("fail"));
        assert.equal(running.state, "valid", where);
        // After a revert another cut makes the old firmware report its version, and the platform offer the update anew.
        assert.ok(
          results.every((word) => word === "done" || word.endsWith("reverted")),
          where,
        );
        assert.equal(results.at(-1) === "done", updated, where);
        if (updated) assertSameBytes(bed.slot(running.slot, size), bed.image);
      });
    }
  },
  { timeout: 300_000 },
);
