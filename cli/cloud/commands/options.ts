import { type Command, Option } from "commander";

export function state(): Option {
  return new Option("--state <dir>", "folder of the cloud's state").default("cloud-state");
}

export function product(): Option {
  return new Option("--product <id>", "product id, 10 of [A-Z0-9]").makeOptionMandatory();
}

/** Which cloud a command speaks to: the one of a folder on this machine, or another one. */
export function withCloud(command: Command): Command {
  return command
    .addOption(state())
    .option("--api <url>", "a cloud on another machine: https://HOST:PORT")
    .option("--token-file <file>", "file with a token of that cloud");
}
