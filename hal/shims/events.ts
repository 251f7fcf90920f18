type Listener = (argument: unknown) => void;

/** As much of Node's `EventEmitter` as mqtt-packet uses: one argument, and an `error` that nobody hears is thrown. */
export class EventEmitter {
  readonly #listeners: { [name: string]: Listener[] } = {};

  on(name: string, listener: Listener): this {
    (this.#listeners[name] ??= []).push(listener);
    return this;
  }

  emit(name: string, argument: unknown): boolean {
    const listeners = this.#listeners[name];
    if (listeners === undefined && name === "error") throw argument;
    for (const listener of listeners ?? []) listener(argument);
    return listeners !== undefined;
  }
}
