import type { OtaData } from "./ota-data.js";

export interface BootChoiceOptions {
  readonly otaData: OtaData;
  readonly slotCount: number;
  /** Whether the image in a slot passes the checks of `esp_image_verify`. */
  isBootable(slot: number): boolean;
  /** Whether anti-rollback lets a slot boot. Absent: it is off. */
  isNewEnough?(slot: number): boolean;
}

/**
 * Chooses as ESP-IDF's second-stage boot loader does if rollback and image validation are on: an image that is still on
 * trial is aborted, a new one goes on trial, and an image that does not verify is skipped. It writes otadata as the
 * boot loader does.
 *
 * @returns index of the slot that runs
 * @throws Error if no slot holds a bootable image
 */
export function chooseBootSlot(options: BootChoiceOptions): number {
  const { otaData, slotCount } = options;
  const isNewEnough = (slot: number): boolean => options.isNewEnough?.(slot) !== false;
  otaData.endTrials();
  const active = otaData.active(isNewEnough);
  const entry = active < 0 ? undefined : otaData.read(active);
  if (entry?.state === "new") otaData.write(active, { sequence: entry.sequence, state: "pending-verify" });
  const selected = entry === undefined ? 0 : otaData.slotOf(entry);

  const running = bootOrder(selected, slotCount).find((slot) => isNewEnough(slot) && options.isBootable(slot));
  if (running === undefined) throw new Error("no slot holds a bootable image");
  const initial = [0, 1].every((index) => otaData.asksForNone(index) && otaData.read(index) === undefined);
  if (initial) otaData.write(0, { sequence: running + 1, state: "valid" });
  return running;
}

/** The order in which slots are tried: from the selected one down to the first, then from the selected one upwards. */
function bootOrder(selected: number, count: number): number[] {
  const order: number[] = [];
  for (let index = selected; index >= 0; index--) order.push(index);
  for (let index = selected + 1; index < count; index++) order.push(index);
  return order;
}
