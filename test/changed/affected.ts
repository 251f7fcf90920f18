/** A TypeScript file of the project, as a path from the root. */
export interface Source {
  readonly file: string;
  /** Modules of the project, without extension. */
  readonly imports: readonly string[];
  readonly text: string;
}

/** What a file uses without importing it: commands are started by name, and what rollup made is read as a file. */
const USED: readonly { readonly by: string; readonly prefixes: readonly string[] }[] = [
  { by: "test/support/command.ts", prefixes: ["cli/"] },
  { by: "test/support/packed.ts", prefixes: ["src/", "hal/", "cli/", "cloud/", "bundle/", "package.json"] },
  { by: "test/support/built.ts", prefixes: ["src/", "hal/ecma419/", "hal/http/", "hal/shims/", "bundle/"] },
  { by: "hal/boards/xs/files.ts", prefixes: ["src/", "hal/boards/xs/guest/", "bundle/"] },
];

/**
 * Finds the tests that a change may break.
 *
 * @param changed paths from the root, with `/`
 * @returns files of tests, sorted: those that import a changed file, directly or through others, that use it as `USED`
 *   lists, or that name a changed file which is not TypeScript
 */
export function affectedTests(sources: readonly Source[], changed: readonly string[]): string[] {
  const names = changed.filter((path) => !path.endsWith(".ts")).map((path) => path.slice(path.lastIndexOf("/") + 1));
  const affected = new Set(changed.filter((path) => path.endsWith(".ts")));
  for (const { file, text } of sources) {
    if (names.some((name) => text.includes(name))) affected.add(file);
  }
  for (let before = -1; before !== affected.size; ) {
    before = affected.size;
    for (const source of sources) {
      if (!affected.has(source.file) && dependsOn(source, affected, changed)) affected.add(source.file);
    }
  }
  return sources
    .map(({ file }) => file)
    .filter((file) => affected.has(file) && file.endsWith(".test.ts"))
    .sort();
}

function dependsOn({ file, imports }: Source, affected: ReadonlySet<string>, changed: readonly string[]): boolean {
  if (imports.some((target) => affected.has(`${target}.ts`))) return true;
  const prefixes = USED.find(({ by }) => by === file)?.prefixes ?? [];
  return [...changed, ...affected].some((path) => prefixes.some((prefix) => path.startsWith(prefix)));
}
