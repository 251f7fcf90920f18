import { explore } from "../crash/closure.js";
import { SCENES } from "../crash/scenes.js";

/** What the crash closure of one scene finds in the code beside it: one violation a line. */
const [name, maxTransitions] = process.argv.slice(2);
const scene = SCENES.find((each) => each.name === name);
if (scene === undefined) throw new Error(`no scene ${name}`);
const { violations } = explore({ scene, maxTransitions: Number(maxTransitions), faultEvery: 0 });
for (const { id, what } of violations) process.stdout.write(`${id} ${what}\n`);
