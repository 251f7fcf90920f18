const SECOND_MS = 1000;
const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", SECOND_MS],
];

/** Making a format takes as long as hundreds of uses of it, and a table has a time in each row. */
const RELATIVE = new Map<string, Intl.RelativeTimeFormat>();
const EXACT = new Map<string, Intl.DateTimeFormat>();

function kept<Format>(formats: Map<string, Format>, key: string, make: () => Format): Format {
  const known = formats.get(key);
  if (known !== undefined) return known;
  const made = make();
  formats.set(key, made);
  return made;
}

/** @returns how long before `nowMs` something was, or how long after it it will be: `3 min. ago`, `in 2 hr.` */
export function relativeTime(atMs: number, nowMs: number, locale: string): string {
  const format = kept(RELATIVE, locale, () => new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" }));
  const differenceMs = atMs - nowMs;
  if (Math.abs(differenceMs) < 5 * SECOND_MS) return format.format(0, "second");
  for (const [unit, lengthMs] of UNITS) {
    if (Math.abs(differenceMs) >= lengthMs) return format.format(Math.trunc(differenceMs / lengthMs), unit);
  }
  return format.format(0, "second");
}

/** @returns date and time to the second, with the zone's name; `timeZone` is an IANA name, absent for the reader's */
export function exactTime(atMs: number, locale: string, timeZone?: string): string {
  const fields = {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    timeZoneName: "short",
  } as const;
  const format = kept(
    EXACT,
    `${locale} ${timeZone ?? ""}`,
    () => new Intl.DateTimeFormat(locale, { ...fields, ...(timeZone === undefined ? {} : { timeZone }) }),
  );
  return format.format(atMs);
}

/** @returns the time of the day to the second */
export function clockTime(atMs: number, locale: string): string {
  const fields = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" } as const;
  return kept(EXACT, `${locale} clock`, () => new Intl.DateTimeFormat(locale, fields)).format(atMs);
}
