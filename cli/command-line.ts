import { type Command, type CommanderError, InvalidArgumentError } from "commander";
import { Refusal } from "../cloud/operator/types.js";
import { CloudError } from "../cloud/types.js";
import { describeFileFault } from "../hal/boards/sim/file-fault.js";
import { StateError } from "../hal/boards/sim/state-dir.js";
import { OtaError } from "../src/index.js";
import { packageVersion } from "./package.js";

/** The input is wrong. The message is one line for the user; the exit code is 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Exit codes: 0 if all went well, 1 if the command failed, 2 if the input is wrong. */
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

/** Runs a program of subcommands and adds `--version`. Every failure is one line on standard error. */
export async function runProgram(program: Command): Promise<void> {
  // It is no failure if a reader such as `head` closes the pipe early.
  process.stdout.on("error", () => {
    // A command that has to end in order listens too, and ends by itself.
    if (process.stdout.listenerCount("error") === 1) process.exit(0);
  });
  // An option behind a subcommand belongs to the subcommand, even --version.
  program.version(packageVersion(), "-V, --version", "print the version of this package").enablePositionalOptions();
  silence(program);
  try {
    await program.parseAsync();
  } catch (error) {
    process.exitCode = report(program, error);
  }
}

/** Replaces Commander's own way to end and to print errors, for every command at any depth. */
function silence(command: Command): void {
  const end = (cause: CommanderError): never => {
    throw new CommandEnd(command, cause);
  };
  command
    .exitOverride(end)
    .configureOutput({ writeErr: () => {} })
    .showHelpAfterError(false);
  for (const subcommand of command.commands) silence(subcommand);
}

/** Commander ends a command by an exception that does not name the command. This one does. */
class CommandEnd extends Error {
  readonly command: Command;
  override readonly cause: CommanderError;

  constructor(command: Command, cause: CommanderError) {
    super(cause.message);
    this.command = command;
    this.cause = cause;
  }
}

function report(program: Command, error: unknown): number {
  if (error instanceof CommandEnd) {
    const { command, cause } = error;
    if (cause.exitCode === 0) return 0;
    const message = cause.code === "commander.help" ? "no command" : cause.message.replace(/^error: /, "");
    say(program, `${message.replace(/\.$/, "")}; see ${pathOf(command)} --help`);
    return EXIT_USAGE;
  }
  const fault = describeFileFault(error);
  if (error instanceof Refusal && error.errors.length > 1) {
    for (const { field, message } of error.errors) say(program, field === "" ? message : `${field}: ${message}`);
  } else {
    say(program, fault ?? (error instanceof Error ? error.message : String(error)));
  }
  return fault !== undefined || isUsage(error) ? EXIT_USAGE : EXIT_FAILED;
}

/** @returns a command as the user types it: `ota-cloud device add` */
function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

function isUsage(error: unknown): boolean {
  if (error instanceof UsageError || error instanceof StateError || error instanceof CloudError) return true;
  if (error instanceof Refusal) return error.code !== "storage";
  return error instanceof OtaError && error.code === "usage";
}

function say(program: Command, message: string): void {
  process.stderr.write(`${program.name()}: ${message.replace(/\s*\n\s*/g, " ")}\n`);
}

/** Parses the value of an option: a number of seconds, with fractions. */
export function seconds(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < 0) {
    throw new InvalidArgumentError("Not a number of seconds.");
  }
  return value;
}

/** Parses the value of an option: a number of seconds above 0. */
export function positiveSeconds(text: string): number {
  const value = seconds(text);
  if (value === 0) throw new InvalidArgumentError("Must be more than 0.");
  return value;
}

/** Parses the value of an option: a whole number, 1 or more. */
export function positiveCount(text: string): number {
  const value = count(text);
  if (value === 0) throw new InvalidArgumentError("Must be 1 or more.");
  return value;
}

/** Parses the value of an option: a whole number, 0 or more, decimal or 0x…. */
export function count(text: string): number {
  const value = Number(text);
  if (!/^(0x[0-9a-fA-F]+|[0-9]+)$/.test(text) || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError("Not a whole number.");
  }
  return value;
}

/** Parses the value of an option: a whole number, which may be below 0. */
export function integer(text: string): number {
  if (!/^-?[0-9]{1,9}$/.test(text)) throw new InvalidArgumentError("Not a whole number.");
  return Number(text);
}

/** Parses the value of an option that may be given several times: `Name: value`, a field of HTTP. */
export function headerField(
  text: string,
  before: readonly (readonly [name: string, value: string])[] = [],
): (readonly [name: string, value: string])[] {
  const [, name, value] = /^([^:\s]+):\s*(.*?)\s*$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError("Not a field such as Retry-After: 5.");
  return [...before, [name, value]];
}

/** Parses the value of an option that may be given several times: a file. */
export function files(path: string, before: readonly string[] = []): string[] {
  return [...before, path];
}

/** Parses the value of an option: names separated by commas. */
export function names(text: string): string[] {
  const list = text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  if (list.length === 0) throw new InvalidArgumentError("It has no name.");
  return list;
}

/** Parses the value of an option: bytes a second, 1 or more, of which `k` is a thousand and `M` a million. */
export function bytesPerSecond(text: string): number {
  const [, digits = "", unit = ""] = /^([0-9]{1,9})([kM]?)$/.exec(text) ?? [];
  const value = Number(digits) * (unit === "M" ? 1_000_000 : unit === "k" ? 1000 : 1);
  if (value < 1 || value > 1_000_000_000) throw new InvalidArgumentError("Not a rate such as 100k.");
  return value;
}

/** Parses the value of an option: a percentage from 1 to 99. */
export function percent(text: string): number {
  const value = Number(text);
  if (!/^[0-9]{1,2}$/.test(text) || value < 1) throw new InvalidArgumentError("Not a percentage from 1 to 99.");
  return value;
}
