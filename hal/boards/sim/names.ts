import { lookup } from "node:dns";
import { isIP } from "node:net";

/** All addresses of a name, as the host's resolver orders them; none if there is no such name. */
export type Lookup = (host: string, callback: (addresses: readonly string[]) => void) => void;

/**
 * Resolves names. If a name has several addresses, each call gives the next one: the try after one that failed reaches
 * another server. A lookup keeps its order, so a counter is enough.
 */
export class Names {
  readonly #lookup: Lookup;
  readonly #turns = new Map<string, number>();

  constructor(lookup: Lookup = systemLookup) {
    this.#lookup = lookup;
  }

  /** Never calls back from inside this call, if the lookup does not. */
  resolve(host: string, callback: (address: string | undefined) => void): void {
    this.#lookup(host, (addresses) => {
      const turn = this.#turns.get(host) ?? 0;
      this.#turns.set(host, turn + 1);
      callback(addresses[turn % addresses.length]);
    });
  }
}

function systemLookup(host: string, callback: (addresses: readonly string[]) => void): void {
  lookup(host, { family: host.includes(":") ? 6 : 4, all: true, verbatim: true }, (error, found) => {
    callback(error === null ? found.map(({ address }) => address).filter((address) => isIP(address) !== 0) : []);
  });
}
