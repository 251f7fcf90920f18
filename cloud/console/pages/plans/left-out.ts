import type { DeviceView } from "../../../operator/types.js";

type Name = Pick<DeviceView, "productId" | "deviceName">;

/** Reasons of devices that are in the plan: they are left out of nothing. */
const OWN: ReadonlySet<string> = new Set([
  "open-task-of-plan",
  "already-done-by-this-plan",
  "already-tried-by-this-plan",
]);

/** @returns the devices that are left out, grouped by reason, the largest group first */
export function leftGroups(byReason: { readonly [reason: string]: number }): readonly (readonly [string, number])[] {
  return Object.entries(byReason)
    .filter(([reason, count]) => count > 0 && !OWN.has(reason))
    .toSorted(([, a], [, b]) => b - a);
}

/** @returns a CSV file of the devices that are left out, a line each */
export function leftFile(left: readonly (Name & { readonly reason: string })[]): string {
  const lines = left
    .filter(({ reason }) => !OWN.has(reason))
    .map(({ productId, deviceName, reason }) => [productId, deviceName, reason].map(field).join(","));
  return `${["productId,deviceName,reason", ...lines].join("\r\n")}\r\n`;
}

/** A name that a table would take for a formula is made text. */
function field(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
