import assert from "node:assert/strict";
import { test } from "node:test";
import { REPEAT, SeededRandom } from "../../../support/seed.js";
import { LARGE, SCENES } from "./closure-scenes.js";
import { commandsIn, explore, faultsOf, hasOpen, quietCommands, replay, type Violation } from "./closure-search.js";
import { type Command, MACHINES, type Scene, startOf, Transaction, type World } from "./closure-world.js";
import { PLANTED } from "./planted.js";

for (const scene of SCENES) {
  test(`${scene.name}: in any order of events every task has an end, or a way to one`, (t) => {
    const { states, transitions, violations } = explore(scene, MACHINES);
    t.diagnostic(`${states} states, ${transitions} transitions`);
    assert.equal(violations.map(shown).join("\n"), "");
    assert.ok(states > 100, "the search found next to nothing");
  });
}

for (const { what, scene: name, alarm, machines } of PLANTED) {
  test(`the alarm rings if ${what}`, () => {
    const scene = SCENES.find((each) => each.name === name) as Scene;
    const [first] = explore(scene, machines).violations;
    assert.match(first?.what ?? "nothing", alarm);
    assert.doesNotThrow(() => replay(scene, machines, first?.path ?? []));
  });
}

test(`${LARGE.name}: walked at random, nothing goes wrong and all comes to an end`, (t) => {
  const random = new SeededRandom();
  let commands = 0;
  for (let walk = 0; walk < 60; walk++) {
    const path: Command[] = [];
    let world = startOf(LARGE);
    for (let length = random.integer(1, 250); length > 0; length--) world = go(world, pick(random, world), path);
    for (let quiet = 0; isOpen(world); quiet++) {
      assert.ok(quiet < 500, `no end, ${REPEAT}: ${JSON.stringify(path)}`);
      world = quietly(world, path);
    }
    commands += path.length;
  }
  t.diagnostic(`${commands} commands, ${REPEAT}`);
});

/** Devices report and turns come more often than operators command. */
function pick(random: SeededRandom, world: World): Command {
  const commands = commandsIn(LARGE, world);
  const likely = commands.filter((command) => !("plan" in command) && !isOdd(command));
  const from = random.integer(0, 20) === 0 ? commands : likely;
  return from[random.integer(0, from.length)] as Command;
}

function isOdd(command: Command): boolean {
  return "event" in command && /commanded|lost|moved|decline/.test(command.event.type);
}

function go(world: World, command: Command, path: Command[]): World {
  path.push(command);
  const outcome = new Transaction(LARGE, world, MACHINES).run(command);
  const faults = faultsOf(LARGE, world, outcome);
  assert.equal(faults.join(), "", `${REPEAT}: ${JSON.stringify(path)}`);
  return outcome.world;
}

function quietly(world: World, path: Command[]): World {
  for (const command of quietCommands(LARGE, world)) {
    if (!new Transaction(LARGE, world, MACHINES).run(command).isSame) return go(world, command, path);
  }
  return assert.fail(`nothing happens any more, ${REPEAT}: ${JSON.stringify(path)}`);
}

function isOpen(world: World): boolean {
  return hasOpen(world) || world.plans.some(({ name }) => name !== "finished" && name !== "cancelled");
}

function shown({ what, path }: Violation): string {
  return `${what}; replay ${JSON.stringify(path)}`;
}
