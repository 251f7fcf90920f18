import { devices, type NewDeviceSecret, products } from "../../api/cloud.js";
import type { NewDevicesPlan } from "./new-devices-form.js";

export interface AddedDevices {
  /** With their secrets, but for those of certificates. */
  readonly added: readonly NewDeviceSecret[];
  /** Known before; they keep their secrets, which are not shown again. */
  readonly known: readonly NewDeviceSecret[];
  /** What stopped it, if not all were asked for. The secrets of those that were added are here all the same. */
  readonly error?: unknown;
}

/**
 * Asks the cloud for what a form wants, lot by lot.
 *
 * @param onProgress is called with how many devices were asked for
 * @throws ApiError if the product or the first lot is refused: then nothing was added
 */
export async function addDevices(plan: NewDevicesPlan, onProgress: (count: number) => void): Promise<AddedDevices> {
  if (plan.product !== undefined) await products.set(plan.product);
  if (plan.devices.kind === "count") {
    const { productId, prefix, count } = plan.devices;
    return sorted(await devices.addCount({ productId, prefix, count }));
  }
  const answers: NewDeviceSecret[] = [];
  for (const lot of plan.devices.lots) {
    try {
      answers.push(...(await devices.addBatch(lot)));
    } catch (error) {
      if (answers.length === 0) throw error;
      return { ...sorted(answers), error };
    }
    onProgress(answers.length);
  }
  return sorted(answers);
}

function sorted(answers: readonly NewDeviceSecret[]): AddedDevices {
  return {
    added: answers.filter(({ added }) => added !== false),
    known: answers.filter(({ added }) => added === false),
  };
}
