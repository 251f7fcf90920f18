import type { TlsOptions } from "node:tls";
import type { OtaConfig } from "../../src/index.js";
import { TestBed, type TestBedOptions, imageOf } from "./test-bed.js";
import { FaultServer } from "./fault-server.js";
import { TestPlatform } from "./test-platform.js";
import type { TlsKeys } from "./tls-records.js";
import { AUTHORITY, SERVER_TLS } from "./tls-fixtures.js";

/** Keys and certificates of a broker and a file server with TLS. */
export interface Secured {
  readonly server: TlsOptions;
  /** The authorities that the device trusts. */
  readonly authority: Uint8Array;
}

export const SECURED: Secured = { server: SERVER_TLS, authority: AUTHORITY };

export interface SecuredTestBedOptions extends Omit<TestBedOptions, "platform" | "server"> {
  /** Absent: plain TCP. */
  readonly secured: Secured | undefined;
  /** Called with the keys of all connections. */
  readonly keys: TlsKeys;
}

/** A test bed whose platform and file server are reached by TLS. */
export async function startSecured(options: SecuredTestBedOptions): Promise<TestBed> {
  const { secured, keys, ...rest } = options;
  if (secured === undefined) return TestBed.start(rest);
  const { authority } = secured;
  const platform = new TestPlatform(secured.server);
  await platform.start();
  const server = await startFileServer(rest.image ?? imageOf("0.2.0", 200 * 1024), secured, keys);
  platform.onKeys = (line) => keys.add(line);
  const config: Partial<OtaConfig> = { broker: { url: platform.url, authority }, download: { authority } };
  return TestBed.start({ ...rest, platform, server, config: { ...config, ...rest.config } });
}

export async function startFileServer(
  file: Uint8Array,
  secured: Secured | undefined,
  keys: TlsKeys,
): Promise<FaultServer> {
  const server = new FaultServer(file, secured?.server);
  server.onKeys = (line) => keys.add(line);
  await server.start();
  return server;
}
