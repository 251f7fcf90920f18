import { ObjectGraph } from "./object-graph.js";

const LANGUAGE = [
  ...[
    "Object",
    "Function",
    "Array",
    "Number",
    "Boolean",
    "String",
    "Symbol",
    "BigInt",
    "Date",
    "Promise",
    "RegExp",
    "Proxy",
    "Reflect",
    "JSON",
    "Math",
  ],
  ...["Error", "AggregateError", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError"],
  ...[
    "ArrayBuffer",
    "SharedArrayBuffer",
    "DataView",
    "Atomics",
    "Uint8Array",
    "Int8Array",
    "Uint16Array",
    "Int16Array",
    "Uint32Array",
    "Int32Array",
  ],
  ...["Float32Array", "Float64Array", "Uint8ClampedArray", "BigUint64Array", "BigInt64Array"],
  ...["Map", "Set", "WeakMap", "WeakSet", "WeakRef", "FinalizationRegistry"],
  ...[
    "parseInt",
    "parseFloat",
    "isNaN",
    "isFinite",
    "encodeURIComponent",
    "decodeURIComponent",
    "encodeURI",
    "decodeURI",
    "escape",
    "unescape",
  ],
];

/** The language's own objects: what the XS linker freezes. Error.prepareStackTrace is Node's, and not followed. */
export function languageObjects(): Set<object> {
  const iterators = [
    [][Symbol.iterator](),
    new Map().entries(),
    new Set().entries(),
    ""[Symbol.iterator](),
    "".matchAll(/./g),
  ];
  const functions = [function* () {}, async function () {}, async function* () {}];
  const roots: unknown[] = [...iterators, ...functions].map((one) => Object.getPrototypeOf(one));
  roots.push(...LANGUAGE.map((name) => Reflect.get(globalThis, name)));
  const found = new Set<object>();
  while (roots.length > 0) {
    const next = roots.pop();
    if ((typeof next !== "object" && typeof next !== "function") || next === null || found.has(next)) continue;
    found.add(next);
    roots.push(Object.getPrototypeOf(next));
    for (const key of Reflect.ownKeys(next)) {
      if (key === "prepareStackTrace") continue;
      const { value, get, set } = Reflect.getOwnPropertyDescriptor(next, key) as PropertyDescriptor;
      roots.push(value, get, set);
    }
  }
  return found;
}

/**
 * A loaded module as XS preload leaves it: functions, classes and their prototypes are frozen. Plain objects, arrays
 * and variables stay writable (XS copies them into RAM), and bytes, Maps, Sets and Dates cannot be frozen in this
 * engine: `changes` reports what was written to any of these.
 */
export class Preloaded {
  readonly #exports: object;
  readonly #language: ReadonlySet<object>;
  readonly #before: ObjectGraph;

  constructor(exports: object, language: ReadonlySet<object>) {
    this.#exports = exports;
    this.#language = language;
    this.#before = new ObjectGraph(exports, language);
    for (const { object } of this.#before.entries.values()) {
      if (typeof object === "function" || isPrototype(object)) Object.freeze(object);
    }
  }

  get paths(): string[] {
    return [...this.#before.entries.values()].map(({ path }) => path);
  }

  changes(): string[] {
    return new ObjectGraph(this.#exports, this.#language).changesSince(this.#before);
  }
}

function isPrototype(object: object): boolean {
  const maker: unknown = Object.getOwnPropertyDescriptor(object, "constructor")?.value;
  return typeof maker === "function" && maker.prototype === object;
}
