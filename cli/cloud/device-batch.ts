import { closeSync, existsSync, mkdirSync, openSync, rmSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileFault } from "../../hal/boards/sim/file-fault.js";
import type { Operator } from "../../cloud/operator/types.js";
import type { DeviceName } from "../../cloud/types.js";
import { UsageError } from "../command-line.js";
import { readText, writeSecret } from "../files.js";
import { identityFile } from "./identity-file.js";
import { type CloudChoice, withOperator } from "./operator.js";
import { counted, say } from "./text.js";

interface Options extends CloudChoice {
  readonly product?: string;
  readonly count?: number;
  readonly prefix?: string;
  readonly namesFile?: string;
  readonly output?: string;
  readonly outputFolder?: string;
}

type Added = DeviceName & { readonly deviceSecret?: string; readonly added?: boolean };

/** File for the identities if no other is given: one device_info.json a line. */
const OUTPUT = "devices.jsonl";

/** `ota-cloud device add --count` and `--names-file`: many devices by one request. */
export async function deviceAddMany(options: Options): Promise<void> {
  const { product: productId, count, prefix, namesFile, output, outputFolder, ...choice } = options;
  if (productId === undefined) throw new UsageError("give --product");
  if ((count === undefined) === (namesFile === undefined)) throw new UsageError("give --count or --names-file");
  if (count !== undefined && prefix === undefined) throw new UsageError("--count needs --prefix");
  if (output !== undefined && outputFolder !== undefined) throw new UsageError("give --output or --output-folder");
  const names = namesFile === undefined ? undefined : readNames(namesFile);
  const keep = outputFolder === undefined ? keepInFile(output ?? OUTPUT) : keepInFolder(outputFolder);
  try {
    await withOperator(
      choice,
      "device add",
      async ({ operator, actor }) => {
        const added = await add(operator, actor, { productId, count, prefix, names });
        keep.write(added.filter(({ added: isNew }) => isNew !== false));
        report(added, keep.place);
      },
      { mayMake: true },
    );
  } catch (error) {
    keep.discard();
    throw error;
  }
}

async function add(
  operator: Operator,
  actor: Parameters<Operator["addDevices"]>[1],
  request: {
    productId: string;
    count: number | undefined;
    prefix: string | undefined;
    names: readonly string[] | undefined;
  },
): Promise<readonly Added[]> {
  const { productId, count = 0, prefix = "", names } = request;
  if (names === undefined) return operator.addDeviceCount({ productId, prefix, count }, actor);
  return operator.addDevices(
    names.map((deviceName) => ({ productId, deviceName })),
    actor,
  );
}

function report(devices: readonly Added[], place: string): void {
  const known = devices.filter(({ added }) => added === false).length;
  const rest = known === 0 ? "" : `; ${known} were known already and keep their secrets`;
  say(`registered ${counted(devices.length - known, "device")}; their identities are in ${place}${rest}`);
}

/** @throws UsageError that names the line */
export function readNames(path: string): string[] {
  const names = readText(path)
    .split(/\r?\n/)
    .map((name) => name.trim())
    .filter((name) => name !== "");
  const wrong = names.find((name) => !/^[A-Za-z0-9:_-]{1,48}$/.test(name));
  if (wrong !== undefined) throw new UsageError(`${path}: ${JSON.stringify(wrong)} is no device name`);
  if (names.length === 0) throw new UsageError(`${path} has no names`);
  if (new Set(names).size < names.length) throw new UsageError(`${path} has a name twice`);
  return names;
}

interface Keep {
  readonly place: string;
  write(devices: readonly Added[]): void;
  /** Removes what was made, if nothing was written. */
  discard(): void;
}

/** A place for the identities. It is made before the devices are, because secrets are shown once. @throws UsageError */
function keepInFile(path: string): Keep {
  let written = false;
  inWords(path, () => closeSync(openSync(path, "wx", 0o600)));
  return {
    place: path,
    write(devices) {
      written = true;
      writeSecret(path, devices.map((device) => `${JSON.stringify(identityFile(device))}\n`).join(""));
    },
    discard() {
      if (!written) rmSync(path, { force: true });
    },
  };
}

function keepInFolder(path: string): Keep {
  const made = !existsSync(path);
  let written = false;
  inWords(path, () => {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const probe = join(path, ".probe");
    writeFileSync(probe, "");
    rmSync(probe);
  });
  return {
    place: path,
    write(devices) {
      written = true;
      for (const device of devices) {
        const folder = join(path, device.deviceName);
        inWords(folder, () => mkdirSync(folder, { recursive: true, mode: 0o700 }));
        writeSecret(join(folder, "device_info.json"), `${JSON.stringify(identityFile(device), null, 2)}\n`);
      }
    },
    discard() {
      if (made && !written) rmdirSync(path);
    },
  };
}

function inWords(path: string, make: () => void): void {
  try {
    make();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") {
      throw new UsageError(`${path} exists already: give another --output`);
    }
    throw new UsageError(`cannot write ${path}: ${fileFault(error)}`);
  }
}
