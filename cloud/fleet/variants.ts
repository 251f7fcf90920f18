/** A delta or a compressed image of a package, as the choice of an offer sees it. */
export interface FleetVariant {
  readonly variantId: number;
  /** For a delta: the one version that it makes the target from. */
  readonly sourceVersion?: string | undefined;
  /** Bytes. */
  readonly size: number;
}

/** What a device runs, and what a variant must be worth. */
export interface VariantTerms {
  /** Absent: not known, so that only a compressed image may fit. */
  readonly version: string | undefined;
  /** Bytes of the package's own file. */
  readonly wholeSize: number;
  /** A variant is used only if it is at least so many percent smaller than the file. */
  readonly leastSavingPercent: number;
}

/**
 * What a device is offered in the place of the package's own file: the delta from the version that it runs, and if
 * there is none, the compressed image.
 *
 * @param variants those that are ready
 * @returns `undefined`: the file itself
 */
export function variantFor(variants: readonly FleetVariant[], terms: VariantTerms): FleetVariant | undefined {
  const worthIt = variants.filter((each) => pays(each.size, terms));
  const delta = worthIt.find(({ sourceVersion }) => sourceVersion !== undefined && sourceVersion === terms.version);
  return delta ?? worthIt.find(({ sourceVersion }) => sourceVersion === undefined);
}

/** Whether a variant of this size saves enough to be offered. */
export function pays(
  size: number,
  { wholeSize, leastSavingPercent }: Pick<VariantTerms, "wholeSize" | "leastSavingPercent">,
): boolean {
  return size * 100 <= wholeSize * (100 - leastSavingPercent);
}

/**
 * How the message of -5 begins if a delta or compressed image was of no use as such, and the word for that. A board
 * without the part for packages says of one that it is no image, or, if it demands seals, that it has none.
 */
const REFUSALS: readonly (readonly [start: string, word: string])[] = Object.freeze([
  ["wrong-base", "wrong-base"],
  ["package-malformed", "package-malformed"],
  ["image-invalid", "image-invalid"],
  ["needs part `packages`", "no-part"],
  ["not an application image", "image-invalid"],
  ["package for chip", "image-invalid"],
  ["package that makes version", "image-invalid"],
  // Of the server: its validator changes at each request, or it has another file there.
  ["the package is not the one that was begun", "content-changed"],
  ["file has ", "unexpected-answer"],
  ["unsigned:", "unsigned"],
  ["signature-invalid:", "signature-invalid"],
]);
/** The result codes that say it by themselves: no such file, and not, byte for byte, what was offered. */
const REFUSAL_CODES: { readonly [code: string]: string } = Object.freeze({
  "-2": "not-found",
  "-4": "digest-mismatch",
});

/** @returns whether the file as it was added cannot be refused with this word */
export function isOfVariantAlone(refusal: string | undefined): boolean {
  return refusal === "wrong-base" || refusal === "package-malformed" || refusal === "no-part";
}

/** @returns the word for why a variant was of no use to a device; `undefined` if it failed at something else */
export function refusalOfVariant(code: string, message: string): string | undefined {
  if (code !== "-5") return REFUSAL_CODES[code];
  return REFUSALS.find(([start]) => message.startsWith(start))?.[1];
}
