import type { SeededRandom } from "../support/seed.js";
import type { Target } from "./target.js";

const MAX_LENGTH = 64 * 1024;
const TELLING_BYTES = Array.from('\0\t\n\r "#%&,-./0:;<=?@[\\]{}\x7f\x80\xff', (character) => character.charCodeAt(0));
const TELLING_NUMBERS = [
  "0",
  "-1",
  "1",
  "007",
  "255",
  "256",
  "4095",
  "4096",
  "4097",
  "65535",
  "65536",
  "2147483647",
  "4294967295",
  "4294967296",
  "9007199254740991",
  "9007199254740993",
  "99999999999999999999",
  "1e9",
  "1e400",
  "NaN",
  "0x10",
  "1.5",
];

/** Input `index` of a target: a function of these three alone. */
export function inputOf(target: Target, random: SeededRandom): Uint8Array {
  const { corpus, repair } = target;
  const base =
    random.fraction() < 0.07
      ? random.bytes(random.integer(0, 200))
      : (corpus[random.integer(0, corpus.length)] as Uint8Array);
  let input: Uint8Array = base.slice();
  for (let count = mutationCount(random); count > 0; count--) input = mutated(input, target, random);
  return repair !== undefined && random.fraction() < 0.7 ? repair(input.slice(), random) : input;
}

/** Mostly few: input that is nearly right is read furthest. */
function mutationCount(random: SeededRandom): number {
  return random.fraction() < 0.05 ? 0 : 1 + Math.floor(random.fraction() ** 2 * 6);
}

function mutated(input: Uint8Array, { corpus, words }: Target, random: SeededRandom): Uint8Array {
  const at = random.integer(0, input.byteLength + 1);
  switch (random.integer(0, 12)) {
    case 0:
    case 1:
      return changed(input, at, (byte) => byte ^ (1 << random.integer(0, 8)));
    case 2:
      return changed(input, at, () => random.integer(0, 256));
    case 3:
      return changed(input, at, () => TELLING_BYTES[random.integer(0, TELLING_BYTES.length)] as number);
    case 4:
      return replaced(input, at, 0, Uint8Array.of(TELLING_BYTES[random.integer(0, TELLING_BYTES.length)] as number));
    case 5:
      return replaced(input, at, random.integer(1, 9), new Uint8Array(0));
    case 6:
      return replaced(input, at, 0, input.slice(at, at + random.integer(1, 65)));
    case 7:
      return input.slice(0, at);
    case 8:
      return words.length === 0
        ? input
        : replaced(input, at, random.integer(0, 3) * 4, Buffer.from(words[random.integer(0, words.length)] as string));
    case 9:
      return withNumber(input, random);
    case 10: {
      const other = corpus[random.integer(0, corpus.length)] as Uint8Array;
      return replaced(input, at, input.byteLength, other.slice(random.integer(0, other.byteLength + 1)));
    }
    default:
      return random.fraction() < 0.2 ? repeated(input, at, random) : replaced(input, at, 4, random.bytes(4));
  }
}

function changed(input: Uint8Array, at: number, change: (byte: number) => number): Uint8Array {
  if (at < input.byteLength) input[at] = change(input[at] as number);
  return input;
}

function replaced(input: Uint8Array, at: number, length: number, by: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([input.subarray(0, at), by, input.subarray(at + length)])).subarray(
    0,
    MAX_LENGTH,
  );
}

/** Long repetitions find missing limits. */
function repeated(input: Uint8Array, at: number, random: SeededRandom): Uint8Array {
  const piece = input.slice(at, at + random.integer(1, 9));
  const run = Buffer.concat(Array.from({ length: random.integer(1, 600) }, () => piece));
  return replaced(input, at, 0, run);
}

/** One of the decimal numbers in it becomes another. */
function withNumber(input: Uint8Array, random: SeededRandom): Uint8Array {
  const text = Buffer.from(input).toString("latin1");
  const numbers = [...text.matchAll(/[0-9]+/g)];
  const found = numbers[random.integer(0, Math.max(1, numbers.length))];
  if (found === undefined) return input;
  const by = TELLING_NUMBERS[random.integer(0, TELLING_NUMBERS.length)] as string;
  return replaced(input, found.index, found[0].length, Buffer.from(by));
}
