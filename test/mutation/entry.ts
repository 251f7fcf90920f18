import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Many test files in one process: what a mutant costs is mostly the start of processes. */
for (const file of process.argv.slice(2)) await import(pathToFileURL(join(process.cwd(), file)).href);
