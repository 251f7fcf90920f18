/** A line of a file of names. */
export interface NamedLine {
  readonly deviceName: string;
  readonly note: string;
}

export interface RejectedLine {
  /** Counted from 1. */
  readonly line: number;
  readonly text: string;
  /** `name`: it is no device name; `twice`: it stands on an earlier line. */
  readonly reason: "name" | "twice";
}

export interface NamesFile {
  readonly names: readonly NamedLine[];
  readonly rejected: readonly RejectedLine[];
}

const NAME = /^[A-Za-z0-9:_-]{1,48}$/;
/** Heads of a column of names, as exports and spreadsheets have them. */
const NAME_HEADS = new Set(["devicename", "device", "name", "设备名称", "设备名"]);
const NOTE_HEADS = new Set(["note", "remark", "备注"]);
/** Most characters of a note. */
const NOTE_LENGTH = 256;

/** Reads a file of device names: one a line, or CSV with the names in the first column or under a head that says so. */
export function readNames(text: string): NamesFile {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const first = lines.findIndex((line) => line.trim() !== "");
  const heads = fieldsOf(lines[first] ?? "").map((head) => head.toLowerCase());
  const headed = heads.findIndex((head) => NAME_HEADS.has(head));
  const nameAt = Math.max(0, headed);
  const noteAt = headed < 0 ? -1 : heads.findIndex((head) => NOTE_HEADS.has(head));
  const names: NamedLine[] = [];
  const rejected: RejectedLine[] = [];
  const known = new Set<string>();
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "" || (headed >= 0 && index === first)) continue;
    const fields = fieldsOf(line);
    const deviceName = fields[nameAt] ?? "";
    const reason = !NAME.test(deviceName) ? "name" : known.has(deviceName) ? "twice" : undefined;
    if (reason !== undefined) {
      rejected.push({ line: index + 1, text: deviceName, reason });
      continue;
    }
    known.add(deviceName);
    names.push({ deviceName, note: (fields[noteAt] ?? "").slice(0, NOTE_LENGTH) });
  }
  return { names, rejected };
}

/** @returns the rejected lines as CSV */
export function rejectedCsv(rejected: readonly RejectedLine[]): string {
  return csv([
    ["line", "name", "reason"],
    ...rejected.map(({ line, text, reason }) => [String(line), harmless(text), reason]),
  ]);
}

/** @returns the fields of a line of CSV (RFC 4180), or of a line with tabs or semicolons between them */
function fieldsOf(line: string): string[] {
  const separator = [",", "\t", ";"].find((each) => line.includes(each)) ?? ",";
  const fields: string[] = [];
  let field = "";
  let isQuoted = false;
  for (let index = 0; index < line.length; index++) {
    const character = line[index];
    if (isQuoted && character === '"' && line[index + 1] === '"') {
      field += '"';
      index++;
    } else if (character === '"' && (isQuoted || field.trim() === "")) {
      isQuoted = !isQuoted;
      if (isQuoted) field = "";
    } else if (character === separator && !isQuoted) {
      fields.push(field.trim());
      field = "";
    } else field += character;
  }
  return [...fields, field.trim()];
}

/** @returns lines of CSV (RFC 4180) */
export function csv(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** @returns a text that no spreadsheet takes for a formula */
function harmless(text: string): string {
  return /^[=+\-@\t]/.test(text) ? `'${text}` : text;
}
