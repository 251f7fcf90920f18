import type { State } from "../../src/update/machine/types.js";
import { boots, EVENT_TYPES, moves, type Move, namesOf, STATE_NAMES } from "./moves.js";

/** docs/machine.md, as the code stands. */
export function machineDocument(): string {
  const all = moves();
  return [
    "# The state machine of an update",
    "",
    "Made by `npm run docs:machine` from [src/update/machine/transition.ts](../src/update/machine/transition.ts) and",
    "[src/update/machine/restore.ts](../src/update/machine/restore.ts), by driving them with values that stand for every case they tell apart. A test",
    "fails where this page is not what the code does.",
    "",
    "```mermaid",
    "stateDiagram-v2",
    ...diagram(boots().concat(all)),
    "```",
    "",
    "The arrows from the start are what a boot finds in the key-value store; an arrow to the end is a restart.",
    "",
    "## Every event in every state",
    "",
    "What is not listed changes nothing and does nothing. Where an event has several outcomes, each is a line of its own.",
    "",
    ...STATE_NAMES.flatMap((name) => table(name, all)),
  ].join("\n");
}

/** One arrow for each pair of states, with all that leads along it. */
function diagram(all: readonly Move[]): string[] {
  const arrows = new Map<string, Set<string>>();
  const add = (from: string, to: string, label: string): void => {
    const key = `${from} --> ${to}`;
    arrows.set(key, (arrows.get(key) ?? new Set()).add(label));
  };
  for (const { from, event, step } of all) {
    if (from !== step.state.name) add(from ?? "[*]", step.state.name, event);
    const restart = step.effects.find((effect) => effect.do === "restart" || effect.do === "revert");
    if (restart !== undefined && from !== undefined) add(from, "[*]", `${event}, ${restart.do}`);
  }
  return [...arrows].map(([arrow, labels]) => `    ${arrow} : ${[...labels].join("<br>")}`);
}

function table(name: State["name"], all: readonly Move[]): string[] {
  const rows = EVENT_TYPES.flatMap((type) => {
    const outcomes = all
      .filter((move) => move.from === name && move.type === type)
      .map(({ event, step }) => ({ event, to: step.state.name, effects: namesOf(step.effects) }))
      .filter(({ to, effects }) => to !== name || effects !== "")
      .map(({ event, to, effects }) => `| ${event} | ${to === name ? "" : to} | ${effects} |`);
    return [...new Set(outcomes)];
  });
  return [`### ${name}`, "", "| Event | Next state | Effects, in order |", "|---|---|---|", ...rows, ""];
}
