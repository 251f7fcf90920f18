import type { Clock, Connector, HttpClient, HttpExchange, HttpRequest } from "../ports/index.js";
import { Exchange } from "./exchange.js";

/** `HttpClient` over any `Connector`. */
export class SocketHttpClient implements HttpClient {
  readonly #connector: Connector;
  readonly #clock: Clock;

  constructor(options: { connector: Connector; clock: Clock }) {
    this.#connector = options.connector;
    this.#clock = options.clock;
  }

  send(request: HttpRequest): HttpExchange {
    return new Exchange(request, this.#connector, this.#clock);
  }
}
