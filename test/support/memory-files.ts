import type { Directory, File } from "../../hal/boards/lin/files.js";
import type { SeededRandom } from "./seed.js";

type Content = ReadonlyMap<string, Uint8Array>;

type Change =
  | { readonly kind: "create" | "delete"; readonly path: string }
  | { readonly kind: "move"; readonly path: string; readonly to: string }
  | { readonly kind: "write"; readonly path: string; readonly position: number; readonly bytes: Uint8Array };

/** `embedded:storage/files` in memory: it keeps every change, can fail, and dies with its process. */
export class MemoryFiles implements Directory {
  #content: Map<string, Uint8Array>;
  #changes: Change[] = [];
  #failNext = false;
  #dead = false;

  constructor(content: Content) {
    this.#content = copyOf(content);
  }

  get content(): Content {
    return this.#content;
  }

  /** The next change fails, and is not made. */
  failNext(): void {
    this.#failNext = true;
  }

  /** Ends this process for the test. @returns the files as another process finds them */
  restart(): MemoryFiles {
    this.#dead = true;
    return new MemoryFiles(this.#content);
  }

  /**
   * What the files hold after a kill at each of the changes of `action`: not begun, a write torn twice, and after the
   * last.
   */
  *cuts(action: () => void, random: SeededRandom): Generator<MemoryFiles> {
    const done = copyOf(this.#content);
    this.#changes = [];
    action();
    for (const change of this.#changes) {
      yield new MemoryFiles(done);
      for (let tries = 0; change.kind === "write" && change.bytes.byteLength > 1 && tries < 2; tries++) {
        const torn = copyOf(done);
        apply(torn, { ...change, bytes: change.bytes.subarray(0, random.integer(1, change.bytes.byteLength)) });
        yield new MemoryFiles(torn);
      }
      apply(done, change);
    }
    yield new MemoryFiles(done);
  }

  openFile({ path, mode }: { path: string; mode: "r" | "r+" | "w+" }): File {
    if (mode === "w+") this.#change({ kind: "create", path });
    this.#bytes(path);
    let open = true;
    const check = (): void => {
      if (!open) throw new Error("closed");
    };
    return {
      read: (into, position) => {
        check();
        const bytes = this.#bytes(path).subarray(position, position + into.byteLength);
        into.set(bytes);
        return bytes.byteLength;
      },
      write: (bytes, position) => {
        check();
        if (mode === "r") throw new Error("Bad file descriptor");
        this.#change({ kind: "write", path, position, bytes: bytes.slice() });
      },
      status: () => ({ size: this.#bytes(path).byteLength }),
      flush: check,
      close: () => {
        open = false;
      },
    };
  }

  status(path: string): { size?: number; mode: number } {
    if (this.#dead) throw new Error("no process");
    const bytes = this.#content.get(path);
    return bytes === undefined ? { mode: 0 } : { mode: 0o100644, size: bytes.byteLength };
  }

  move(from: string, to: string): void {
    this.#bytes(from);
    this.#change({ kind: "move", path: from, to });
  }

  delete(path: string): boolean {
    const existed = this.#content.has(path);
    this.#change({ kind: "delete", path });
    return existed;
  }

  scan(): Iterable<string> {
    return [...this.#content.keys()];
  }

  #bytes(path: string): Uint8Array {
    const bytes = this.#content.get(path);
    if (this.#dead || bytes === undefined) throw new Error("No such file or directory");
    return bytes;
  }

  #change(change: Change): void {
    if (this.#dead) throw new Error("no process");
    if (this.#failNext) {
      this.#failNext = false;
      throw new Error("Input/output error");
    }
    this.#changes.push(change);
    apply(this.#content, change);
  }
}

function apply(content: Map<string, Uint8Array>, change: Change): void {
  switch (change.kind) {
    case "create":
      content.set(change.path, new Uint8Array(0));
      return;
    case "delete":
      content.delete(change.path);
      return;
    case "move":
      content.set(change.to, content.get(change.path) as Uint8Array);
      content.delete(change.path);
      return;
    case "write": {
      const old = content.get(change.path) as Uint8Array;
      const end = change.position + change.bytes.byteLength;
      const bytes = end <= old.byteLength ? old : new Uint8Array(end);
      if (bytes !== old) bytes.set(old);
      bytes.set(change.bytes, change.position);
      content.set(change.path, bytes);
      return;
    }
  }
}

function copyOf(content: Content): Map<string, Uint8Array> {
  return new Map([...content].map(([path, bytes]) => [path, bytes.slice()]));
}
