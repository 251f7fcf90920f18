import { SeededRandom } from "./seeded-random.js";

/*
 * Images as a linker makes them for an ESP32, so that deltas meet what they meet in the field: functions of
 * instructions with two and three bytes, calls relative to where they are, pools of words with absolute addresses,
 * tables of pointers, texts. A later version of a program has functions that were changed, added and removed, so that
 * all that comes after them lies elsewhere.
 */

/** One thing in a function. */
type Piece =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "call"; readonly target: number }
  | { readonly kind: "load"; readonly word: Word };

/** A word of a pool: a number, or the address of a function or text. */
type Word = { readonly value: number } | { readonly code: number } | { readonly text: number };

interface Routine {
  readonly id: number;
  readonly pieces: readonly Piece[];
}

export interface Program {
  readonly version: string;
  readonly routines: readonly Routine[];
  readonly texts: readonly Uint8Array[];
  readonly nextId: number;
}

/** How much of a program another version changes. */
export interface Change {
  /** Share of the routines of which a piece is changed or added. */
  readonly touched: number;
  /** Share of the routines that are written anew. */
  readonly rewritten: number;
  /** Share of routines and texts that are added. */
  readonly added: number;
}

export const MINOR: Change = { touched: 0.01, rewritten: 0.003, added: 0.002 };
export const FEATURE: Change = { touched: 0.12, rewritten: 0.12, added: 0.06 };

const DATA_ADDRESS = 0x3f400020;
const CODE_ADDRESS = 0x400d0020;
const HEADER_LENGTH = 24;
const SEGMENT_HEADER_LENGTH = 8;
const DESCRIPTOR_LENGTH = 256;
/** Bytes of code, pool and texts for each routine, about. */
const ROUTINE_LENGTH = 190;

/** @param byteLength of its image, about */
export function createProgram(seed: number, byteLength: number): Program {
  const random = new SeededRandom(seed);
  const count = Math.ceil(byteLength / ROUTINE_LENGTH);
  const texts = Array.from({ length: count }, () => createText(random));
  const routines = Array.from({ length: count }, (_, id) => createRoutine(random, id, count, count));
  return { version: "1.0.0", routines, texts, nextId: count };
}

/** @returns the next version of a program */
export function changeProgram(program: Program, { touched, rewritten, added }: Change, seed: number): Program {
  const random = new SeededRandom(seed);
  const { texts, nextId } = program;
  const [ids, textCount] = [nextId, texts.length];
  const routines = program.routines.map((routine) => {
    if (random.fraction() < rewritten) return createRoutine(random, routine.id, ids, textCount);
    if (random.fraction() >= touched) return routine;
    const at = random.integer(0, routine.pieces.length + 1);
    const pieces = [...routine.pieces];
    pieces.splice(
      at,
      random.integer(0, 2),
      ...Array.from({ length: random.integer(1, 4) }, () => createPiece(random, ids, textCount)),
    );
    return { ...routine, pieces };
  });
  const more = Math.ceil(program.routines.length * added);
  for (let count = 0; count < more; count++) {
    routines.splice(random.integer(0, routines.length), 0, createRoutine(random, nextId + count, ids, textCount));
  }
  return {
    version: `1.0.${seed % 1000}`,
    routines,
    texts: [...texts, ...Array.from({ length: more }, () => createText(random))],
    nextId: nextId + more,
  };
}

/** Lays out a program and resolves its addresses. */
export function linkImage({ version, routines, texts }: Program): Uint8Array {
  const textAt: number[] = [];
  let dataLength = DESCRIPTOR_LENGTH;
  for (const text of texts) {
    textAt.push(DATA_ADDRESS + dataLength);
    dataLength += text.byteLength;
  }
  dataLength = (dataLength + 3) & ~3;
  const tableAt = dataLength;
  dataLength += 4 * Math.ceil(routines.length / 4);

  const codeAt = new Map<number, number>();
  let codeLength = 0;
  const places = routines.map(({ id, pieces }) => {
    const pool = codeLength;
    const words = pieces.filter(({ kind }) => kind === "load").length;
    const code = pool + words * 4;
    codeAt.set(id, CODE_ADDRESS + code);
    codeLength = (code + pieces.reduce((sum, piece) => sum + lengthOf(piece), 0) + 3) & ~3;
    return { pool, code };
  });

  const image = new Uint8Array(HEADER_LENGTH + 2 * SEGMENT_HEADER_LENGTH + dataLength + codeLength);
  const view = new DataView(image.buffer);
  image.set([0xe9, 2, 2, 0x20]);
  const data = HEADER_LENGTH + SEGMENT_HEADER_LENGTH;
  view.setUint32(HEADER_LENGTH, DATA_ADDRESS, true);
  view.setUint32(HEADER_LENGTH + 4, dataLength, true);
  view.setUint32(data, 0xabcd5432, true);
  image.set(Buffer.from(version), data + 16);
  for (const [index, text] of texts.entries()) image.set(text, data + (textAt[index] as number) - DATA_ADDRESS);
  const address = (word: Word): number => {
    if ("value" in word) return word.value;
    // What a removed function was called by calls the first one.
    if ("code" in word) return codeAt.get(word.code) ?? CODE_ADDRESS;
    return textAt[word.text] ?? DATA_ADDRESS;
  };
  for (let index = 0; index * 4 < routines.length; index++) {
    view.setUint32(data + tableAt + index * 4, address({ code: (routines[index * 4] as Routine).id }), true);
  }
  const base = data + dataLength + SEGMENT_HEADER_LENGTH;
  view.setUint32(base - 8, CODE_ADDRESS, true);
  view.setUint32(base - 4, codeLength, true);
  for (const [index, { pieces }] of routines.entries()) {
    let { pool, code } = places[index] as { pool: number; code: number };
    for (const piece of pieces) {
      if (piece.kind === "bytes") image.set(piece.bytes, base + code);
      else if (piece.kind === "call") {
        const offset = (address({ code: piece.target }) - (((CODE_ADDRESS + code) & ~3) + 4)) >> 2;
        write24(image, base + code, 0x25 | ((offset & 0x3ffff) << 6));
      } else {
        view.setUint32(base + pool, address(piece.word), true);
        const offset = (pool - ((code + 3) & ~3)) >> 2;
        write24(image, base + code, 0x21 | ((code & 7) << 4) | ((offset & 0xffff) << 8));
        pool += 4;
      }
      code += lengthOf(piece);
    }
  }
  return image;
}

function lengthOf(piece: Piece): number {
  return piece.kind === "bytes" ? piece.bytes.byteLength : 3;
}

function write24(into: Uint8Array, at: number, value: number): void {
  into[at] = value;
  into[at + 1] = value >> 8;
  into[at + 2] = value >> 16;
}

function createRoutine(random: SeededRandom, id: number, ids: number, texts: number): Routine {
  const pieces = Array.from({ length: random.integer(8, 80) }, () => createPiece(random, ids, texts));
  return { id, pieces };
}

function createPiece(random: SeededRandom, ids: number, texts: number): Piece {
  const kind = random.fraction();
  if (kind < 0.05) return { kind: "call", target: skewed(random, ids) };
  if (kind < 0.1) return { kind: "load", word: createWord(random, ids, texts) };
  // Few operations are common, and registers are mixed.
  const operation = Math.imul(skewed(random, 160), 0x9e3779b1);
  const registers = random.integer(0, 256);
  const bytes = kind < 0.5 ? [operation, registers] : [operation, registers, (operation >> 8) & 0x73];
  return { kind: "bytes", bytes: Uint8Array.from(bytes) };
}

function createWord(random: SeededRandom, ids: number, texts: number): Word {
  const kind = random.fraction();
  if (kind < 0.4) return { text: random.integer(0, texts) };
  return kind < 0.7 ? { code: skewed(random, ids) } : { value: skewed(random, 1 << 20) };
}

const SYLLABLES = "an the err or set get wifi mqtt con nect ion fail ed time out send ing %s %d buf fer len gth".split(
  " ",
);

function createText(random: SeededRandom): Uint8Array {
  let text = "";
  for (let count = random.integer(1, 10); count > 0; count--) {
    text += (SYLLABLES[random.integer(0, SYLLABLES.length)] as string) + (random.fraction() < 0.3 ? " " : "");
  }
  return Buffer.from(`${text}\0`);
}

/** 0 up to and without `end`; low numbers are common. */
function skewed(random: SeededRandom, end: number): number {
  return Math.floor(end * random.fraction() ** 3);
}
