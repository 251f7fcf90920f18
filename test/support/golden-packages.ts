import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./root.js";

/*
 * Packages that were made once and are kept, so that no change of the code can change the format: boards in the field
 * decode it. The base is a function of nothing, see `goldenBase`.
 */
export interface Golden {
  readonly name: string;
  /** The package in base64. */
  readonly bytes: string;
  readonly resultLength: number;
  readonly resultHash: string;
}

export const GOLDEN = JSON.parse(readFileSync(join(ROOT, "test/fixtures/packages.json"), "utf8")) as Golden[];

/** 10,000 bytes of a linear congruential generator (Numerical Recipes). */
export function goldenBase(): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length: 10_000 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state >>> 24;
  });
}
