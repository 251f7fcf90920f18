import { Command } from "commander";
import { EXIT_FAILED, runProgram } from "../../cli/command-line.js";
import { NativeBoot } from "../support/native-boot.js";
import { RealHeaders, TARGETS } from "./real-headers.js";

const program = new Command("npm run check:boot --")
  .description(
    "Compiles boot.c of the ESP32, and the C beside it: against ESP-IDF's own headers if IDF_PATH is set, against stand-ins otherwise.",
  )
  .action(() => check(process.env["IDF_PATH"] ?? ""));

await runProgram(program);

function check(idfPath: string): void {
  if (idfPath === "") checkStandIns();
  else checkIdf(idfPath);
}

function checkStandIns(): void {
  const native = new NativeBoot();
  const { status, errors } = native.compile();
  native.remove();
  say("stand-ins", status === 0 ? "" : errors);
  process.stdout.write("IDF_PATH is not set: set it to an ESP-IDF to compile against its own headers\n");
}

function checkIdf(idfPath: string): void {
  const headers = new RealHeaders(idfPath);
  for (const target of Object.keys(TARGETS)) say(`ESP-IDF ${headers.version}, ${target}`, headers.errorsOf(target));
  headers.remove();
}

function say(over: string, errors: string): void {
  if (errors !== "") process.exitCode = EXIT_FAILED;
  process.stderr.write(errors);
  process.stdout.write(`boot.c over ${over}: ${errors === "" ? "compiles" : "does not compile, see above"}\n`);
}
