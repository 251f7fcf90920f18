import { OtaError } from "../errors.js";
import { encodeUtf8 } from "../lib/utf8.js";

/** The platform's longest topic, in bytes. */
const TOPIC_LIMIT = 255;

/**
 * A topic with one of these levels, wherever it is in it, is none of the application's. The first two are the agent's.
 * What comes for a shared subscription has another topic than its filter.
 */
const RESERVED: readonly string[] = Object.freeze(["$ota", "$gateway", "$share"]);

/**
 * The levels of a topic filter (MQTT 3.1.1 §4.7.1).
 *
 * @throws OtaError `usage` if it is none, or not the application's
 */
export function levelsOfFilter(filter: string): readonly string[] {
  const levels = levelsOf(filter, "filter");
  for (let index = 0; index < levels.length; index++) {
    const level = levels[index] as string;
    if (level.length > 1 && hasWildcard(level)) throw new OtaError("usage", "filter has a wildcard inside of a level");
    if (level === "#" && index < levels.length - 1) throw new OtaError("usage", "filter goes on after #");
  }
  return levels;
}

/**
 * Looks at a topic to publish to (MQTT 3.1.1 §3.3.2.1).
 *
 * @returns its length in bytes
 * @throws OtaError `usage` if it is none, or not the application's
 */
export function checkTopic(topic: string): number {
  levelsOf(topic, "topic");
  if (hasWildcard(topic)) throw new OtaError("usage", "topic has a wildcard");
  return encodeUtf8(topic).byteLength;
}

/**
 * Whether a topic matches a filter (MQTT 3.1.1 §4.7).
 *
 * @param levels of the filter
 */
export function matchesTopic(levels: readonly string[], topic: string): boolean {
  // [MQTT-4.7.2-1]: a wildcard at the beginning does not stand for what begins with $.
  if (topic.startsWith("$") && hasWildcard(levels[0] as string)) return false;
  let start = 0;
  for (const level of levels) {
    // It also stands for no further level.
    if (level === "#") return true;
    if (start > topic.length) return false;
    const slash = topic.indexOf("/", start);
    const end = slash < 0 ? topic.length : slash;
    if (level !== "+" && level !== topic.slice(start, end)) return false;
    start = end + 1;
  }
  return start > topic.length;
}

function levelsOf(topic: unknown, what: string): readonly string[] {
  if (typeof topic !== "string" || topic === "") throw new OtaError("usage", `${what} is no text, or an empty one`);
  if (topic.includes("\0") || encodeUtf8(topic).byteLength > TOPIC_LIMIT) {
    throw new OtaError("usage", `${what} has a zero, or more than ${TOPIC_LIMIT} bytes`);
  }
  const levels = topic.split("/");
  const reserved = levels.find((level) => RESERVED.includes(level));
  if (reserved !== undefined) throw new OtaError("usage", `${what} has the level ${reserved}, which is reserved`);
  return levels;
}

function hasWildcard(text: string): boolean {
  return text.includes("+") || text.includes("#");
}
