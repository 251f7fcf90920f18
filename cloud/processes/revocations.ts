import type { Downloads } from "../files/downloads.js";
import type { FileSource } from "../files/file-server.js";

export interface RevocationsOptions {
  readonly downloads: Downloads;
  readonly files: Pick<FileSource, "isRevoked">;
}

const INTERVAL_MS = 500;

/** Ends downloads from this process whose URLs another process has taken back. */
export class Revocations {
  readonly #options: RevocationsOptions;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: RevocationsOptions) {
    this.#options = options;
  }

  /** Something was changed by which a URL may be taken back. */
  look(): void {
    if (this.#options.downloads.tasks.length === 0) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#end().catch(() => {
        // The database cannot be read: what it will say is looked at with the next change.
      });
    }, INTERVAL_MS).unref();
  }

  async #end(): Promise<void> {
    const { downloads, files } = this.#options;
    for (const taskId of downloads.tasks) {
      if (await files.isRevoked({ taskId })) downloads.end(taskId);
    }
  }
}
