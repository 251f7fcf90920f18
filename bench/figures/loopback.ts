import { createHash } from "node:crypto";
import { get } from "node:http";
import { TestBed, DEVICE, imageOf } from "../../test/support/test-bed.js";
import { NODE } from "../../test/support/engines.js";
import type { Figure, Row } from "./figure.js";
import { MIB } from "./updates.js";

const RUNS = 8;

/** Compares an update with a plain GET of the same file and its MD5, over real sockets in this process. */
export const LOOPBACK: Figure = { name: "loopback", slow: true, measure };

async function measure(): Promise<Row[]> {
  const [updates, plain]: [number[], number[]] = [[], []];
  for (let run = 0; run < RUNS; run++) {
    const bed = await TestBed.start({ engine: NODE, image: imageOf("0.2.0", MIB) });
    try {
      plain.push(await plainGetMs(bed.server.url, bed.server.md5));
      updates.push(await updateMs(bed));
    } finally {
      await bed.stop();
    }
  }
  // Other work of the machine can only make a run longer, so the shortest runs are compared.
  const value = Math.min(...updates) / Math.min(...plain);
  return [
    { name: `update over loopback, against a plain GET (best of ${RUNS} each; wanted: 3)`, value, unit: "times" },
  ];
}

/**
 * @returns milliseconds from the offer until the agent has verified the image in flash; the boot loader's check follows
 */
async function updateMs(bed: TestBed): Promise<number> {
  let [offeredAt, verifiedAt] = [0, 0];
  bed.onAgent = (agent) =>
    agent.on("state", ({ to }) => {
      if (to === "downloading") offeredAt = performance.now();
      if (to === "applying") verifiedAt = performance.now();
    });
  bed.board.powerOn();
  await bed.until("version report", () => bed.platform.reports.length > 0);
  bed.platform.offer(DEVICE, bed.offer());
  await bed.until("verified image", () => verifiedAt > 0);
  return verifiedAt - offeredAt;
}

function plainGetMs(url: string, md5: string): Promise<number> {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    get(url, (response) => {
      const hash = createHash("md5");
      response.on("data", (piece: Buffer) => hash.update(piece));
      response.on("end", () => {
        if (hash.digest("hex") === md5) resolve(performance.now() - start);
        else reject(new Error("the plain GET brought another file"));
      });
    }).on("error", reject);
  });
}
