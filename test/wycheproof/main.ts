import { Command } from "commander";
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { EXIT_FAILED, runProgram, UsageError } from "../../cli/command-line.js";
import { ESP32_HEAP } from "../../hal/boards/xs/heap.js";
import { XsVerifier } from "../support/xs-verifier.js";
import { parseVectors, type Vectors } from "./vectors.js";
import { differing, verifiersOf } from "./verifiers.js";

const program = new Command("npm run test:wycheproof --")
  .description(
    "Verify Wycheproof's vectors for ECDSA over P-256 with SHA-256 by everything that verifies seals. The files are " +
      "ecdsa_secp256r1_sha256_p1363_test.json and ecdsa_secp256r1_sha256_test.json of github.com/C2SP/wycheproof, " +
      "folder testvectors_v1. The last line is JSON.",
  )
  .argument("<file...>", "test vectors")
  .allowExcessArguments(false)
  .action(main);

async function main(files: readonly string[]): Promise<void> {
  const xs = await XsVerifier.start(ESP32_HEAP);
  let [verified, violations] = [0, 0];
  try {
    for (const file of files) {
      const { cases, leftOut } = read(file);
      for (const [name, verifier] of Object.entries(verifiersOf(xs))) {
        const wrong = await differing(cases, verifier);
        for (const what of wrong) say(`violation ${name}: ${what}`);
        const right = cases.filter(({ valid }) => valid).length;
        say(
          `${basename(file)}, ${name}: ${right} valid, ${cases.length - right} invalid, ${leftOut} left out, ${wrong.length} wrong answers`,
        );
        verified += cases.length;
        violations += wrong.length;
      }
    }
  } finally {
    xs.stop();
  }
  say(JSON.stringify({ verified, violations }));
  if (violations > 0) process.exitCode = EXIT_FAILED;
}

function read(file: string): Vectors {
  try {
    return parseVectors(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UsageError(`${file}: ${(error as Error).message}`, { cause: error });
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

await runProgram(program);
