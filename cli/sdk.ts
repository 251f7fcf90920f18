import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "./command-line.js";

export { packageRoot } from "./package.js";

/**
 * Oldest major version of the Moddable SDK with ECMA-419 storage, and with native functions and FFI that a bundler
 * keeps.
 */
const MIN_MAJOR = 8;

export interface Sdk {
  readonly folder: string;
  readonly version: string;
  /** Folder of the SDK's built tools. */
  readonly tools: string;
}

export interface SdkNeeds {
  /** Text that names the page about the installation. */
  readonly see: string;
  /** Names of programs that must be built. */
  readonly tools: readonly string[];
  /** Files that a complete SDK has, relative to its folder. */
  readonly parts: readonly string[];
}

/** @throws UsageError that names what to install */
export function findSdk(env: NodeJS.ProcessEnv, { see, tools, parts }: SdkNeeds): Sdk {
  const folder = env["MODDABLE"];
  const host = process.platform === "darwin" ? "mac" : "lin";
  if (folder === undefined || folder === "") {
    const needed = `export MODDABLE=<its folder> PATH=<its folder>/build/bin/${host}/release:$PATH`;
    throw new UsageError(`MODDABLE is not set: install the Moddable SDK ${MIN_MAJOR} or newer, then ${needed}; ${see}`);
  }
  const version = versionOf(folder);
  if (version === "") {
    throw new UsageError(`MODDABLE is ${folder}, which is no Moddable SDK ${MIN_MAJOR} or newer; ${see}`);
  }
  if (!(Number(version.split(".")[0]) >= MIN_MAJOR)) {
    throw new UsageError(`the Moddable SDK in ${folder} is ${version}: install ${MIN_MAJOR} or newer; ${see}`);
  }
  const part = parts.find((path) => !existsSync(join(folder, path)));
  if (part !== undefined) throw new UsageError(`the Moddable SDK in ${folder} lacks ${part}: install it again; ${see}`);
  const built = join(folder, "build", "bin", host, "release");
  const missing = tools.find((name) => !isProgram(join(built, name)));
  if (missing !== undefined) {
    // The last that its makefile builds is a window, which needs GTK: without it make fails, and all is there.
    const make = `MODDABLE=${folder} PATH=${built}:$PATH make -C ${join(folder, "build", "makefiles", host)}`;
    throw new UsageError(
      `${missing} is not built: run ${make} (an error about GTK at its end does not matter); ${see}`,
    );
  }
  return { folder, version, tools: built };
}

function versionOf(folder: string): string {
  try {
    return readFileSync(join(folder, "tools", "VERSION"), "utf8").trim();
  } catch {
    return "";
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
