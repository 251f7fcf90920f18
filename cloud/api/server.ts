import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, isIPv6 } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { Refusal } from "../operator/types.js";
import { type LocalAddress, removeAddress, writeAddress } from "./address.js";
import { type Api, type ApiOptions, createApi } from "./app.js";
import { Page } from "./page.js";
import { problemResponse } from "./problem.js";
import { readToEnd } from "./unread-body.js";

export interface ApiServerOptions extends Omit<ApiOptions, "localToken" | "secure" | "behindProxy" | "page"> {
  /** Folder of the state, for `serve.json`. Absent: commands on this machine need a token, as others do. */
  readonly folder?: string;
  /** Address to listen on. Default 127.0.0.1. Another one than loopback needs `tls` or `behindProxy`. */
  readonly host?: string;
  /** 0 takes any free port. Default 8081. */
  readonly port?: number;
  /** PEM. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer };
  /** A proxy before it speaks TLS; a request that did not come over TLS is refused. */
  readonly behindProxy?: boolean;
  /** Origin at which browsers reach it, for the sign-in link. Default: where it listens. */
  readonly publicUrl?: string | undefined;
  /** Most connections at a time. Default 1,000. */
  readonly connectionLimit?: number;
}

const HEADER_LIMIT_BYTES = 16 * 1024;
const HEADER_TIMEOUT_MS = 10_000;
/** An upload of 100 MB at 1 Mbit/s takes 14 minutes. */
const REQUEST_TIMEOUT_MS = 1_800_000;
/** Connections that are still open so long after the close are ended. */
const CLOSE_MS = 1000;

/** A running server of the API. */
export class ApiServer {
  readonly api: Api;
  /** Address of the console, without a slash at its end. */
  readonly url: string;
  readonly #publicUrl: string;
  readonly #servers: readonly Server[];
  readonly #forget: () => void;

  private constructor(options: {
    api: Api;
    url: string;
    publicUrl: string | undefined;
    servers: readonly Server[];
    forget(): void;
  }) {
    this.api = options.api;
    this.url = options.url;
    this.#publicUrl = options.publicUrl ?? options.url;
    this.#servers = options.servers;
    this.#forget = options.forget;
  }

  /** @throws Refusal if the address is not allowed, or the port is taken */
  static async start(options: ApiServerOptions): Promise<ApiServer> {
    const { folder, host = "127.0.0.1", port = 8081, tls, behindProxy = false, connectionLimit = 1000 } = options;
    if (!isLoopback(host) && tls === undefined && !behindProxy) {
      throw new Refusal(
        "invalid",
        `the console listens on ${host} only with TLS (--tls-cert, --tls-key) or with --behind-proxy`,
      );
    }
    const localToken = folder === undefined ? undefined : randomBytes(24).toString("hex");
    const api = createApi({
      ...options,
      page: new Page(),
      behindProxy,
      secure: tls !== undefined || behindProxy,
      ...(localToken === undefined ? {} : { localToken }),
    });
    const main = serverOf(api, { tls, local: false, connectionLimit });
    const listening = [main];
    try {
      const mainPort = await listenOn(main, host, port);
      let localPort = mainPort;
      if (folder !== undefined && (tls !== undefined || behindProxy || !/^127\./.test(host))) {
        // Commands on this machine need neither the certificate nor the proxy.
        const local = serverOf(api, { tls: undefined, local: true, connectionLimit });
        localPort = await listenOn(local, "127.0.0.1", 0);
        listening.push(local);
      }
      const address: LocalAddress = { port: localPort, token: localToken ?? "" };
      if (folder !== undefined) writeAddress(folder, address);
      return new ApiServer({
        api,
        publicUrl: options.publicUrl,
        url: `http${tls === undefined ? "" : "s"}://${isIPv6(host) ? `[${host}]` : host}:${mainPort}`,
        servers: listening,
        forget: () => {
          if (folder !== undefined) removeAddress(folder, address);
        },
      });
    } catch (error) {
      for (const server of listening) server.close();
      throw error;
    }
  }

  /** @returns a link that signs a browser in once, within an hour; it must not be logged elsewhere than for its user */
  signInLink(): string {
    return `${this.#publicUrl}/login#${this.api.sessions.newCode()}`;
  }

  /** Ends the streams and lets the requests that run come to their end. @param drainMs how long they may take */
  async close(drainMs = CLOSE_MS): Promise<void> {
    this.#forget();
    this.api.streams.close();
    const closed = this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    for (const server of this.#servers) server.closeIdleConnections();
    const timer = setTimeout(() => {
      for (const server of this.#servers) server.closeAllConnections();
    }, drainMs);
    await Promise.all(closed);
    clearTimeout(timer);
  }
}

function serverOf(
  api: Api,
  options: { tls: ApiServerOptions["tls"]; local: boolean; connectionLimit: number },
): Server {
  const { tls, local, connectionLimit } = options;
  const listener = getRequestListener(
    async (request, { incoming, outgoing }) => {
      const bindings = { incoming, outgoing, local } as NonNullable<Parameters<Api["fetch"]>[1]>;
      const response = await api.fetch(request, bindings);
      if (response.status >= 400) await readToEnd(incoming as IncomingMessage);
      return response;
    },
    {
      overrideGlobalObjects: false,
      errorHandler: () => problemResponse({ code: "invalid", message: "the request has no valid target or Host" }),
    },
  );
  const settings = {
    maxHeaderSize: HEADER_LIMIT_BYTES,
    headersTimeout: HEADER_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
  };
  const server =
    tls === undefined ? createServer(settings, listener) : createTlsServer({ ...settings, ...tls }, listener);
  server.maxConnections = connectionLimit;
  // An error of one connection is its own.
  server.on("clientError", (_error, socket) => socket.destroy());
  return server;
}

function listenOn(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const onError = ({ code }: NodeJS.ErrnoException): void => {
      reject(
        new Refusal(
          "invalid",
          code === "EADDRINUSE"
            ? `port ${port} is taken: choose another with --console-port`
            : `the console cannot listen on ${host}, port ${port}: ${code}`,
        ),
      );
    };
    server.once("error", onError);
    server.listen(port, host, () => {
      server.off("error", onError);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.[0-9]{1,3}){3}$/.test(host);
}
