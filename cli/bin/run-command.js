import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Where the compiled commands are: in the repository, and in the package, into which `npm pack` copies them. */
const FOLDERS = ["../../dist/node/cli/", "../dist/cli/"];

/** Runs a command by the path of its module. */
export async function runCommand(path) {
  const module = FOLDERS.map((folder) => new URL(`${folder}${path}`, import.meta.url)).find((url) =>
    existsSync(fileURLToPath(url)),
  );
  if (module === undefined) {
    process.stderr.write("nothing is compiled yet: run npm run prepare\n");
    process.exitCode = 1;
    return;
  }
  await import(module.href);
}
