import { serveAdmin, isServed } from "../../cloud/admin.js";
import { Cloud } from "../../cloud/cloud.js";
import type { GatewayFaults } from "../../cloud/gateway-faults.js";
import type { FaultSpec } from "../../cloud/faults/fault.js";
import { parseFaults } from "../../cloud/faults/parse.js";
import { CloudError } from "../../cloud/types.js";
import { UsageError } from "../command-line.js";
import { readJson } from "../files.js";

export interface ServeOptions {
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
  if (await isServed(options.state)) {
    throw new UsageError(`a cloud runs on ${options.state} already: stop it, or choose another --state`);
  }
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
    onFault: (line) => say(`fault: ${line}`),
    ...(verbose === true
      ? {
          onServed: ({ path, status, byteLength }) => say(`GET ${path} ${status} ${byteLength} bytes`),
          onRegistration: (line) => say(line),
          onReport: (topic, payload) => say(`${topic} ${redact(payload)}`),
          onWarning: (line) => say(`warning: ${line}`),
        }
      : {}),
  });
  const admin = await serveAdmin(options.state, cloud.platform);
  say(`broker ${cloud.mqttUrl}`);
  say(`files  ${cloud.httpUrl}`);
  await new Promise<void>((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
  admin.close();
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

/** Hides the signature of a bind request: it could be used for another request while its timestamp is valid. */
function redact(payload: string): string {
  return payload.replace(/("signature"\s*:\s*)"[^"]*"/g, '$1"…"');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
