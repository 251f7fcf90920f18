/** The engine's process provides these; see the XS documentation of Compartment and ModuleSource. */
declare const issueCommand: (message: ArrayBuffer) => ArrayBuffer;
/** Only our own process provides these. */
declare const meter: ((count?: number) => number) | undefined;
declare const slotRequests: ((running: ArrayBuffer, target: ArrayBuffer) => void) | undefined;
declare const decodeBlock: ((...args: never[]) => string | undefined) | undefined;
/** The module of the SDK's TLS defines this when it runs. */
declare const sdk: object | undefined;
declare class ModuleSource {
  constructor(source: string);
}
declare class Compartment {
  constructor(options: {
    globals: object;
    resolveHook(specifier: string): string;
    loadNowHook(specifier: string): { source: ModuleSource };
  });
  importNow(specifier: string): { handleCommand: unknown };
}

/** @returns the program that loads these modules, by specifier, and hands commands to the one named `main` */
export function loaderSource(modules: { readonly [specifier: string]: string }, main: string): string {
  return `"use strict"; (${load.toString()})(${JSON.stringify(modules)}, ${JSON.stringify(main)});`;
}

/**
 * Runs in the engine, from its source text, so nothing else of this file is in scope. Moddable freezes all built-in
 * objects before an application runs, and so does this function. The only global of xsnap that the modules see is
 * `issueCommand`; from our own process they see `meter`, the native functions of packages, and the SDK's TLS if it is
 * there.
 */
function load(modules: { readonly [specifier: string]: string }, main: string): void {
  const builtIn: unknown[] = [
    function* () {},
    async () => {},
    async function* () {},
    [][Symbol.iterator](),
    ""[Symbol.iterator](),
    "".matchAll(/./g),
    new Map().entries(),
    new Set().entries(),
  ].map((sample) => Object.getPrototypeOf(sample) as unknown);
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    builtIn.push((globalThis as Record<string, unknown>)[name]);
  }
  const frozen = new Set<unknown>([globalThis, modules]);
  while (builtIn.length > 0) {
    const value = builtIn.pop();
    if ((typeof value !== "object" && typeof value !== "function") || value === null || frozen.has(value)) continue;
    frozen.add(Object.freeze(value));
    builtIn.push(Object.getPrototypeOf(value));
    for (const key of Reflect.ownKeys(value)) {
      const property = Object.getOwnPropertyDescriptor(value, key);
      builtIn.push(property?.value, property?.get, property?.set);
    }
  }

  const compartment = new Compartment({
    globals: {
      issueCommand,
      meter: typeof meter === "undefined" ? undefined : meter,
      slotRequests: typeof slotRequests === "undefined" ? undefined : slotRequests,
      decodeBlock: typeof decodeBlock === "undefined" ? undefined : decodeBlock,
      sdk: typeof sdk === "undefined" ? undefined : sdk,
    },
    resolveHook: (specifier) => specifier,
    loadNowHook: (specifier) => {
      const source = modules[specifier];
      if (source === undefined) throw new Error(`no module ${specifier}`);
      return { source: new ModuleSource(source) };
    },
  });
  (globalThis as Record<string, unknown>)["handleCommand"] = compartment.importNow(main).handleCommand;
}
