import type { PackageReport } from "../../cloud/delta/inspect.js";

const BAR = 40;

/** What a package is, in lines for people, with what its result is made of. */
export function describePackage({ form, byteLength, result, base, chip, contents, problem }: PackageReport): string[] {
  const share = ((100 * byteLength) / result.byteLength).toFixed(1);
  const lines = [
    `package   ${form === "delta" ? "delta" : "compressed image"}: ${byteLength} bytes, ${share}% of its result`,
    `result    version ${result.version}, ${result.byteLength} bytes, ${chip === "none" ? "for no chip of the family" : `for ${chip}`}, SHA-256 ${result.sha256}`,
  ];
  if (base !== undefined) {
    lines.push(`base      version ${base.version}, ${base.byteLength} bytes, SHA-256 ${base.sha256}`);
  }
  if (contents !== undefined) {
    const { blocks, storedBlocks, bytes, operations } = contents;
    lines.push(
      `blocks    ${blocks}, of which ${storedBlocks} are stored as they are; ${operations} operations`,
      ...[
        ["copied", "from the base", bytes.copied] as const,
        ["edited", "from the base, with a constant added", bytes.edited] as const,
        ["matched", "from earlier in the result", bytes.matched] as const,
        ["literal", "new", bytes.literal] as const,
        ["stored", "in blocks that are stored", bytes.stored] as const,
      ].map(([name, what, count]) => bar(name, what, count, result.byteLength)),
    );
  }
  if (problem !== undefined) lines.push(`refused   ${problem}`);
  return lines;
}

function bar(name: string, what: string, count: number, of: number): string {
  const percent = `${((100 * count) / of).toFixed(1)}%`;
  const drawn = "#".repeat(Math.round((BAR * count) / of));
  return `${name.padEnd(9)} ${percent.padStart(6)}  ${drawn.padEnd(BAR)}  ${count} bytes ${what}`;
}
