import { mkdirSync, writeFileSync } from "node:fs";

/**
 * Writes <part>/manifest.json into the root for each part, beside the bundles that it names: an application includes it
 * as `moddable-ota/<part>/manifest.json`. The SDK resolves an include by its path, so that neither `exports` nor
 * `files` of package.json can give it another one; and in the root of the repository nobody has to look past these
 * folders, as they are built.
 */
export function partManifests({ root, agent, parts }) {
  return {
    name: "part manifests",
    writeBundle(_options, bundle) {
      for (const part of parts) {
        const names = [part, ...importedBy(bundle, part).filter((name) => name !== agent)];
        const modules = Object.fromEntries(names.map((name) => [`${agent}/${name}`, `../dist/moddable/${name}`]));
        mkdirSync(`${root}${part}`, { recursive: true });
        writeFileSync(
          `${root}${part}/manifest.json`,
          `${JSON.stringify({ modules, preload: Object.keys(modules) }, null, 2)}\n`,
        );
      }
    },
  };
}

/** @returns the names of the bundles that a bundle imports, directly or not */
function importedBy(bundle, name, found = new Set()) {
  for (const file of bundle[`${name}.js`].imports) {
    const imported = file.replace(/\.js$/, "");
    if (found.has(imported)) continue;
    found.add(imported);
    importedBy(bundle, imported, found);
  }
  return [...found];
}
