import { once } from "node:events";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import mqttPacket from "mqtt-packet";

export interface PskHandshake {
  readonly url: string;
  readonly identity: string;
  /** In base64. */
  readonly secret: string;
  /** Default: what the vendor's C SDK offers. */
  readonly ciphers?: string;
}

export const SDK_CIPHERS = "PSK-AES128-CBC-SHA:PSK-AES256-CBC-SHA";

/** @returns the options of a TLS client that knows a key and no certificate */
export function pskOptions({ url, identity, secret, ciphers = SDK_CIPHERS }: PskHandshake): ConnectionOptions {
  const { hostname, port } = new URL(url);
  return {
    host: hostname,
    port: Number(port),
    ciphers,
    maxVersion: "TLSv1.2",
    checkServerIdentity: () => undefined,
    pskCallback: () => ({ psk: Buffer.from(secret, "base64"), identity }),
  };
}

/** @throws the error of the handshake, with its code */
export async function pskSocket(handshake: PskHandshake, more: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({ ...pskOptions(handshake), ...more });
  await once(socket, "secureConnect");
  socket.on("error", () => {});
  return socket;
}

/** Sends the CONNECT that the vendor's C SDK sends: with a user name and, by default, no password. @returns the code */
export async function connectOver(
  socket: TLSSocket,
  { clientId, expiry = 2_147_483_647, password }: { clientId: string; expiry?: number; password?: string },
): Promise<number> {
  const packet = mqttPacket.generate({
    cmd: "connect",
    protocolId: "MQTT",
    protocolVersion: 4,
    clean: true,
    keepalive: 240,
    clientId,
    username: `${clientId};21010406;x7Kq2;${expiry}`,
    ...(password === undefined ? {} : { password: Buffer.from(password) }),
  });
  socket.write(packet);
  const [bytes] = (await once(socket, "data", { signal: AbortSignal.timeout(5000) })) as [Buffer];
  return bytes[3] ?? -1;
}
