import type { Action } from "./calls.js";

/** `ignore`: this is no device, and another authenticator of the broker may know it. */
export type Result = "allow" | "deny" | "ignore";

/** What a client may do, as a list that the broker keeps: EMQX since 5.8, RMQTT since 0.8. */
export interface AclRule {
  readonly permission: "allow" | "deny";
  readonly action: Action;
  /** `eq ` before it: exactly this topic, or exactly this filter; nothing in it is replaced. */
  readonly topic: string;
  readonly qos?: readonly number[];
  readonly retain?: boolean;
}

export interface Decision {
  readonly result: Result;
  /** The broker ends the connection then, in seconds since 1970; absent: never. */
  readonly expireAtSec?: number;
  readonly acl?: readonly AclRule[];
}

/**
 * How a broker wants to be answered. `json`: by a field of the body, as EMQX 5 and RMQTT read it. `status`: by the
 * status alone, as EMQX 4, NanoMQ and mosquitto's plugins read it. `text`: by one word. `vernemq`: VerneMQ's web hooks.
 */
export const ANSWER_FORMS = ["json", "status", "text", "vernemq"] as const;
export type AnswerForm = (typeof ANSWER_FORMS)[number];

export interface HookAnswer {
  readonly status: number;
  readonly type: "application/json" | "text/plain";
  readonly body: string;
}

/** @returns a decision in the words of a broker. A refusal has status 200 if the status would be read as "ask on". */
export function answerOf(form: AnswerForm, { result, expireAtSec, acl }: Decision): HookAnswer {
  switch (form) {
    case "json": {
      const body = {
        result,
        ...(expireAtSec === undefined ? {} : { expire_at: expireAtSec }),
        ...(acl === undefined ? {} : { is_superuser: false, acl }),
      };
      return json(body);
    }
    case "status":
      return { status: result === "allow" ? 200 : 403, type: "text/plain", body: result };
    case "text":
      return { status: 200, type: "text/plain", body: result };
    case "vernemq":
      if (result === "allow") return json({ result: "ok" });
      return json({ result: result === "ignore" ? "next" : { error: "not_allowed" } });
  }
}

/** @returns the answer to an event, which no broker reads */
export function taken(): HookAnswer {
  return json({});
}

function json(body: object): HookAnswer {
  return { status: 200, type: "application/json", body: JSON.stringify(body) };
}
