import { PRESENCE_FILTERS } from "./broker/external-broker.js";
import type { Core } from "./core.js";
import type { PresenceCall } from "./hooks/calls.js";
import type { PresenceSource } from "./options.js";
import { type Presence, ReportedPresence, UNKNOWN_PRESENCE } from "./platform/presence.js";
import { nameOf } from "./platform/platform.js";
import type { Sessions } from "./platform/sessions.js";
import type { Reachable } from "./rollout/offers.js";

/** What another broker says of who is connected, from whichever side it says it. */
export class ExternalPresence {
  readonly #source: PresenceSource;
  readonly #tell: (call: PresenceCall) => void;
  #reported: ReportedPresence | undefined;
  #sessions: Sessions | undefined;

  /** @param tell called with what the broker says to this process: other processes have to know it as well */
  constructor(source: PresenceSource, tell: (call: PresenceCall) => void = () => {}) {
    this.#source = source;
    this.#tell = tell;
  }

  /** To be called once, with the core that it is for. */
  of(core: Pick<Core, "sessions" | "notify">): Presence {
    if (this.#source === "unknown") return UNKNOWN_PRESENCE;
    this.#sessions = core.sessions;
    this.#reported = new ReportedPresence({ sessions: core.sessions, onChange: () => core.notify("presence") });
    return this.#reported;
  }

  /** Whether the device is known to be away. */
  isAway(device: Reachable): boolean {
    return this.#reported?.of(device) === false;
  }

  /** Filters that the cloud subscribes to for it. */
  get filters(): readonly string[] {
    return this.#source === "system-topics" ? PRESENCE_FILTERS : [];
  }

  /** Takes an event that the broker publishes; `undefined` if it is not to publish any. */
  get onEvent(): ((call: PresenceCall) => void) | undefined {
    return this.#source === "system-topics" ? (call) => this.#said(call) : undefined;
  }

  /** Takes a call of the hooks. */
  readonly onCall = (call: PresenceCall): void => {
    if (this.#source === "hooks") this.#said(call);
  };

  /** Takes what the broker has said to another process. */
  readonly onTold = (call: PresenceCall): void => this.#note(call);

  /** What the broker has said to another process may have been missed. */
  forget(): void {
    this.#reported?.forget();
  }

  /** The connection to the broker was lost, or is back: events that it has published meanwhile were missed. */
  onConnection(): void {
    if (this.#source === "system-topics") this.#reported?.forget();
  }

  #said(call: PresenceCall): void {
    const atMs = call.atMs ?? Date.now();
    this.#note({ ...call, atMs });
    this.#tell({ ...call, atMs });
  }

  #note({ clientId, online, atMs = Date.now() }: PresenceCall): void {
    if (this.#reported?.note(clientId, online, atMs) !== true || online) return;
    // All sub-devices of a gateway go offline with its connection.
    const session = this.#sessions?.get(nameOf(clientId));
    if (session !== undefined) this.#sessions?.end(session);
  }
}
