import { type Command, Option } from "commander";
import { seconds } from "../../../command-line.js";
import { LOG_FORMS } from "../../log.js";
import type { ServeOptions } from "../../serve/options.js";
import { addressOptions } from "./address-options.js";
import { demoOptions } from "./demo-options.js";
import { brokerOptions, fileOptions, stateOptions } from "./engine-options.js";

/** `ota-cloud serve` */
export function serveCommand(program: Command): void {
  const command = program
    .command("serve")
    .description("Run the MQTT broker, the file server and the API until SIGINT or SIGTERM.");
  stateOptions(command);
  addressOptions(command);
  brokerOptions(command);
  fileOptions(command);
  demoOptions(command);
  command
    .option("--verbose", "print every message, request, refusal and warning")
    .addOption(
      new Option("--log <form>", "text, or one object of JSON a line, without the sign-in link")
        .choices([...LOG_FORMS])
        .default("text"),
    )
    .option("--drain <s>", "how long downloads and requests may take to their end after SIGTERM", seconds, 0)
    .action(runServers);
}

/** The servers are loaded only for this command: the others start sooner without them. */
async function runServers(options: ServeOptions): Promise<void> {
  const { serve } = await import("../../serve/serve.js");
  await serve(options);
}
