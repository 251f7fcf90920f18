import { ApiServer } from "../../cloud/api/server.js";
import { Cloud } from "../../cloud/cloud.js";
import type { GatewayFaults } from "../../cloud/platform/gateway-faults.js";
import type { FaultSpec } from "../../cloud/faults/fault.js";
import { parseFaults } from "../../cloud/faults/parse.js";
import { CloudError } from "../../cloud/types.js";
import { UsageError } from "../command-line.js";
import { readBytes, readJson } from "../files.js";
import { openCloudLog } from "./log.js";

export interface ServeOptions {
  readonly consoleListen: string;
  readonly consolePort: number;
  readonly behindProxy?: boolean;
  /** Days. */
  readonly keepEvents: number;
  readonly state: string;
  readonly listen: string;
  readonly publicHost?: string;
  readonly mqttPort: number;
  readonly httpPort: number;
  readonly broker?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly clientCa?: string;
  readonly urlLifetime: number;
  readonly gatewayFaults?: GatewayFaults;
  readonly faults?: string;
  readonly verbose?: boolean;
}

const DAY_MS = 86_400_000;

/** `ota-cloud serve`. It returns after SIGINT or SIGTERM. */
export async function serve(options: ServeOptions): Promise<void> {
  const { tlsCert, tlsKey, clientCa, verbose } = options;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new UsageError("--tls-cert and --tls-key must be given together");
  }
  if (clientCa !== undefined && tlsCert === undefined) {
    throw new UsageError("--client-ca needs --tls-cert and --tls-key");
  }
  const faults = options.faults === undefined ? [] : readFaults(options.faults);
  const stopped = new AbortController();
  const log = openCloudLog({ onReaderGone: () => stopped.abort() });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopped.abort());
  const cloud = await Cloud.start({
    folder: options.state,
    listen: options.listen,
    publicHost: options.publicHost,
    mqttPort: options.mqttPort,
    httpPort: options.httpPort,
    broker: options.broker,
    tls: tlsCert === undefined || tlsKey === undefined ? undefined : { cert: tlsCert, key: tlsKey, clientCa },
    urlLifetimeSec: options.urlLifetime,
    gatewayFaults: options.gatewayFaults,
    faults,
    keepEventsMs: options.keepEvents * DAY_MS,
    onFault: (line) => log("fault", line),
    onTrouble: (line) => log("trouble", line),
    ...(verbose === true
      ? {
          onServed: ({ path, status, byteLength }) => log("file", `GET ${path} ${status} ${byteLength} bytes`),
          onRegistration: (line) => log("registration", line),
          onReport: (topic, payload) => log("report", `${topic} ${redact(payload)}`),
          onWarning: (line) => log("warning", line),
        }
      : {}),
  });
  let api: ApiServer;
  try {
    api = await ApiServer.start({
      operator: cloud.operator,
      folder: options.state,
      host: options.consoleListen,
      port: options.consolePort,
      behindProxy: options.behindProxy === true,
      onError: (line) => log("api", line),
      ...(tlsCert === undefined || tlsKey === undefined || isLoopback(options.consoleListen)
        ? {}
        : { tls: { cert: readBytes(tlsCert), key: readBytes(tlsKey) } }),
    });
  } catch (error) {
    await cloud.stop();
    throw error;
  }
  say(`broker ${cloud.mqttUrl}`);
  say(`files  ${cloud.httpUrl}`);
  say(`console  ${api.signInLink()}`);
  if (!stopped.signal.aborted) await new Promise((resolve) => stopped.signal.addEventListener("abort", resolve));
  await api.close();
  await cloud.stop();
}

/** @throws UsageError that names the file and the entry */
function readFaults(path: string): FaultSpec[] {
  const value = readJson(path);
  try {
    return parseFaults(value);
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    throw new UsageError(`${path}: ${error.message}`);
  }
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

/** Hides the signature of a bind request: it could be used for another request while its timestamp is valid. */
function redact(payload: string): string {
  return payload.replace(/("signature"\s*:\s*)"[^"]*"/g, '$1"…"');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
