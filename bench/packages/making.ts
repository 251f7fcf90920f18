import { readFileSync, writeFileSync } from "node:fs";
import { makePackage } from "../../cloud/delta/make-package.js";

/** What `making.js OLD NEW PACKAGE` prints, as JSON: a process of its own, so that its memory is what making takes. */
export interface MakingCost {
  /** Of the processor. */
  readonly seconds: number;
  /** Most memory in use, Node itself and both images included. */
  readonly bytes: number;
}

const KIB = 1024;

/** @param old an empty file for an image that is compressed */
async function main([old = "", fresh = "", output = ""]: readonly string[]): Promise<void> {
  const [base, result] = [readFileSync(old), readFileSync(fresh)];
  const before = process.cpuUsage();
  const bytes = await makePackage({
    base: base.byteLength === 0 ? undefined : { bytes: base, version: "1" },
    result: { bytes: result, version: "2" },
    chipId: 0,
  });
  const { user, system } = process.cpuUsage(before);
  writeFileSync(output, bytes);
  const cost: MakingCost = { seconds: (user + system) / 1e6, bytes: process.resourceUsage().maxRSS * KIB };
  process.stdout.write(JSON.stringify(cost));
}

await main(process.argv.slice(2));
