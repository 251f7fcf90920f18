/** Least part of a slot that an image must leave: a slot cannot grow by an update, and images do. */
export const LEAST_FREE_PERCENT = 5;

export interface Room {
  readonly byteLength: number;
  readonly slotLength: number;
  readonly freePercent: number;
}

/**
 * @param image.byteLength   bytes of the application image
 * @param image.slotLength   bytes of each OTA slot
 * @param image.isEstimate   it was not built: the error says so
 * @throws Error if it leaves less than LEAST_FREE_PERCENT of its slot, with what to do
 */
export function checkRoom({ byteLength, slotLength, isEstimate }: { byteLength: number; slotLength: number; isEstimate: boolean }): Room {
  const freePercent = Math.floor(((slotLength - byteLength) * 1000) / slotLength) / 10;
  if (freePercent >= LEAST_FREE_PERCENT) return { byteLength, slotLength, freePercent };
  const size = `the image has ${count(byteLength)} bytes${isEstimate ? " by estimate" : ""}`;
  const left = freePercent < 0 ? `does not fit its slot of ${count(slotLength)}` : `leaves ${freePercent} % of its slot of ${count(slotLength)}`;
  throw new Error(
    `${size} and ${left}: at least ${LEAST_FREE_PERCENT} % must stay, for a slot cannot grow by an update. ` +
      "Take a larger table (--partitions), or leave out what docs/board.md lists under Room",
  );
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
