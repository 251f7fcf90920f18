import { bootBoard } from "../../hal/boards/lin/board.js";
import { NodeDigest } from "../../hal/boards/sim/digest.js";
import { PlatformBoot } from "../../hal/ecma419/boot.js";
import type { BootControl } from "../../hal/ports/index.js";
import { MemoryFiles } from "./memory-files.js";
import { bytesOf } from "./power-cuts.js";
import { smallFlash } from "./small-flash.js";

/** One process of the Linux target. */
export class LinBoard {
  readonly files: MemoryFiles;
  readonly modules: ReturnType<typeof bootBoard>;
  readonly boot: BootControl;
  restarts = 0;

  /** Boots. */
  constructor(files: MemoryFiles) {
    this.files = files;
    this.modules = bootBoard({ files, Digest: NodeDigest, restart: () => this.#restart() });
    const platform = { boot: this.modules.boot, resolve() {}, randomFill() {}, unixTime: () => undefined };
    this.boot = new PlatformBoot({ platform, flash: this.modules.flash });
  }

  static factory(): LinBoard {
    return new LinBoard(new MemoryFiles(new Map([["flash.bin", bytesOf(smallFlash("1"))]])));
  }

  /** The file of the chip; the board sees what a test does to it. */
  get chip(): Uint8Array {
    return this.files.content.get("flash.bin") as Uint8Array;
  }

  /** Kills the process and starts it again. */
  reboot(): LinBoard {
    return new LinBoard(this.files.restart());
  }

  #restart(): void {
    this.restarts++;
    this.files.restart();
  }
}
