import type { Change, Operator } from "../operator/types.js";
import { HttpExchange, type HttpExchangeOptions } from "./http-exchange.js";
import { remoteDevices } from "./remote/devices.js";
import { remoteHistory } from "./remote/history.js";
import { remotePackages } from "./remote/packages.js";
import { remotePlans } from "./remote/plans.js";
import { remoteRecords } from "./remote/records.js";
import { remoteSettings } from "./remote/settings.js";
import { followStream } from "./stream-client.js";

export interface RemoteOperatorOptions extends HttpExchangeOptions {
  /** Called with one line when the stream of events breaks; it is opened again. */
  onLost?(line: string): void;
}

/**
 * What an operator can ask of a cloud, over its API. The API knows who asks by the token, so that an actor counts only
 * with the token of this machine: as the name of the command.
 */
export interface RemoteOperator extends Operator {
  close(): Promise<void>;
}

/** @throws ApiError if no cloud answers there, or it does not take the token */
export async function connectOperator(options: RemoteOperatorOptions): Promise<RemoteOperator> {
  const exchange = new HttpExchange(options);
  await exchange.ask("GET", "/health");
  const streams = new Set<() => void>();
  return {
    ...remoteDevices(exchange),
    ...remotePackages(exchange),
    ...remotePlans(exchange),
    ...remoteRecords(exchange),
    ...remoteHistory(exchange),
    ...remoteSettings(exchange),
    follow(listener: (change: Change) => void): () => void {
      const stop = followStream({ exchange, onChange: listener, onLost: (line) => options.onLost?.(line) });
      const end = (): void => {
        stop();
        streams.delete(end);
      };
      streams.add(end);
      return end;
    },
    async close(): Promise<void> {
      for (const end of streams) end();
    },
  };
}
