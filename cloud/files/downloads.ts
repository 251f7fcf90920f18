import type { ServerResponse } from "node:http";
import type { Holder } from "./signed-url.js";

/** The downloads that are under way, by the task whose URL they use. */
export class Downloads {
  readonly #ofTask = new Map<number, Set<ServerResponse>>();

  began({ taskId }: Holder, response: ServerResponse): void {
    if (taskId === undefined) return;
    const known = this.#ofTask.get(taskId) ?? new Set();
    this.#ofTask.set(taskId, known.add(response));
    response.once("close", () => {
      known.delete(response);
      if (known.size === 0) this.#ofTask.delete(taskId);
    });
  }

  /** The tasks whose downloads are under way. */
  get tasks(): readonly number[] {
    return [...this.#ofTask.keys()];
  }

  /** Ends the downloads of a task, whose URLs were taken back. */
  end(taskId: number): void {
    for (const response of this.#ofTask.get(taskId) ?? []) response.destroy();
  }
}
