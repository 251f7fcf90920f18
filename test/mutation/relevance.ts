import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";

/**
 * Suites of `src` and of its machine. Those of the boards do not test it, or need sockets, engines and compilers.
 */
const OWN = /^test\/(machine|unit\/(http|image|update|mqtt|protocol|lib|staging|plans|components|gateway))\//;
/** Rooms above the mutated ones: they test what only a sub-device or a plan needs. */
const ABOVE = /^test\/unit\/(staging|plans|components|gateway)$/;

/**
 * The compiled tests of one module that import a compiled module, directly or not: its mirror first, then those of its
 * folder, then the rest, and at last those of the rooms above.
 *
 * @param base   the folder of compiled code
 * @param module path from `base`
 */
export function testsOf(base: string, module: string): string[] {
  const tests = ["test/unit", "test/machine"]
    .flatMap((folder) =>
      readdirSync(join(base, folder), { recursive: true, encoding: "utf8" }).map((path) => join(folder, path)),
    )
    .filter((path) => path.endsWith(".test.js") && OWN.test(path));
  const name = basename(module, ".js");
  const folder = dirname(module).replace(/^src/, "test/unit");
  const rank = (test: string): number =>
    basename(test).startsWith(name) ? 0 : dirname(test) === folder ? 1 : ABOVE.test(dirname(test)) ? 3 : 2;
  return tests
    .filter((test) => reach(base, test).has(module))
    .sort((left, right) => rank(left) - rank(right) || left.localeCompare(right));
}

/** Everything that a module imports, directly or not. */
function reach(base: string, entry: string): Set<string> {
  const found = new Set<string>();
  const queue = [entry];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (found.has(path) || !existsSync(join(base, path))) continue;
    found.add(path);
    for (const [, target = ""] of readFileSync(join(base, path), "utf8").matchAll(/(?:from|import) "(\.[^"]+)"/g)) {
      queue.push(relative(base, join(base, dirname(path), target)));
    }
  }
  return found;
}
