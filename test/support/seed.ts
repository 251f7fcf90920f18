import { SeededRandom as Seeded } from "../../hal/boards/sim/seeded-random.js";

/** The seed of this run: `TEST_SEED` repeats another one. */
export const SEED =
  process.env["TEST_SEED"] === undefined ? (Math.random() * 0x100000000) >>> 0 : Number(process.env["TEST_SEED"]);

/** Put into the message of a failing test. */
export const REPEAT = `repeat with TEST_SEED=${SEED}`;

/** A random source that is a function of its seed: that of the run by default. */
export class SeededRandom extends Seeded {
  constructor(seed: number = SEED) {
    super(seed);
  }
}
