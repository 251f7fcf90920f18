import type { Server } from "node:net";
import type { Core } from "./core.js";
import type { FaultList } from "./faults/fault-list.js";
import { withinTime } from "./within-time.js";
import type { Downloads } from "./files/downloads.js";
import { createFileServer } from "./files/file-server.js";
import { inUrl, listenOn, origin, type readTls } from "./listening.js";
import type { CloudOptions } from "./options.js";
import { answerRegistration, type OnSecret, REGISTRATION_PATH } from "./platform/registration.js";
import { answerOlderRegistration, OLDER_REGISTRATION_PATH } from "./platform/registration-older.js";

/** Most downloads and other requests to the file server at a time. */
const FILE_CONNECTION_LIMIT = 10_000;

export interface FileSideOptions {
  readonly cloud: CloudOptions;
  readonly core: Core;
  readonly faults: FaultList;
  readonly downloads: Downloads;
  readonly tls: ReturnType<typeof readTls> | undefined;
  /** Called after a request to the file server. */
  onRequest(byteLength: number): void;
}

/** @returns the server of the packages' files and of registrations, which does not listen yet */
export function createFileSide({ cloud, core, faults, downloads, tls, onRequest }: FileSideOptions): Server {
  const { transactions } = core.state;
  const { secrets } = core.platform;
  const onSecret: OnSecret = (name, secret) => secrets.set(name, secret);
  const registered = async (answered: Promise<{ readonly answer: object; readonly line: string }>): Promise<object> => {
    const { answer, line } = await answered;
    cloud.onRegistration?.(line);
    core.notify("presence");
    return answer;
  };
  const server = createFileServer({
    source: core.files,
    downloads,
    tls,
    faults,
    onServed: (request) => {
      onRequest(request.byteLength);
      cloud.onServed?.(request);
    },
    registrations: {
      [REGISTRATION_PATH]: (request) => registered(answerRegistration(transactions, request, onSecret)),
      [OLDER_REGISTRATION_PATH]: (request) => registered(answerOlderRegistration(transactions, request, onSecret)),
    },
  });
  server.maxConnections = FILE_CONNECTION_LIMIT;
  return server;
}

/** @returns the origin of the URLs that devices get. @throws CloudError if the port is taken */
export async function listenForFiles(server: Server, { cloud, tls }: FileSideOptions): Promise<string> {
  const { listen = "127.0.0.1" } = cloud;
  const port = await listenOn(server, listen, cloud.httpPort ?? 0, "--http-port");
  return origin(tls === undefined ? "http" : "https", inUrl(cloud.publicHost ?? listen), port);
}

/** @param drainMs how long downloads that run may take to their end; a device goes on elsewhere from where it was */
export async function closeFileSide(server: Server, drainMs: number): Promise<void> {
  const { closeAllConnections, closeIdleConnections } = server as Server & {
    closeAllConnections?(): void;
    closeIdleConnections?(): void;
  };
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  if (drainMs > 0) {
    closeIdleConnections?.call(server);
    await withinTime(closed, drainMs);
  }
  closeAllConnections?.call(server);
  await closed;
}
