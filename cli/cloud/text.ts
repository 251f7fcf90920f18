import { printable, printableJson } from "../../cloud/api/printable.js";
import type { Paged, Page } from "../../cloud/operator/types.js";
import type { DeviceName } from "../../cloud/types.js";

/** Writes one line, in which nothing can act on the terminal. */
export function say(line: string): void {
  process.stdout.write(`${printable(line)}\n`);
}

/** Writes a value as JSON in one line. */
export function sayJson(value: unknown): void {
  process.stdout.write(`${printableJson(value)}\n`);
}

export function spell({ productId, deviceName }: DeviceName): string {
  return `${productId}/${deviceName}`;
}

/** `3 devices`, `1 device` */
export function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? "" : "s"}`;
}

/** @param ms milliseconds since 1970 */
export function timeText(ms: number | undefined): string {
  return ms === undefined ? "-" : new Date(ms).toISOString();
}

/** @returns lines whose columns are aligned; without rows, the line that is given for that */
export function table(rows: readonly (readonly string[])[], none: string): string[] {
  if (rows.length === 0) return [none];
  const cells = rows.map((row) => row.map(printable));
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** Reads a list to its end, page by page. */
export async function* each<Item>(read: (page: Page) => Promise<Paged<Item>>, limit = 500): AsyncGenerator<Item> {
  let after: number | undefined;
  do {
    const { items, next }: Paged<Item> = await read({ limit, ...(after === undefined ? {} : { after }) });
    yield* items;
    after = next;
  } while (after !== undefined);
}

export async function all<Item>(read: (page: Page) => Promise<Paged<Item>>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of each(read)) items.push(item);
  return items;
}

/** @param online `null`: nobody knows */
export function onlineText(online: boolean | null): string {
  return online === null ? "unknown" : online ? "online" : "offline";
}
