/**
 * Lengths of the best prefix code in which none is longer than `longest` (Larmore and Hirschberg's package-merge). A
 * symbol alone has one bit.
 *
 * @param counts how often each symbol is used; one that is not used gets the length 0
 */
export function codeLengthsFor(counts: readonly number[] | Uint32Array, longest: number): Uint8Array {
  const lengths = new Uint8Array(counts.length);
  const used = [...counts.keys()].filter((symbol) => (counts[symbol] as number) > 0);
  if (used.length === 0) return lengths;
  if (used.length === 1) {
    lengths[used[0] as number] = 1;
    return lengths;
  }
  if (used.length > 1 << longest) throw new RangeError(`${used.length} symbols in ${longest} bits`);
  const leaves = used
    .map((symbol): Coin => ({ weight: counts[symbol] as number, symbols: [symbol] }))
    .sort((left, right) => left.weight - right.weight || (left.symbols[0] as number) - (right.symbols[0] as number));
  let coins = leaves;
  for (let bit = 1; bit < longest; bit++) coins = merged(leaves, pairs(coins));
  for (const { symbols } of coins.slice(0, 2 * leaves.length - 2)) {
    for (const symbol of symbols) lengths[symbol] = (lengths[symbol] as number) + 1;
  }
  return lengths;
}

interface Coin {
  readonly weight: number;
  readonly symbols: readonly number[];
}

function pairs(coins: readonly Coin[]): Coin[] {
  const made: Coin[] = [];
  for (let index = 0; index + 1 < coins.length; index += 2) {
    const [left, right] = [coins[index] as Coin, coins[index + 1] as Coin];
    made.push({ weight: left.weight + right.weight, symbols: [...left.symbols, ...right.symbols] });
  }
  return made;
}

function merged(left: readonly Coin[], right: readonly Coin[]): Coin[] {
  const made: Coin[] = [];
  let [at, other] = [0, 0];
  while (at < left.length || other < right.length) {
    const [one, two] = [left[at], right[other]];
    if (two === undefined || (one !== undefined && one.weight <= two.weight)) {
      made.push(one as Coin);
      at++;
    } else {
      made.push(two);
      other++;
    }
  }
  return made;
}

/** @returns the canonical codes of these lengths, with their first bit lowest, as a record has them */
export function canonicalCodes(lengths: Uint8Array): Uint16Array {
  const codes = new Uint16Array(lengths.length);
  let next = 0;
  for (let length = 1; length <= 15; length++) {
    next <<= 1;
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] === length) codes[symbol] = reversed(next++, length);
    }
  }
  return codes;
}

function reversed(code: number, length: number): number {
  let result = 0;
  for (let bit = 0; bit < length; bit++) result |= ((code >> bit) & 1) << (length - 1 - bit);
  return result;
}
