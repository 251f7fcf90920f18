import type { FilesSettings } from "../../../cloud/files/open-files.js";
import type { HookSettings } from "../../../cloud/hooks/open.js";
import type { CloudOptions } from "../../../cloud/options.js";
import { UsageError } from "../../command-line.js";
import { readBytes } from "../../files.js";
import { databaseOf } from "../database.js";
import { filesSettings } from "../files-choice.js";
import type { CloudLog } from "../log.js";
import { readFaults } from "./faults-file.js";
import type { BrokerOptions, FileOptions, ServeOptions } from "./options.js";

/** @returns what the cloud is started with, but for what a demo listens to. @throws UsageError */
export function cloudOptions(options: ServeOptions, log: CloudLog): CloudOptions {
  const { tlsCert, tlsKey, clientCa } = options;
  return {
    folder: options.state,
    database: databaseOf(options),
    role: options.role,
    onStanding: (line) => log("process", line),
    listen: options.listen,
    publicHost: options.publicHost,
    mqttPort: options.mqttPort,
    httpPort: options.httpPort,
    broker: options.broker,
    hooks: hookSettings(options),
    presence: options.presence,
    tls: tlsCert === undefined || tlsKey === undefined ? undefined : { cert: tlsCert, key: tlsKey, clientCa },
    pskPort: options.pskPort,
    urlLifetimeSec: options.urlLifetime,
    files: filesOf(options),
    gatewayFaults: options.gatewayFaults,
    faults: options.faults === undefined ? [] : readFaults(options.faults),
    keepEventsDays: options.keepEvents,
    simulatedBoards: options.demo !== undefined,
    onFault: (line) => log("fault", line),
    onTrouble: (line) => log("trouble", line),
    ...(options.verbose === true ? chatter(log) : {}),
  };
}

/** @throws UsageError */
function filesOf({ cdn, cdnUrl, cdnKeyFile, cdnKeyId, ...choice }: FileOptions): FilesSettings | undefined {
  const settings = filesSettings(choice);
  if (cdn === undefined) {
    if ((cdnUrl ?? cdnKeyFile ?? cdnKeyId) !== undefined) throw new UsageError("--cdn-… is for --cdn");
    return settings;
  }
  if (settings === undefined) throw new UsageError("--cdn is for files in a store: --files s3://…");
  if (cdnUrl === undefined || cdnKeyFile === undefined) {
    throw new UsageError("--cdn needs --cdn-url and --cdn-key-file");
  }
  return { ...settings, cdn: { scheme: cdn, url: cdnUrl, keyFile: cdnKeyFile, keyId: cdnKeyId } };
}

/** @throws UsageError if the file of the secret cannot be read, or holds none */
function hookSettings({ hooksListen, hooksPort, hooksSecretFile }: BrokerOptions): HookSettings | undefined {
  if (hooksPort === undefined) return undefined;
  const secret = hooksSecretFile === undefined ? undefined : readBytes(hooksSecretFile).toString("utf8").trim();
  if (secret !== undefined && !/^[!-~]+$/.test(secret)) {
    throw new UsageError(`${hooksSecretFile} is to hold one word, without spaces`);
  }
  return { ...(hooksListen === undefined ? {} : { listen: hooksListen }), port: hooksPort, secret };
}

function chatter(log: CloudLog): Pick<CloudOptions, "onReport" | "onServed" | "onRegistration" | "onWarning"> {
  return {
    onReport: (topic, payload) => log("report", `${topic} ${redact(payload)}`),
    onServed: ({ path, status, byteLength }) => log("file", `GET ${path} ${status} ${byteLength} bytes`),
    onRegistration: (line) => log("registration", line),
    onWarning: (line) => log("warning", line),
  };
}

/** Hides the signature of a bind request: it could be used for another request while its timestamp is valid. */
function redact(payload: string): string {
  return payload.replace(/("signature"\s*:\s*)"[^"]*"/g, '$1"…"');
}
