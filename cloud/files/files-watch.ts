import type { FirmwareFiles } from "./firmware-files.js";
import { type ObjectStoreCode, ObjectStoreError } from "./object-store/object-store-error.js";

/** Whether the store of the files answers; if it does not, why, and since when (milliseconds since 1970). */
export type FilesHealth =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: ObjectStoreCode; readonly message: string; readonly sinceMs: number };

export interface FilesWatchOptions {
  readonly files: Required<Pick<FirmwareFiles, "probe">>;
  /** Milliseconds since 1970. Default: the system's. */
  nowMs?(): number;
  /** Called when the store begins to refuse, to hang, or to answer again, and when the reason is another one. */
  onChange?(health: FilesHealth): void;
  /** From one look that went well to the next. Default: 15 s. */
  readonly wellMs?: number;
  /** From one look that did not to the next. Default: 5 s. */
  readonly unwellMs?: number;
  /** For one try; a look is two tries at most. Default: 5 s. */
  readonly timeoutMs?: number;
}

const WELL_MS = 15_000;
const UNWELL_MS = 5000;
const TIMEOUT_MS = 5000;
const TRIES = 2;

/**
 * Looks now and then whether the store of the files answers. What it has found last is kept, so that nobody who asks
 * waits for the store.
 */
export class FilesWatch {
  readonly #options: FilesWatchOptions;
  readonly #closing = new AbortController();
  #health: FilesHealth = { ok: true };
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;

  constructor(options: FilesWatchOptions) {
    this.#options = options;
  }

  /** As it was at the last look; before the first one it counts as well. */
  get health(): FilesHealth {
    return this.#health;
  }

  /** Begins to look: now, and then again and again. */
  start(): void {
    this.#looking = this.#look().finally(() => {
      if (this.#closing.signal.aborted) return;
      const { wellMs = WELL_MS, unwellMs = UNWELL_MS } = this.#options;
      this.#timer = setTimeout(() => this.start(), this.#health.ok ? wellMs : unwellMs).unref();
    });
  }

  /** A look that is under way ends at once, and changes nothing. */
  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    const health = await this.#found();
    if (!this.#closing.signal.aborted) this.#note(health);
  }

  async #found(): Promise<FilesHealth> {
    const { files, timeoutMs = TIMEOUT_MS } = this.#options;
    try {
      await files.probe({ tries: TRIES, timeoutMs, signal: this.#closing.signal });
      return { ok: true };
    } catch (error) {
      const { code, message } = error instanceof ObjectStoreError ? error : unknown();
      const sinceMs = this.#health.ok ? (this.#options.nowMs?.() ?? Date.now()) : this.#health.sinceMs;
      return { ok: false, code, message, sinceMs };
    }
  }

  #note(health: FilesHealth): void {
    const was = this.#health;
    this.#health = health;
    const isSame = was.ok ? health.ok : !health.ok && was.code === health.code;
    if (!isSame) this.#options.onChange?.(health);
  }
}

/** Such as keys whose file cannot be read: what an unknown error says is not for everybody who may see the health. */
function unknown(): { readonly code: ObjectStoreCode; readonly message: string } {
  return {
    code: "refused",
    message: "the store of the files cannot be asked: look at --files and at the file of its keys",
  };
}

/**
 * @param onLine called with one line when the store begins to fail, or answers again
 * @returns what watches the files, and has begun to; `undefined` if they are in a folder
 */
export function watchFiles(
  files: Pick<FirmwareFiles, "probe">,
  nowMs: () => number,
  onLine: (line: string) => void,
): FilesWatch | undefined {
  const probe = files.probe?.bind(files);
  if (probe === undefined) return undefined;
  const onChange = (health: FilesHealth): void =>
    onLine(health.ok ? "the store of the files answers again" : health.message);
  const watch = new FilesWatch({ files: { probe }, nowMs, onChange });
  watch.start();
  return watch;
}
