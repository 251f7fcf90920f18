import { ApiServer } from "../../../cloud/api/server.js";
import type { Cloud } from "../../../cloud/cloud.js";
import { readBytes } from "../../files.js";
import type { CloudLog } from "../log.js";
import type { ServeOptions } from "./options.js";

/** Starts the server of the API and the page. @throws CloudError if its port is taken */
export function startApi(options: ServeOptions, cloud: Cloud, log: CloudLog): Promise<ApiServer> {
  const { tlsCert, tlsKey } = options;
  return ApiServer.start({
    operator: cloud.operator,
    sessionRecords: cloud.browserSessions,
    folder: options.state,
    host: options.consoleListen,
    port: options.consolePort,
    behindProxy: options.behindProxy === true,
    publicUrl: options.consoleUrl,
    readiness: () => cloud.readiness(),
    onError: (line) => log("api", line),
    ...(tlsCert === undefined || tlsKey === undefined || isLoopback(options.consoleListen)
      ? {}
      : { tls: { cert: readBytes(tlsCert), key: readBytes(tlsKey) } }),
  });
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}
