import { MAX_RECORD_LENGTH } from "../../src/package/format.js";
import type { SeededRandom } from "./seed.js";

/**
 * Changes a record in place.
 *
 * @param record room for the longest one
 * @returns its length
 */
export function changeRecord(random: SeededRandom, record: Uint8Array, length: number): number {
  for (let changes = random.integer(1, 6); changes > 0; changes--) {
    const at = random.integer(0, length);
    switch (random.integer(0, 4)) {
      case 0:
        record[at] = (record[at] as number) ^ (1 << random.integer(0, 8));
        break;
      case 1:
        record[at] = random.integer(0, 256);
        break;
      case 2:
        record.fill(random.fraction() < 0.5 ? 0 : 0xff, at, length);
        break;
      case 3:
        length = random.integer(1, MAX_RECORD_LENGTH + 1);
    }
  }
  return length;
}
