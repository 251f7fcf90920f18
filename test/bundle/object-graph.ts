import { Session } from "node:inspector";

interface RemoteValue {
  readonly type: string;
  readonly objectId?: string;
  readonly value?: unknown;
  readonly description?: string;
}

interface RemoteProperty {
  readonly name: string;
  readonly value?: RemoteValue;
}

interface RemoteProperties {
  readonly result: readonly RemoteProperty[];
  readonly internalProperties?: readonly RemoteProperty[];
  readonly privateProperties?: readonly RemoteProperty[];
}

/** One object that lives as long as its module, and the path that leads to it. */
export interface Entry {
  readonly path: string;
  readonly object: object;
  /** What it holds, to be compared later: values by identity, bytes by value. */
  readonly holds: ReadonlyMap<PropertyKey, unknown>;
}

/**
 * All that is reachable from a module's exports: through properties, prototypes, private fields, and through the
 * variables that its functions close over, which only the inspector shows. The language's own objects are left out.
 */
export class ObjectGraph {
  readonly entries = new Map<object, Entry>();
  readonly #known: ReadonlySet<object>;
  readonly #session = new Session();
  readonly #queue: { readonly object: object; readonly path: string }[] = [];
  /** The global by which the inspector's answers are handed over as values. */
  readonly #handed: unknown[] = [];

  constructor(roots: object, known: ReadonlySet<object>) {
    this.#known = known;
    this.#session.connect();
    Object.assign(globalThis, { objectGraph: this.#handed });
    this.#reach(roots, "exports");
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      this.entries.set(next.object, { ...next, holds: this.#holds(next.object, next.path) });
    }
    this.#session.disconnect();
    Reflect.deleteProperty(globalThis, "objectGraph");
  }

  /** How this graph differs from an earlier one of the same module, a line each. */
  changesSince(earlier: ObjectGraph): string[] {
    const lines: string[] = [];
    for (const [object, { path, holds }] of earlier.entries) {
      const now = this.entries.get(object)?.holds;
      for (const key of new Set([...holds.keys(), ...(now?.keys() ?? [])])) {
        if (now !== undefined && !(holds.has(key) && now.has(key) && Object.is(holds.get(key), now.get(key)))) {
          lines.push(`${path}.${String(key)}`);
        }
      }
    }
    return lines;
  }

  #reach(value: unknown, path: string): void {
    if ((typeof value !== "object" && typeof value !== "function") || value === null) return;
    if (this.#known.has(value) || this.entries.has(value) || this.#queue.some(({ object }) => object === value)) return;
    this.#queue.push({ object: value, path });
  }

  #holds(object: object, path: string): Map<PropertyKey, unknown> {
    const holds = new Map<PropertyKey, unknown>();
    const note = (key: PropertyKey, value: unknown): void => {
      holds.set(key, value);
      this.#reach(value, `${path}.${String(key)}`);
    };
    note("[[Prototype]]", Object.getPrototypeOf(object));
    if (ArrayBuffer.isView(object)) {
      holds.set("[[Bytes]]", Buffer.from(object.buffer, object.byteOffset, object.byteLength).toString("hex"));
      return holds;
    }
    if (object instanceof ArrayBuffer) holds.set("[[Bytes]]", Buffer.from(object).toString("hex"));
    if (object instanceof Date) holds.set("[[Time]]", object.getTime());
    if (object instanceof Map || object instanceof Set) {
      [...object.entries()].flat().forEach((one, index) => note(`[[Entry]]${index}`, one));
    }
    for (const key of Reflect.ownKeys(object)) {
      const { value, get, set } = Reflect.getOwnPropertyDescriptor(object, key) as PropertyDescriptor;
      if (get === undefined && set === undefined) {
        note(key, value);
      } else {
        for (const [kind, accessor] of [
          ["get", get],
          ["set", set],
        ] as const) {
          note(`${kind} ${String(key)}`, accessor);
        }
      }
    }
    this.#inspect(object, note);
    return holds;
  }

  /** Private fields, and the variables that a function closes over. */
  #inspect(object: object, note: (key: string, value: unknown) => void): void {
    const { internalProperties = [], privateProperties = [] } = this.#properties(this.#remote(object));
    for (const { name, value } of privateProperties) note(name, this.#local(value));
    const scopes = internalProperties.find(({ name }) => name === "[[Scopes]]")?.value;
    if (scopes === undefined) return;
    this.#properties(scopes).result.forEach(({ value: scope }, index) => {
      if (scope?.objectId === undefined || scope.description === "Global") return;
      for (const { name, value } of this.#properties(scope).result) {
        note(`[[Scope]]${index}.${name}`, this.#local(value));
      }
    });
  }

  #remote(object: object): RemoteValue {
    this.#handed.push(object);
    const { result } = this.#post<{ result: RemoteValue }>("Runtime.evaluate", { expression: "objectGraph.pop()" });
    return result;
  }

  #local(remote: RemoteValue | undefined): unknown {
    if (remote?.objectId === undefined) return remote?.value;
    this.#post("Runtime.callFunctionOn", {
      objectId: remote.objectId,
      functionDeclaration: "function () { 'use strict'; objectGraph.push(this); }",
    });
    return this.#handed.pop();
  }

  #properties({ objectId }: RemoteValue): RemoteProperties {
    return this.#post<RemoteProperties>("Runtime.getProperties", { objectId, ownProperties: true });
  }

  #post<Result>(method: string, parameters: object): Result {
    let answer: unknown;
    this.#session.post(method, parameters, (error, result) => {
      if (error !== null) throw error;
      answer = result;
    });
    return answer as Result;
  }
}
