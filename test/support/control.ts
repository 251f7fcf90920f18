import { XsAgent } from "../../hal/boards/xs/agent.js";
import type { OtaAgent } from "../../src/index.js";
import type { RunningAgent } from "./engines.js";

/** Calls a method of `OtaAgent.control`, or reads a property of it, on either engine. */
export async function callControl(
  agent: RunningAgent | undefined,
  name: string,
  ...args: readonly unknown[]
): Promise<unknown> {
  if (agent instanceof XsAgent) return agent.control(name, ...args);
  const control = (agent as OtaAgent).control as unknown as { readonly [name: string]: unknown };
  const member = control[name];
  return typeof member === "function" ? (member as (...args: unknown[]) => unknown).apply(control, [...args]) : member;
}
