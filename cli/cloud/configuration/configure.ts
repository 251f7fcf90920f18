import { type Command, InvalidArgumentError, type Option } from "commander";
import { UsageError } from "../../command-line.js";
import { environmentSource, fileSource, PREFIX, type Source } from "./sources.js";

/** Options of other commands than `serve` that may be set in the same way. */
const FURTHER = ["api", "token-file"];

/** Options of `serve` that are for one run. */
const ONLY_ON_COMMAND_LINE = ["config", "help", "version"];

/**
 * Settings that take the place of each other: one that was given in a nearer place drops the others of places that are
 * further away, so that `--api` on a command line is no contradiction to a database in a file.
 */
const ALTERNATIVES = [
  ["database", "database-file"],
  ["api", "database"],
  ["api", "database-file"],
  ["hooks-secret-file", "hooks-without-secret"],
] as const satisfies readonly (readonly [string, string])[];

const HELP = `
Each option can be set in three places; the first one that has it counts:
  1. on the command line: --http-port 80
  2. in the environment: ${PREFIX}HTTP_PORT=80
  3. in the file of --config, or of ${PREFIX}CONFIG: YAML or JSON, one line for each: http-port: 80
A switch such as --verbose is set by true, and taken back by false. What is no setting is an error.
A secret can be in a file of its own: ${PREFIX}BROKER_FILE, or broker-file, names a file with the value of --broker, and
so for every option. The database, files, api and token-file of the other commands are set in the same way.
`;

/**
 * Lets the options of all commands be set by the environment and by a file too, once all commands are defined. Only
 * `serve` says which settings there are; a command takes those that it has.
 */
export function configure(program: Command, environment: NodeJS.ProcessEnv = process.env): void {
  const known = knownSettings(program);
  serveOf(program)?.addHelpText("after", HELP);
  for (const command of leavesOf(program)) {
    if (!command.options.some((option) => known.has(keyOf(option)))) continue;
    command.option("--config <file>", `settings in YAML or JSON (default: ${PREFIX}CONFIG)`);
    command.hook("preAction", () => apply(command, known, environment));
  }
}

/** @returns the names of all settings */
export function knownSettings(program: Command): ReadonlySet<string> {
  const known = new Set([...(serveOf(program)?.options ?? []).map(keyOf), ...FURTHER]);
  for (const key of ONLY_ON_COMMAND_LINE) known.delete(key);
  return known;
}

/** @throws UsageError */
function apply(command: Command, known: ReadonlySet<string>, environment: NodeJS.ProcessEnv): void {
  const given = command.getOptionValue("config") as string | undefined;
  const path = given ?? (environment[`${PREFIX}CONFIG`] || undefined);
  const sources = [environmentSource(environment, known), ...(path === undefined ? [] : [fileSource(path, known)])];
  const taken = new Set(
    command.options
      .filter((option) => command.getOptionValueSource(option.attributeName()) === "cli")
      .map((option) => keyOf(option)),
  );
  for (const source of sources) {
    const nearer = new Set(taken);
    for (const option of command.options) {
      const key = keyOf(option);
      if (!source.keys.has(key) || nearer.has(key) || isReplaced(key, nearer)) continue;
      taken.add(key);
      const value = parsedValue(option, source.valueOf(key), source);
      command.setOptionValueWithSource(option.attributeName(), value, source.kind);
    }
  }
}

/** Whether a nearer place has given something that takes the place of this. */
function isReplaced(key: string, nearer: ReadonlySet<string>): boolean {
  return ALTERNATIVES.some(([one, other]) => (key === one && nearer.has(other)) || (key === other && nearer.has(one)));
}

/** @returns the value as the command line would give it @throws UsageError */
function parsedValue(option: Option, text: string, source: Source): unknown {
  const name = source.nameOf(keyOf(option));
  if (option.isBoolean() || (option.optional && /^(true|false)$/.test(text))) {
    if (text !== "true" && text !== "false") throw new UsageError(`${name} is true or false`);
    return text === "true" ? true : undefined;
  }
  try {
    return option.parseArg === undefined ? text : option.parseArg(text, undefined);
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new UsageError(`${name}: ${error.message.replace(/\.$/, "")}`);
  }
}

function serveOf(program: Command): Command | undefined {
  return program.commands.find((command) => command.name() === "serve");
}

function keyOf(option: Option): string {
  return (option.long ?? "").replace(/^--/, "");
}

function leavesOf(command: Command): Command[] {
  return command.commands.flatMap((one) => (one.commands.length === 0 ? [one] : leavesOf(one)));
}
