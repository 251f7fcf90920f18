import { type FleetMove, type FleetStep, type Machine, MACHINES } from "./fleet-moves.js";

/** The mark in docs/fleet.md after which everything is drawn by the code. */
export const MARK = "<!-- drawn by npm run docs:machine -->";

/** docs/fleet.md: what a person wrote up to the mark, and the machines as the code stands. */
export function fleetDocument(page: string): string {
  const end = page.indexOf(MARK);
  if (end < 0) throw new Error(`docs/fleet.md has no mark: ${MARK}`);
  return [page.slice(0, end) + MARK, "", ...MACHINES.flatMap(section)].join("\n");
}

function section(machine: Machine): string[] {
  return [
    `## The machine of a ${machine.name}`,
    "",
    "```mermaid",
    "stateDiagram-v2",
    ...diagram(machine),
    "```",
    "",
    ...machine.states.flatMap((name) => table(name, machine)),
  ];
}

/** One arrow for each pair of states, with all events that lead along it. */
function diagram({ moves }: Machine): string[] {
  const arrows = new Map<string, Set<string>>();
  for (const move of moves) {
    const to = move.run().state.name;
    if (to === move.from) continue;
    const key = `${move.from} --> ${to}`;
    arrows.set(key, (arrows.get(key) ?? new Set()).add(move.type));
  }
  return [...arrows].map(([arrow, labels]) => `    ${arrow} : ${[...labels].join("<br>")}`);
}

/** Every event in one state. Outcomes that depend on more than the two are lines of their own. */
function table(name: string, { moves, events }: Machine): string[] {
  const rows = new Set<string>();
  const others = new Map<string, Set<string>>();
  for (const type of events) {
    for (const move of moves.filter((each) => each.from === name && each.type === type)) {
      const step = move.run();
      const { kind, because } = step.answer;
      if (kind === "taken") rows.add(`| ${type} | ${outcomeOf(move, step)} |`);
      else others.set(`${kind}, ${because}`, (others.get(`${kind}, ${because}`) ?? new Set()).add(type));
    }
  }
  const head = rows.size === 0 ? [] : ["| Event | Next state | Effects, in order |", "|---|---|---|", ...rows, ""];
  const list = [...others].map(([answer, types]) => `- *${answer}*: ${[...types].join(", ")}`);
  return [`### ${name}`, "", ...head, ...list, ""];
}

function outcomeOf({ from }: FleetMove, { state, effects }: FleetStep): string {
  const does = effects.filter((effect) => effect.do !== "record");
  const names = does.map((effect) => (effect.event === undefined ? effect.do : `${effect.do} ${effect.event}`));
  return `${state.name === from ? "" : state.name} | ${names.join(", ")}`;
}
