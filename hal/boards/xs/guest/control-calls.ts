import type { OtaAgent } from "moddable-ota";
import type { Host } from "./host.js";
import { CALL, type MessageReader } from "./messages.js";

/** Calls a method of the agent's control, or reads a property of it, and reports what came of it to the host. */
export function callControl(host: Host, agent: OtaAgent, message: MessageReader): void {
  const [id, name, args] = [message.number(), message.text(), JSON.parse(message.text()) as unknown[]];
  const report = (result: object): unknown => host.call(CALL.agentEvent, "control", JSON.stringify({ id, ...result }));
  const failed = (error: unknown): unknown => report({ error: (error as Error).message });
  try {
    const control = agent.control as unknown as { readonly [name: string]: unknown };
    const member = control[name];
    const value: unknown =
      typeof member === "function" ? (member as (...args: unknown[]) => unknown).apply(control, args) : member;
    if (value instanceof Promise) value.then((settled: unknown) => report({ value: settled }), failed);
    else report({ value });
  } catch (error) {
    failed(error);
  }
}
