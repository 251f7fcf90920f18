import { createHash, randomBytes } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { CloudError, type CloudState } from "./types.js";

const STATE_FILE = "cloud.json";
const FIRMWARE_FOLDER = "firmware";

/** The folder in which a cloud keeps its state and files. Each save replaces the whole state. */
export class CloudStore {
  readonly #folder: string;
  readonly state: CloudState;

  /** @throws CloudError if the folder holds a state that cannot be read */
  constructor(folder: string) {
    this.#folder = folder;
    try {
      mkdirSync(join(folder, FIRMWARE_FOLDER), { recursive: true });
    } catch {
      throw new CloudError(`${folder} is not a folder that can be written: choose another`);
    }
    this.state = this.#load();
  }

  save(): void {
    const path = join(this.#folder, STATE_FILE);
    writeFileSync(`${path}.new`, JSON.stringify(this.state, null, 2), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  /**
   * Copies a file into the folder and names it by its MD5. @throws CloudError if there is no such file or it is empty
   */
  addFile(path: string): { md5: string; size: number } {
    let content: Buffer;
    try {
      content = readFileSync(path);
    } catch {
      throw new CloudError(`cannot read ${path}`);
    }
    if (content.byteLength === 0) throw new CloudError(`${path} is empty`);
    const md5 = createHash("md5").update(content).digest("hex");
    const target = this.filePath(md5);
    if (!existsSync(target) || statSync(target).size !== content.byteLength) {
      copyFileSync(path, `${target}.new`);
      renameSync(`${target}.new`, target);
    }
    return { md5, size: content.byteLength };
  }

  /** @throws CloudError if no such file was added */
  async readFile(md5: string): Promise<Buffer> {
    const known = this.state.firmwares.some((firmware) => firmware.md5 === md5);
    if (!known) throw new CloudError("no such file was added");
    return readFile(this.filePath(md5));
  }

  filePath(md5: string): string {
    return join(this.#folder, FIRMWARE_FOLDER, `${md5}.bin`);
  }

  #load(): CloudState {
    const path = join(this.#folder, STATE_FILE);
    if (!existsSync(path)) {
      return { devices: [], firmwares: [], tasks: [], rules: [], signingKey: randomBytes(20).toString("hex") };
    }
    try {
      const state = JSON.parse(readFileSync(path, "utf8")) as CloudState;
      const { devices, firmwares, tasks, rules, signingKey } = state;
      if (![devices, firmwares, tasks, rules].every(Array.isArray) || typeof signingKey !== "string") {
        throw new Error("not a state");
      }
      return state;
    } catch {
      throw new CloudError(`${path} is damaged: move it away to start anew`);
    }
  }
}
