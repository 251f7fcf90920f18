import { readFileSync } from "node:fs";
import { type AddressInfo, isIPv6, type Server } from "node:net";
import { createSecureContext, type TlsOptions } from "node:tls";
import { CloudError } from "./types.js";

/**
 * @returns the host as it stands in a URL: an IPv6 address in brackets (RFC 3986 §3.2.2)
 * @throws CloudError if it is no host
 */
export function inUrl(host: string): string {
  const address = /^\[(.+)\]$/.exec(host)?.[1] ?? host;
  if (isIPv6(address)) return `[${address}]`;
  if (/^[A-Za-z0-9._-]{1,253}$/.test(host)) return host;
  throw new CloudError(
    `${JSON.stringify(host)} is no host for --public-host: give a name or an address, without a port`,
  );
}

const DEFAULT_PORTS: { readonly [scheme: string]: number } = { http: 80, https: 443 };

/**
 * @returns `scheme://host:port`. A default port of HTTP is left out: the vendor's C SDK cannot parse a port in the URL
 * of a file.
 */
export function origin(scheme: string, host: string, port: number): string {
  return DEFAULT_PORTS[scheme] === port ? `${scheme}://${host}` : `${scheme}://${host}:${port}`;
}

/** PEM files, for mqtts and https. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  /** Authority of the certificates of devices. */
  readonly clientCa?: string | undefined;
}

/** @throws CloudError if a file cannot be read, or they do not belong together */
export function readTls(files: TlsFiles): TlsOptions {
  const read = (path: string): Buffer => {
    try {
      return readFileSync(path);
    } catch {
      throw new CloudError(`cannot read ${path}`);
    }
  };
  const options = {
    cert: read(files.cert),
    key: read(files.key),
    ...(files.clientCa === undefined ? {} : { ca: read(files.clientCa), requestCert: true, rejectUnauthorized: false }),
  };
  try {
    createSecureContext(options);
  } catch {
    throw new CloudError("certificate, key and authority are not PEM, or do not belong together");
  }
  return options;
}

/** @returns the port @throws CloudError that names the option if it cannot listen there */
export function listenOn(server: Server, host: string, port: number, option: string): Promise<number> {
  if (port > 65535) return Promise.reject(new CloudError(`there is no port ${port}`));
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      reject(
        new CloudError(
          error.code === "EADDRINUSE"
            ? `port ${port} is taken: choose another by ${option}`
            : `cannot listen on ${host}:${port}: choose another by --listen or ${option}`,
        ),
      );
    };
    server.once("error", onError);
    server.listen(port, host, () => {
      server.off("error", onError);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
