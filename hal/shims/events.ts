type Listener = (argument: unknown) => void;

/** The part of Node's `EventEmitter` that mqtt-packet uses: one argument; an `error` without a listener is thrown. */
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
