import { OtaError } from "../errors.js";

/** @returns `value`, a setting of an application @throws OtaError `usage` if it is no number from `least` to `most` */
export function numberIn(name: string, value: number, least: number, most: number): number {
  if (typeof value !== "number" || !(value >= least && value <= most)) {
    throw new OtaError("usage", `${name} is not between ${least} and ${most}`);
  }
  return value;
}

/** The same for a whole number. @throws OtaError `usage` */
export function wholeIn(name: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value)) {
    throw new OtaError("usage", `${name} is not a whole number between ${least} and ${most}`);
  }
  return numberIn(name, value, least, most);
}
