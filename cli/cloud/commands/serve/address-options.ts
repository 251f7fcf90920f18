import { type Command, InvalidArgumentError } from "commander";
import { count } from "../../../command-line.js";

/** Adds the options of addresses, ports and TLS. */
export function addressOptions(command: Command): Command {
  return command
    .option("--listen <address>", "address to listen on", "127.0.0.1")
    .option("--public-host <host>", "host in the URLs that devices get; default: the address listened on")
    .option("--mqtt-port <n>", "0 takes any free port", count, 1883)
    .option("--http-port <n>", "0 takes any free port", count, 8080)
    .option("--console-port <n>", "port of the API; 0 takes any free port", count, 8081)
    .option("--console-listen <address>", "address of the API; not loopback: with TLS or --behind-proxy", "127.0.0.1")
    .option("--behind-proxy", "a proxy before the API speaks TLS, and says so in X-Forwarded-Proto")
    .option("--console-url <url>", "how browsers reach the API through the proxy, for the sign-in link", httpsOrigin)
    .option("--tls-cert <file>", "PEM: serve mqtts and https")
    .option("--tls-key <file>", "PEM, belongs to --tls-cert")
    .option("--client-ca <file>", "PEM: accept device certificates that it signed")
    .option(
      "--psk-port <n>",
      "also take devices that connect by TLS-PSK, as the vendor's C SDK does; 0: any port",
      count,
    );
}

/** @throws InvalidArgumentError if it is no origin of https */
function httpsOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:" && [url.origin, `${url.origin}/`].includes(text)) return url.origin;
  throw new InvalidArgumentError("give https://HOST or https://HOST:PORT");
}
