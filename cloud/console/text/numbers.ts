const UNITS = ["B", "KiB", "MiB", "GiB"] as const;

/** @returns bytes for people: `1.5 MiB` */
export function byteSize(bytes: number, locale: string): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${new Intl.NumberFormat(locale, { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value)} ${UNITS[unit]}`;
}

export function wholeNumber(value: number, locale: string): string {
  return new Intl.NumberFormat(locale).format(value);
}
