/** What the codec uses of mqtt-packet, without the Node types that the package's own declarations pull in. */
declare module "mqtt-packet" {
  export interface IncomingPacket {
    cmd: string;
    length: number;
    messageId?: number;
    returnCode?: number;
    granted?: (number | { qos: number })[];
    topic?: string;
    payload?: Uint8Array | string;
    qos?: number;
  }

  interface Parser {
    on(event: "packet", listener: (packet: IncomingPacket) => void): void;
    on(event: "error", listener: (error: Error) => void): void;
    parse(bytes: Uint8Array): number;
  }

  const mqtt: {
    parser(options?: { protocolVersion: number }): Parser;
  };
  export default mqtt;
}
