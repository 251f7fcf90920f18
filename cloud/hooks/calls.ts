/*
 * What brokers say when they call. Each names its fields in its own way; EMQX and RMQTT send what their configuration
 * says. A field may be in the query, in a form or in a JSON body.
 */

export type Fields = { readonly [name: string]: unknown };

/** A client wants to connect. */
export interface ConnectCall {
  readonly clientId: string;
  readonly username: string;
  /** Empty if the client sent none, and never absent: that would be the proof by a certificate. */
  readonly password: string;
  /** Common name of the client's certificate, which the broker has verified; empty if it showed none. */
  readonly commonName: string;
  /** The client's address, as the broker says it; empty if it does not. */
  readonly peer: string;
}

export type Action = "publish" | "subscribe";

/** A connected client wants to use topics. */
export interface TopicCall {
  readonly clientId: string;
  readonly username: string;
  readonly action: Action;
  readonly topics: readonly string[];
  /** The highest of the topics; absent if the broker did not say. */
  readonly qos: number | undefined;
  readonly retain: boolean;
}

/** A client has connected, or its connection has ended. */
export interface PresenceCall {
  readonly clientId: string;
  readonly online: boolean;
  /** Milliseconds since 1970, by the broker's clock; absent if the broker did not say. */
  readonly atMs: number | undefined;
}

/** How brokers write that a value is missing. */
const MISSING = ["", "undefined", "null"];

export function readConnectCall(fields: Fields): ConnectCall | undefined {
  const clientId = textOf(fields, "clientid", "client_id");
  if (clientId === "") return undefined;
  return {
    clientId,
    username: textOf(fields, "username"),
    password: textOf(fields, "password"),
    commonName: textOf(fields, "cert_common_name"),
    peer: textOf(fields, "peerhost", "ipaddr", "peer_addr"),
  };
}

/** @param hook the name of the call, if the broker says it in a header */
export function readTopicCall(fields: Fields, hook = ""): TopicCall | undefined {
  const clientId = textOf(fields, "clientid", "client_id");
  const action = actionOf(fields, hook);
  const topics = topicsOf(fields);
  if (clientId === "" || action === undefined || topics.length === 0) return undefined;
  return {
    clientId,
    username: textOf(fields, "username"),
    action,
    topics,
    qos: qosOf(fields),
    retain: ["true", "1"].includes(textOf(fields, "retain")),
  };
}

/** Ends of a connection after which the client has another one already (EMQX: reasons of disconnection). */
const REPLACED = ["takenover", "takeovered", "discarded"];

/** @param hook the name of the call, if the broker says it in a header */
export function readPresenceCall(fields: Fields, hook = ""): PresenceCall | undefined {
  const clientId = textOf(fields, "clientid", "client_id");
  const event = hook === "" ? textOf(fields, "event", "action") : hook;
  const online = Object.hasOwn(PRESENCE_EVENTS, event) ? PRESENCE_EVENTS[event] : undefined;
  if (clientId === "" || online === undefined) return undefined;
  if (!online && REPLACED.includes(textOf(fields, "reason"))) return undefined;
  const at = textOf(fields, online ? "connected_at" : "disconnected_at", "timestamp", "ts");
  return { clientId, online, atMs: /^\d{13}$/.test(at) ? Number(at) : undefined };
}

/**
 * Reads an event that EMQX or RMQTT publishes itself: `$SYS/brokers/NODE/clients/CLIENT/connected`.
 *
 * @returns `undefined` if it is none, or one that says nothing
 */
export function readPresenceEvent(topic: string, payload: string): PresenceCall | undefined {
  const [, clientId = "", event = ""] = /\/clients\/([^/]+)\/(connected|disconnected)$/.exec(topic) ?? [];
  try {
    const fields: unknown = JSON.parse(payload);
    return isFields(fields) ? readPresenceCall({ ...fields, clientid: clientId }, `client_${event}`) : undefined;
  } catch {
    return undefined;
  }
}

/** EMQX 5 says `client.connected`, RMQTT and EMQX 4 `client_connected`; the others are VerneMQ's. */
const PRESENCE_EVENTS: { readonly [event: string]: boolean } = {
  "client.connected": true,
  "client.disconnected": false,
  client_connected: true,
  client_disconnected: false,
  on_register: true,
  on_register_m5: true,
  on_client_wakeup: true,
  on_client_offline: false,
  on_client_gone: false,
};

function actionOf(fields: Fields, hook: string): Action | undefined {
  if (hook.startsWith("auth_on_publish")) return "publish";
  if (hook.startsWith("auth_on_subscribe")) return "subscribe";
  const action = textOf(fields, "action");
  if (action === "publish" || action === "subscribe") return action;
  // EMQX 4, RMQTT and NanoMQ: 1 is subscribe, 2 is publish.
  const access = textOf(fields, "access");
  if (access === "1" || access === "2") return access === "2" ? "publish" : "subscribe";
  // mosquitto's own numbers: 1 is to receive, 2 to publish, 4 to subscribe.
  const acc = textOf(fields, "acc");
  if (acc === "2") return "publish";
  return acc === "1" || acc === "4" ? "subscribe" : undefined;
}

function topicsOf(fields: Fields): readonly string[] {
  const { topics } = fields;
  if (!Array.isArray(topics)) return [textOf(fields, "topic")].filter((topic) => topic !== "");
  return topics.map((entry: unknown) => (isFields(entry) ? textOf(entry, "topic") : ""));
}

/** @returns the QoS of the call, or the highest of its topics: VerneMQ says it of each topic of a subscription */
function qosOf(fields: Fields): number | undefined {
  const { topics } = fields;
  const said = [fields, ...(Array.isArray(topics) ? topics.filter(isFields) : [])].map((entry) => textOf(entry, "qos"));
  const known = said.filter((qos) => /^[0-2]$/.test(qos)).map(Number);
  return known.length === 0 ? undefined : Math.max(...known);
}

/** @returns the first of these fields that has a value, as a text */
function textOf(fields: Fields, ...names: readonly string[]): string {
  for (const name of names) {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
    const text = typeof value === "string" ? value : ["number", "boolean"].includes(typeof value) ? String(value) : "";
    if (!MISSING.includes(text)) return text;
  }
  return "";
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
