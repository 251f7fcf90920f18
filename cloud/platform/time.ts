import { parseFields } from "./fields.js";

/**
 * Answers what a device sends on `$sys/operation/…` if it asks for the time. The device takes the middle of the two
 * times as the moment in the middle between its request and the answer.
 *
 * @param payload what the device has sent
 * @param receivedMs when that came, in milliseconds since 1970
 * @param nowMs the same for the answer
 * @returns JSON for `$sys/operation/result/…`, or `undefined` if the device asks for something else
 */
export function answerTime(payload: string, receivedMs: number, nowMs: number): string | undefined {
  const message = parseFields(payload);
  const resource = message?.["resource"];
  if (message?.["type"] !== "get" || !Array.isArray(resource) || !resource.includes("time")) return undefined;
  const answer = { type: "get", time: Math.floor(nowMs / 1000), ntptime1: receivedMs, ntptime2: nowMs };
  return JSON.stringify(answer);
}
