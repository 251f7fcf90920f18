import type { Clock, Connector, Log, Random, TlsOptions } from "../../hal/ports/index.js";
import type { OtaError } from "../errors.js";
import type { MqttCredentials } from "./codec.js";

/** A broker. */
export interface MqttServer {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsOptions | undefined;
}

export interface MqttSessionOptions {
  readonly connector: Connector;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly server: MqttServer;
  /** Seconds, 0 to 900; 0 is off. */
  readonly keepaliveSeconds: number;
  /** Called for each connection: a signature is not used twice. */
  credentials(): MqttCredentials;
  /** The broker accepted the connection. Nothing is subscribed yet. */
  onOpen(): void;
  /** The connection is over; a new one follows by itself, except after `stop`. */
  onClosed(error: OtaError): void;
  onMessage(topic: string, payload: Uint8Array): void;
}
