import type { Client } from "aedes";

/** Finds the clients of a topic without a look at each connection. */
export class Subscribers {
  readonly #clients = new Map<string, Set<Client>>();
  readonly #topics = new Map<Client, Set<string>>();

  add(topic: string, client: Client): void {
    insert(this.#clients, topic, client);
    insert(this.#topics, client, topic);
  }

  /** Forgets a client, whose connection has ended. */
  remove(client: Client): void {
    for (const topic of this.#topics.get(client) ?? []) {
      const clients = this.#clients.get(topic);
      clients?.delete(client);
      if (clients?.size === 0) this.#clients.delete(topic);
    }
    this.#topics.delete(client);
  }

  /** @returns whether one of the clients that are subscribed to exactly this topic fits */
  some(topic: string, fits: (client: Client) => boolean): boolean {
    for (const client of this.#clients.get(topic) ?? []) {
      // aedes reports a subscription even if it was refused, or has ended since: the client's own list is right.
      if (topic in (client as Client & { readonly subscriptions: object }).subscriptions && fits(client)) return true;
    }
    return false;
  }
}

function insert<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, new Set([value]));
  else known.add(value);
}
