import pg from "pg";
import { storageErrorOf } from "./postgres-errors.js";
import { connectionConfig } from "./postgres-pool.js";

/** A statement on this connection that is not answered by then: the connection is of no use. */
const ANSWER_TIMEOUT_MS = 3000;

const CHANNEL = "ota_cloud";

export interface PostOptions {
  readonly url: string;
  readonly name: string;
  /** Called for each notice of a process, also of this one. */
  onNotice(payload: string): void;
  /** Called once when the connection is lost. The locks that it held are not held any more. */
  onLost(): void;
}

/** A connection of its own, for locks that live as long as it, and for notices between processes. */
export class Post {
  readonly #client: pg.Client;
  readonly #options: PostOptions;
  #lost = false;

  private constructor(options: PostOptions, client: pg.Client) {
    this.#options = options;
    this.#client = client;
    client.on("notification", ({ payload = "" }) => this.#options.onNotice(payload));
    client.on("error", () => this.#loses());
    client.on("end", () => this.#loses());
  }

  /** @throws StorageError if the database cannot be reached */
  static async open(options: PostOptions): Promise<Post> {
    const { url, name } = options;
    const client = new pg.Client({ ...connectionConfig({ url, name }), query_timeout: ANSWER_TIMEOUT_MS });
    const post = new Post(options, client);
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
      return post;
    } catch (error) {
      post.#lost = true;
      void client.end().catch(() => {});
      throw storageErrorOf(error) ?? error;
    }
  }

  get isLost(): boolean {
    return this.#lost;
  }

  /** @throws StorageError if it is not answered in time, and then the connection is given up */
  async query<Row>(text: string, values: readonly (string | number)[] = []): Promise<Row[]> {
    try {
      return (await this.#client.query({ text, values: [...values] })).rows as Row[];
    } catch (error) {
      const storage = storageErrorOf(error);
      if (storage !== undefined && storage.code !== "busy") this.#loses();
      throw storage ?? error;
    }
  }

  /** Sends a notice to all processes. It may get lost. @param payload at most 7,999 bytes */
  async notify(payload: string): Promise<void> {
    await this.query("select pg_notify($1, $2)", [CHANNEL, payload]);
  }

  async close(): Promise<void> {
    this.#lost = true;
    await this.#client.end().catch(() => {});
  }

  #loses(): void {
    if (this.#lost) return;
    this.#lost = true;
    // Not by a farewell, which a server that hangs would not answer.
    (this.#client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    this.#options.onLost();
  }
}
