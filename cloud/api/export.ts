import type { Paged } from "../operator/types.js";
import { printable, printableJson } from "./printable.js";

export const EXPORT_FORMATS = ["csv", "jsonl"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Columns of a CSV: the header of each, and its value. */
export type Columns<Item> = { readonly [header: string]: (item: Item) => string | number | boolean | undefined };

const MEDIA_TYPES = { csv: "text/csv; charset=utf-8", jsonl: "application/jsonl; charset=utf-8" } as const;
/** Entries that are read at once. */
const EXPORT_PAGE = 500;

export interface ExportOptions<Item> {
  /** Name of the file, without its ending. */
  readonly name: string;
  readonly format: ExportFormat;
  readonly columns: Columns<Item>;
  readPage(after: number | undefined, limit: number): Promise<Paged<Item>>;
}

/** @returns a file that is made page by page, as fast as it is read */
export async function exportResponse<Item>(options: ExportOptions<Item>): Promise<Response> {
  const { name, format, columns, readPage } = options;
  const write = (item: Item): string =>
    format === "csv" ? csvRow(Object.values(columns).map((value) => value(item))) : `${printableJson(item)}\n`;
  // The first page is read before the answer begins: a refusal becomes a problem.
  let page: Paged<Item> | undefined = await readPage(undefined, EXPORT_PAGE);
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        if (format === "csv") controller.enqueue(Buffer.from(csvRow(Object.keys(columns))));
      },
      async pull(controller) {
        if (page === undefined) {
          controller.close();
          return;
        }
        const { items, next } = page;
        controller.enqueue(Buffer.from(items.map(write).join("")));
        page = next === undefined ? undefined : await readPage(next, EXPORT_PAGE);
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, {
    headers: {
      "Content-Type": MEDIA_TYPES[format],
      "Content-Disposition": `attachment; filename="${name}.${format}"`,
    },
  });
}

/** One row of a CSV (RFC 4180). */
export function csvRow(cells: readonly (string | number | boolean | undefined)[]): string {
  return `${cells.map(cellOf).join(",")}\r\n`;
}

/**
 * A text that begins like a formula gets an apostrophe, so that no program that calculates takes it for one. Controls
 * are spelled out.
 */
function cellOf(value: string | number | boolean | undefined): string {
  if (typeof value !== "string") return value === undefined ? "" : String(value);
  const text = `${/^[=+\-@\t\r\n]/.test(value) ? "'" : ""}${printable(value)}`;
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
