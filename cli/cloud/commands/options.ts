import { type Command, InvalidArgumentError, Option } from "commander";
import { MOST_KEEP_EVENTS_DAYS } from "../../../cloud/operator/types.js";
import { names, positiveCount } from "../../command-line.js";

export function state(): Option {
  return new Option("--state <dir>", "folder of the cloud's state").default("cloud-state");
}

export function database(): Option {
  return new Option("--database <url>", "postgres://USER@HOST:PORT/NAME: the state is there, and not in the folder");
}

export function databaseFile(): Option {
  return new Option("--database-file <file>", "file with the URL of --database, if that holds a password");
}

export function product(): Option {
  return new Option("--product <id>", "product id, 10 of [A-Z0-9]").makeOptionMandatory();
}

/** Where the files of the packages are. */
export function withFiles(command: Command): Command {
  return command
    .option(
      "--files <place>",
      "where firmware is: a folder, or s3://BUCKET/PREFIX?endpoint=https://HOST&region=REGION (default: in --state)",
    )
    .option(
      "--files-keys <file>",
      "access key id and secret of the store, a line each (default: AWS_… of the environment)",
    );
}

/** Which cloud a command speaks to: the one of a folder on this machine, or another one. */
export function withCloud(command: Command): Command {
  return withFiles(command)
    .addOption(state())
    .addOption(database())
    .addOption(databaseFile())
    .option("--api <url>", "a cloud on another machine: https://HOST:PORT")
    .option("--token-file <file>", "file with a token of that cloud");
}

/** What the cloud makes of a package beside its file. */
export function withVariants(command: Command): Command {
  return command
    .option("--delta-from <versions>", "make deltas for devices that run these versions, separated by commas", names)
    .option("--compress", "make a compressed image, for devices of any version");
}

/** @throws InvalidArgumentError if the history cannot be kept for so many days */
export function keptDays(text: string): number {
  const days = positiveCount(text);
  if (days > MOST_KEEP_EVENTS_DAYS) throw new InvalidArgumentError(`at most ${MOST_KEEP_EVENTS_DAYS} days`);
  return days;
}
