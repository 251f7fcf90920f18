import { request as httpRequest } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { SERVER_TLS } from "./tls-fixtures.js";

export interface TlsProxyOptions {
  /** Origin of the server behind it, by plain HTTP. */
  readonly upstream: string;
  /** What it says in X-Forwarded-Proto; `undefined` to say nothing. Default: https. */
  readonly proto?: string | undefined;
  /** It passes the client's Host on, as some proxies do, and not that of the server behind it. */
  readonly keepHost?: boolean;
}

/** A reverse proxy that terminates TLS and streams both ways, as nginx and others do. */
export class TlsProxy {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(options: TlsProxyOptions): Promise<TlsProxy> {
    const { upstream, keepHost = false } = options;
    const proto = "proto" in options ? options.proto : "https";
    const server = createServer(SERVER_TLS, (request, response) => {
      const { "x-forwarded-for": before, "x-forwarded-proto": _proto, host, ...headers } = request.headers;
      const addresses = [before, request.socket.remoteAddress?.replace(/^::ffff:/, "")].filter(Boolean);
      const passed = httpRequest(`${upstream}${request.url}`, {
        method: request.method,
        headers: {
          ...headers,
          host: keepHost ? host : new URL(upstream).host,
          "x-forwarded-host": host,
          "x-forwarded-for": addresses.join(", "),
          ...(proto === undefined ? {} : { "x-forwarded-proto": proto }),
        },
      });
      passed.on("response", (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
        answer.on("error", () => response.destroy());
      });
      // A server may answer before it has read all, and close.
      passed.on("error", () => {
        if (!response.headersSent) response.destroy();
      });
      response.on("close", () => passed.destroy());
      request.pipe(passed);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new TlsProxy(server);
  }

  get origin(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
