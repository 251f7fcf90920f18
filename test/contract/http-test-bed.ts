import type { HttpClient, HttpRequest, TlsOptions } from "../../hal/ports/index.js";
import { Fetch } from "../support/fetch.js";
import { type Loopback, type Peer, settle, until } from "../support/loopback.js";

export interface HttpFixture {
  readonly http: HttpClient;
  /** A server that this client can connect to; the test decides what it sends. */
  server(): Promise<Loopback>;
  readonly tls?: TlsOptions;
  stop(): void;
}

/** A client and the server that it talks to. */
export class HttpTestBed {
  readonly server: Loopback;
  readonly #fixture: HttpFixture;

  private constructor(fixture: HttpFixture, server: Loopback) {
    this.#fixture = fixture;
    this.server = server;
  }

  static async start(fixture: HttpFixture): Promise<HttpTestBed> {
    return new HttpTestBed(fixture, await fixture.server());
  }

  async stop(): Promise<void> {
    this.#fixture.stop();
    await this.server.stop();
  }

  open(options: Partial<HttpRequest> = {}): Fetch {
    return new Fetch(this.#fixture.http, { port: this.server.port, tls: this.#fixture.tls, ...options });
  }

  /** Sends a request, and waits until the server has it. */
  async requested(options: Partial<HttpRequest> = {}): Promise<{ fetch: Fetch; peer: Peer }> {
    const index = this.server.peers.length;
    const fetch = this.open(options);
    const peer = await this.server.peer(index);
    await until("request", () => peer.received.includes("\r\n\r\n"));
    return { fetch, peer };
  }

  /** Answers a request with these bytes, closes, and waits for the end. */
  async answer(bytes: string, options: Partial<HttpRequest> = {}): Promise<Fetch> {
    const { fetch, peer } = await this.requested(options);
    if (bytes !== "") await peer.send(Buffer.from(bytes, "latin1"));
    peer.socket.end();
    await until("end", () => fetch.over);
    await settle();
    return fetch;
  }
}
