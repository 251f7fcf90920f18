import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Path of a package in that of one of its modules. */
const PACKAGE = /^\0?(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//;

/** Writes LICENSES.txt beside bundles that packages are a part of: their licences want to be where their code is. */
export function notices() {
  return {
    name: "notices",
    writeBundle({ dir }, bundle) {
      const packages = new Map(Object.values(bundle).flatMap(packagesOf));
      const texts = [...packages].sort().map(([name, folder]) => noticeOf(name, folder));
      if (texts.length > 0) writeFileSync(join(dir, "LICENSES.txt"), texts.join("\n"));
    },
  };
}

function packagesOf({ modules = {} }) {
  const used = Object.keys(modules).filter((id) => modules[id].renderedLength > 0);
  return used.flatMap((id) => {
    const [, folder, name] = PACKAGE.exec(id) ?? [];
    return name === undefined ? [] : [[name, folder]];
  });
}

function noticeOf(name, folder) {
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e(\.|$)/i.test(entry));
  if (file === undefined) throw new Error(`${name} has no file with its licence`);
  return `${name} ${version}, ${license}\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
}
