import { type Command, Option } from "commander";
import { PRESENCE_SOURCES } from "../../../../cloud/options.js";
import { CDN_SCHEMES } from "../../../../cloud/files/cdn.js";
import { count, seconds } from "../../../command-line.js";
import { database, databaseFile, keptDays, state, withFiles } from "../options.js";

/** Adds the options of what the cloud keeps its state in. */
export function stateOptions(command: Command): Command {
  return command
    .addOption(state())
    .addOption(database())
    .addOption(databaseFile())
    .addOption(
      new Option(
        "--role <role>",
        "with a database: ingest takes the messages of devices if no other process does, api answers operators",
      ).choices(["all", "ingest", "api"]),
    )
    .option("--keep-events <days>", "how long the history is kept; it is stored (default: as stored, or 90)", keptDays);
}

/** Adds the options of what takes messages to the devices. */
export function brokerOptions(command: Command): Command {
  return command
    .option("--broker <url>", "use this MQTT broker instead of the built-in one")
    .addOption(
      new Option("--presence <source>", "how the other broker says who is connected: not at all, by $SYS, by the hooks")
        .choices([...PRESENCE_SOURCES])
        .default("unknown"),
    )
    .option("--hooks-port <n>", "the other broker asks here who may connect; also /healthz, /readyz, /metrics", count)
    .option("--hooks-listen <address>", "address of the hooks", "127.0.0.1")
    .option("--hooks-secret-file <file>", "what the broker shows: Authorization: Bearer SECRET")
    .option("--hooks-without-secret", "whoever reaches the port of the hooks is the broker");
}

/** Adds the options of what the packages' files are in, and how devices get them. */
export function fileOptions(command: Command): Command {
  return withFiles(command)
    .option(
      "--url-lifetime <s>",
      "how long a signed URL is valid, in seconds (default: 86400; of files in a store: 900)",
      seconds,
    )
    .addOption(new Option("--cdn <scheme>", "how URLs of a CDN before the store are signed").choices(CDN_SCHEMES))
    .option("--cdn-url <origin>", "the CDN, https://HOST")
    .option("--cdn-key-file <file>", "the key that the CDN shares; cloudfront: an RSA key in PEM")
    .option("--cdn-key-id <id>", "cloudfront: how it names the public key");
}
