import type { HttpClient, Log } from "../../hal/ports/index.js";

/** Warns of a link without TLS to another host than this one. @returns whether it did */
export function warnOfPlain(log: Log, protocol: "http" | "mqtt", host: string): boolean {
  if (/^(localhost|127(\.[0-9]+){3}|::1)$/.test(host)) return false;
  log("warn", "agent", () => `${protocol} without TLS to ${host}: anybody on the way can change what is sent`);
  return true;
}

/** A client that warns of the first request without TLS. @param isSealed the way to the file does not matter */
export function warningOfPlain(http: HttpClient, log: Log, isSealed: () => boolean): HttpClient {
  let warned = false;
  return {
    send(request) {
      if (!warned && request.tls === undefined && !isSealed()) warned = warnOfPlain(log, "http", request.host);
      return http.send(request);
    },
  };
}
