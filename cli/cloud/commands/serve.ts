import type { Command } from "commander";
import { count, positiveCount, seconds } from "../../command-line.js";
import { GATEWAY_FAULTS_HELP, gatewayFaults } from "../gateway-faults.js";
import type { ServeOptions } from "../serve.js";
import { state } from "./options.js";

/** `ota-cloud serve` */
export function serveCommand(program: Command): void {
  program
    .command("serve")
    .description("Run the MQTT broker, the file server and the API until SIGINT or SIGTERM.")
    .addOption(state())
    .option("--listen <address>", "address to listen on", "127.0.0.1")
    .option("--public-host <host>", "host in the URLs that devices get; default: the address listened on")
    .option("--mqtt-port <n>", "0 takes any free port", count, 1883)
    .option("--http-port <n>", "0 takes any free port", count, 8080)
    .option("--console-port <n>", "port of the API; 0 takes any free port", count, 8081)
    .option("--console-listen <address>", "address of the API; not loopback: with TLS or --behind-proxy", "127.0.0.1")
    .option("--behind-proxy", "a proxy before the API speaks TLS, and says so in X-Forwarded-Proto")
    .option("--broker <url>", "use this MQTT broker instead of the built-in one")
    .option("--tls-cert <file>", "PEM: serve mqtts and https")
    .option("--tls-key <file>", "PEM, belongs to --tls-cert")
    .option("--client-ca <file>", "PEM: accept device certificates that it signed")
    .option("--url-lifetime <s>", "how long a signed URL is valid, in seconds", seconds, 86400)
    .option("--gateway-faults <list>", GATEWAY_FAULTS_HELP, gatewayFaults)
    .option("--keep-events <days>", "how long the history of devices is kept", positiveCount, 90)
    .option("--faults <file>", "faults from the start, as a list in JSON: those of `fault add --help`")
    .option("--verbose", "print every message, request, refusal and warning")
    .action(runServers);
}

/** The servers are loaded only for this command: the others start sooner without them. */
async function runServers(options: ServeOptions): Promise<void> {
  const { serve } = await import("../serve.js");
  await serve(options);
}
