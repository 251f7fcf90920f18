import fc from "fast-check";

/** Every way to cut `bytes` in two, the empty halves included. */
export function twoWaySplits(bytes: Uint8Array): Uint8Array[][] {
  return Array.from({ length: bytes.byteLength + 1 }, (_, at) => [bytes.subarray(0, at), bytes.subarray(at)]);
}

export function singleBytes(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
}

/** Places to cut at, as fractions of a length that is not known yet. */
export function anyCuts(): fc.Arbitrary<number[]> {
  return fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });
}

export function cutAt(bytes: Uint8Array, fractions: readonly number[]): Uint8Array[] {
  const places = fractions
    .map((fraction) => Math.round(fraction * bytes.byteLength))
    .sort((left, right) => left - right);
  return [...places, bytes.byteLength].map((end, index) => bytes.subarray(index === 0 ? 0 : places[index - 1], end));
}

/** ISO-8859-1, so that a test can write any byte. */
export function latin1(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "latin1"));
}

export function toLatin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

/** A change that a hostile or broken peer could make to one byte. */
export interface Mutation {
  readonly kind: "replace" | "insert" | "delete" | "repeat";
  readonly at: number;
  readonly byte: number;
}

/** Biased towards the bytes that have a meaning in HTTP. */
export function anyMutations(): fc.Arbitrary<Mutation[]> {
  const telling = fc.constantFrom(...Array.from("\r\n\0\t :;,=-/09aF\x7f\xff", (character) => character.charCodeAt(0)));
  return fc.array(
    fc.record({
      kind: fc.constantFrom("replace" as const, "insert" as const, "delete" as const, "repeat" as const),
      at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      byte: fc.oneof(telling, fc.integer({ min: 0, max: 255 })),
    }),
    { minLength: 1, maxLength: 4 },
  );
}

export function mutate(bytes: Uint8Array, mutations: readonly Mutation[]): Uint8Array {
  const out = [...bytes];
  for (const { kind, at, byte } of mutations) {
    const index = Math.floor(at * out.length);
    if (kind === "replace") out[index] = byte;
    else if (kind === "insert") out.splice(index, 0, byte);
    else if (kind === "delete") out.splice(index, 1);
    else out.splice(index, 0, ...out.slice(index, index + 8));
  }
  return Uint8Array.from(out);
}
