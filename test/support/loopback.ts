import { createServer, type AddressInfo, type Server, Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";

/** The far end of one connection. */
export class Peer {
  readonly socket: Socket;
  readonly #pieces: Buffer[] = [];
  /** The near end sent its FIN. */
  ended = false;
  closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes) => this.#pieces.push(bytes));
    socket.on("end", () => (this.ended = true));
    socket.on("close", () => (this.closed = true));
    socket.on("error", () => {});
  }

  get received(): Buffer {
    return Buffer.concat(this.#pieces);
  }

  /** Sends, and waits until the system has taken it. */
  async send(bytes: Uint8Array): Promise<void> {
    await new Promise<void>((resolve) => this.socket.write(bytes, () => resolve()));
  }
}

/** A server on loopback whose connections the test plays. */
export class Loopback {
  readonly peers: Peer[] = [];
  readonly port: number;
  readonly #server: Server;
  /** The connections; for a TLS server also those that never finish their handshake. */
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  /** @param tls present: a TLS server */
  static async start(tls?: TlsOptions): Promise<Loopback> {
    const server = tls === undefined ? createServer({ allowHalfOpen: true }) : createTlsServer(tls);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const loopback = new Loopback(server, (server.address() as AddressInfo).port);
    server.on(tls === undefined ? "connection" : "secureConnection", (socket: Socket) =>
      loopback.peers.push(new Peer(socket)),
    );
    server.on("connection", (socket: Socket) => {
      loopback.#sockets.add(socket);
      socket.on("close", () => loopback.#sockets.delete(socket));
    });
    server.on("tlsClientError", () => {});
    return loopback;
  }

  /** The nth connection, once it is there. */
  async peer(index = 0): Promise<Peer> {
    await until(`connection ${index}`, () => this.peers.length > index);
    return this.peers[index] as Peer;
  }

  /** Count of connections that are open, as far as this end knows. */
  get connections(): number {
    return this.#sockets.size;
  }

  async stop(): Promise<void> {
    for (const { socket } of this.peers) socket.destroy();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** A port of loopback if nobody listens. */
export async function deadPort(): Promise<number> {
  const loopback = await Loopback.start();
  await loopback.stop();
  return loopback.port;
}

/** Waits for an effect of the network. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`no ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Waits as long as two connections there and back take, so that everything on its way over loopback arrives. */
export async function settle(): Promise<void> {
  for (let count = 0; count < 2; count++) {
    const loopback = await Loopback.start();
    const socket = new Socket().connect(loopback.port, "127.0.0.1");
    const peer = await loopback.peer();
    const answered = new Promise((resolve) => socket.once("data", resolve));
    await peer.send(Buffer.from("there"));
    await answered;
    socket.destroy();
    await until("close", () => peer.ended || peer.closed);
    await loopback.stop();
  }
}
