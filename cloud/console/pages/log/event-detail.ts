import type { EventView } from "../../../operator/types.js";

/** What an event carries besides its kind, in parts that the page has words for. */
export interface EventDetail {
  /** A code of `codes.reason`. */
  readonly reason?: string;
  /** A code of `codes.match`. */
  readonly match?: string;
  readonly version?: string;
  readonly percent?: number;
  readonly seconds?: number;
  readonly attempt?: number;
  /** Tasks that a plan has made. */
  readonly tasks?: number;
  /** Of so many ended tasks so many failed or are silent. */
  readonly bad?: { readonly count: number; readonly ended: number };
  readonly planId?: number;
  readonly packageId?: number;
  /** Whoever commanded it. */
  readonly actor?: string;
  readonly deviceName?: string;
  readonly isReconnected?: true;
  /** What the device wrote, as it came. */
  readonly quote?: string;
}

/** @returns the parts of an event's detail; what is not known is left out */
export function detailOf({ kind, detail }: Pick<EventView, "kind" | "detail">): EventDetail {
  const { version, percent, seconds, message, code, tasks, packageId } = detail;
  return {
    ...(typeof version === "string" && version !== "" ? { version } : {}),
    ...(typeof percent === "number" ? { percent } : {}),
    ...(typeof seconds === "number" ? { seconds } : {}),
    ...(typeof tasks === "number" ? { tasks } : {}),
    ...(typeof packageId === "number" ? { packageId } : {}),
    ...(typeof code === "string" && code !== "" ? { reason: code } : {}),
    ...quoted(message),
    ...(typeof detail["text"] === "string" && detail["text"].trim() !== "" ? ofText(kind, detail["text"].trim()) : {}),
  };
}

/** The machines write their detail as one text; which one depends on the kind. */
function ofText(kind: string, text: string): EventDetail {
  const [first = "", ...others] = text.split(" ");
  const rest = others.join(" ");
  switch (kind) {
    case "task-offered": {
      const attempt = Number(rest);
      return Number.isInteger(attempt) ? { attempt } : {};
    }
    case "task-offered-again":
    case "task-old-version":
      return { version: text };
    case "task-downloading":
      return Number.isInteger(Number(text)) ? { percent: Number(text) } : {};
    case "task-burning":
      return { isReconnected: true };
    case "task-declined":
    case "task-variant-offered":
    case "task-variant-refused":
    case "package-variant-made":
    case "package-variant-failed":
      return quoted(text);
    case "task-superseded":
      return planOf(text);
    case "task-cancelled":
      return first === "no-match" && rest !== "" ? { reason: first, match: rest } : { reason: first, ...quoted(rest) };
    case "plan-halted": {
      const [, count, ended] = /^(\d+) of (\d+) /.exec(text) ?? [];
      if (count !== undefined) return { bad: { count: Number(count), ended: Number(ended) } };
      return { reason: first };
    }
    case "plan-cancelled":
      // The plan of a verification ends with it: nobody has cancelled the plan itself.
      return text === "package" ? {} : { actor: text };
    case "plan-stopped":
    case "package-withdrawn":
      return { actor: text };
    case "package-verification-started":
    case "package-verification-abandoned":
    case "package-verified":
      return { deviceName: text };
    default:
      return { reason: first, ...quoted(rest) };
  }
}

function quoted(text: unknown): EventDetail {
  return typeof text === "string" && text !== "" ? { quote: text } : {};
}

function planOf(text: string): EventDetail {
  const planId = Number(text);
  return Number.isInteger(planId) ? { planId } : {};
}
