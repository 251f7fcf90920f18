import type { AgentEvents, ApplicationMessage, ApplicationMqtt, DeviceName, Log, PlanFacts, State } from "../main.js";
import { COMMAND, encodeMessage, type Field, MessageReader } from "./guest/messages.js";

export interface XsAgentOptions {
  readonly log: Log;
  /** The answer to `create`. */
  readonly created: Uint8Array;
  /** @returns the engine's reply, or `undefined` if it has ended */
  send(message: () => Uint8Array): Promise<Uint8Array | undefined>;
}

type Listeners = { [Name in keyof AgentEvents]?: ((event: AgentEvents[Name]) => void)[] };

/** The agent inside an engine, with those methods of `OtaAgent` that can be called from outside the engine. */
export class XsAgent {
  readonly #options: XsAgentOptions;
  readonly #listeners: Listeners = {};
  #state: State["name"] = "idle";
  /** For each plan that was shown, by its id: the function that reports its end. */
  readonly #closers = new Map<number, () => void>();
  /** For each call of `control` that has not ended, by its id. */
  readonly #calls = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  #lastCall = 0;
  /** For each message that was published, by its id: the function that reports its end. */
  readonly #published = new Map<number, (done: boolean) => void>();
  /** By their filters. */
  readonly #heard = new Map<string, (message: ApplicationMessage) => void>();
  #lastMessage = 0;
  readonly #askers = new Map<number, (count: number, error: string) => void>();
  #lastId = 0;

  constructor(options: XsAgentOptions) {
    this.#options = options;
    this.#keepState(options.created);
  }

  get state(): State["name"] {
    return this.#state;
  }

  async start(): Promise<void> {
    await this.#send(COMMAND.start);
  }

  async stop(): Promise<void> {
    await this.#send(COMMAND.stop);
  }

  /** Does what `OtaAgent.gateway.remove` does. */
  async removeSubDevice({ productId, deviceName }: DeviceName): Promise<void> {
    await this.#send(COMMAND.removeSubDevice, productId, deviceName);
  }

  /** Does what `OtaAgent.gateway.bind` does. @throws Error (rejects) with the code */
  async bind({ productId, deviceName, deviceSecret }: DeviceName & { readonly deviceSecret: string }): Promise<void> {
    await this.#ask(COMMAND.bind, productId, deviceName, deviceSecret);
  }

  /** @returns how many devices are bound @throws Error (rejects) with the code */
  describe(): Promise<number> {
    return this.#ask(COMMAND.describe);
  }

  /** Takes the end of a `bind` or `describe`. */
  settled(id: number, count: number, error: string): void {
    this.#askers.get(id)?.(count, error);
    this.#askers.delete(id);
  }

  #ask(code: number, ...fields: readonly Field[]): Promise<number> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#askers.set(id, (count, error) => (error === "" ? resolve(count) : reject(new Error(error))));
      void this.#send(code, id, ...fields);
    });
  }

  on<Name extends keyof AgentEvents>(name: Name, listener: (event: AgentEvents[Name]) => void): void {
    const listeners: ((event: AgentEvents[Name]) => void)[] = this.#listeners[name] ?? [];
    listeners.push(listener);
    (this.#listeners as { [Key in Name]?: typeof listeners })[name] = listeners;
    if (name === "plan" && listeners.length === 1) void this.#send(COMMAND.listenToPlans);
  }

  async checkForUpdate(): Promise<void> {
    await this.#send(COMMAND.checkForUpdate);
  }

  /**
   * Calls a method of `OtaAgent.control`, or reads a property of it.
   *
   * @param args as JSON can hold them
   * @throws Error with the code and message of what was thrown (rejects)
   */
  control(name: string, ...args: readonly unknown[]): Promise<unknown> {
    const id = ++this.#lastCall;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject });
      void this.#send(COMMAND.control, id, name, JSON.stringify(args));
    });
  }

  readonly mqtt: Pick<ApplicationMqtt, "publish" | "subscribe"> = {
    publish: (topic, payload, { qos = 0 } = {}) =>
      new Promise((resolve) => {
        const id = ++this.#lastMessage;
        this.#published.set(id, resolve);
        void this.#send(COMMAND.publish, id, qos, topic, Buffer.from(payload as Uint8Array));
      }),
    subscribe: (filter, listener) => {
      this.#heard.set(filter, listener);
      void this.#send(COMMAND.subscribe, filter);
    },
  };

  /** A message that was published has come to its end. */
  settle(id: number, done: boolean): void {
    this.#published.get(id)?.(done);
    this.#published.delete(id);
  }

  /** @param filter the subscription that the message came for */
  hear(filter: string, topic: string, payload: Uint8Array): void {
    this.#heard.get(filter)?.({ topic, payload, text: () => Buffer.from(payload).toString() });
  }

  /** Takes an event as it comes out of the engine, where a plan has lost its functions, and adds them again. */
  receive(name: keyof AgentEvents | "plan-closed" | "control", event: object): void {
    if (name === "control") {
      const { id, value, error } = event as { readonly id: number; readonly value?: unknown; readonly error?: string };
      const call = this.#calls.get(id);
      this.#calls.delete(id);
      if (error === undefined) call?.resolve(value);
      else call?.reject(new Error(error));
      return;
    }
    if (name === "plan-closed") {
      const { id } = event as { readonly id: number };
      this.#closers.get(id)?.();
      this.#closers.delete(id);
      return;
    }
    if (name !== "plan") {
      this.emit(name, event as never);
      return;
    }
    const { id, ...facts } = event as PlanFacts & { readonly id: number };
    const answer = (text: string, seconds: number, reason: string): void =>
      void this.#send(COMMAND.answerPlan, id, text, seconds, reason);
    const closed = new Promise<void>((resolve) => this.#closers.set(id, resolve));
    this.emit("plan", {
      ...facts,
      accept: () => answer("accept", 0, ""),
      decline: (reason = "") => answer("decline", 0, reason),
      defer: ({ seconds }) => answer("defer", seconds, ""),
      closed: () => closed,
    });
  }

  async #send(code: number, ...fields: readonly Field[]): Promise<void> {
    this.#keepState(await this.#options.send(() => encodeMessage(code, ...fields)));
  }

  /** Calls the listeners. An exception in one of them is logged, as `OtaAgent` does. */
  emit<Name extends keyof AgentEvents>(name: Name, event: AgentEvents[Name]): void {
    if (name === "state") this.#state = (event as AgentEvents["state"]).to;
    for (const listener of this.#listeners[name] ?? []) {
      try {
        listener(event);
      } catch (error) {
        this.#options.log("error", "agent", () => `listener of ${name} failed: ${(error as Error).message}`);
      }
    }
  }

  #keepState(reply: Uint8Array | undefined): void {
    if (reply !== undefined) this.#state = new MessageReader(reply).text() as State["name"];
  }
}
