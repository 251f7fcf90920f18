import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { EXIT_FAILED, names, runProgram, UsageError } from "../../cli/command-line.js";
import { ROOT } from "../support/root.js";
import { PAGES } from "./pages.js";
import { readPage } from "./page.js";
import { PageFault, playPage } from "./play.js";

/** The ports that the pages' commands listen on. */
const PORTS = [1883, 8080, 8081];
/** What the first page leaves in the folder for the other pages: git ignores these. */
const BUILT = ["node_modules", "dist", "control", "gateway", "mqtt", "packages", "plans", "registration", "seal"];
/** Settings of npm: it prints less than a reader's npm, and takes packages from its cache if they are there. */
const NPM = { npm_config_prefer_offline: "true", npm_config_audit: "false", npm_config_fund: "false" };

const program = new Command("npm run test:docs --")
  .description(
    "Runs the shell blocks of README and of the guides in a fresh copy of the repository, in their order, and " +
      "compares their outputs with those that the pages show. README always comes first: it installs.",
  )
  .option("--pages <list>", `of ${PAGES.join(", ")}; default: all`, names)
  .action(main);

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(EXIT_FAILED));
await runProgram(program);

async function main({ pages = PAGES }: { readonly pages?: readonly string[] }): Promise<void> {
  const unknown = pages.find((page) => !PAGES.includes(page));
  if (unknown !== undefined) throw new UsageError(`no page ${unknown}: there are ${PAGES.join(", ")}`);
  for (const port of PORTS) {
    if (!(await isFree(port))) throw new UsageError(`port ${port} is in use: end what listens there`);
  }
  const folder = join(temporaryFolder(), "moddable-ota");
  copyRepository(folder);
  const kept = new Set([...readdirSync(folder), ...BUILT]);
  try {
    for (const page of PAGES.filter((name) => name === PAGES[0] || pages.includes(name))) {
      const blocks = readPage(page, readFileSync(join(folder, page), "utf8"));
      await playPage(blocks, kept, { folder, env: { ...process.env, ...NPM }, onBlock: say });
    }
  } catch (error) {
    if (!(error instanceof PageFault)) throw error;
    say(error.message);
    process.exitCode = EXIT_FAILED;
  }
}

/** The folder is removed when this process ends, for any reason. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "ota-docs-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What is committed, and what would be with `git add`. */
function copyRepository(folder: string): void {
  const { status, stdout, stderr } = spawnSync("git", ["ls-files", "-z", "-co", "--exclude-standard"], {
    cwd: ROOT,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new UsageError(`this needs a git repository: ${stderr.trim()}`);
  mkdirSync(folder);
  for (const path of stdout.split("\0")) {
    if (path !== "" && existsSync(join(ROOT, path))) cpSync(join(ROOT, path), join(folder, path));
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
