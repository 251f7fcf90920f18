import type { PlantedBug } from "./planted.js";

/** Mistakes with what is handed over to a component, and with what waits for it. */
export const PLANTED_COMPONENTS: readonly PlantedBug[] = [
  {
    name: "the version that an installation reports is taken for the version that runs",
    file: "src/staging/installation.ts",
    find: "const wrong = version !== undefined && version !== image.version;",
    replace: "const wrong = false;",
    caughtBy: { scene: "component-lying", says: /mcu ends with 1\.0\.0 and .*"done"/ },
  },
  {
    name: "an offer that was sent before the component's result is a new one",
    file: "src/components/components.ts",
    find: "    if (!this.#dropRepeated(component)) this.#gather(GATHER_MS);",
    replace: "    this.#gather(GATHER_MS);",
    caughtBy: { scene: "component-mute", says: /a result after its acknowledgement was stored/ },
  },
  {
    name: "an offer that came before the component whose result waits is a new one",
    file: "src/components/components.ts",
    find: "    this.#dropRepeated(component);\n    if (to ===",
    replace: "    if (to ===",
    caughtBy: {
      test: "test/unit/components/components.test.js",
      named: /^and that comes before the component is there/,
    },
  },
  {
    name: "the component's version is the last one that was reported to the platform",
    file: "src/components/components.ts",
    find: '        options.onEvent({ component: owner, version, kind: "result", result });\n        this.#reportOwn();',
    replace: '        options.onEvent({ component: owner, version, kind: "result", result });',
    caughtBy: { scene: "component", says: /the platform has a component's version for the device's/ },
  },
  {
    name: "what an installation had acknowledged before a cut is left behind",
    file: "src/staging/target.ts",
    find: '    if (step.state.name === "reporting") this.#attempt(() => store.delete(ACKNOWLEDGED_KEY));',
    replace: "",
    caughtBy: { scene: "component", says: /record handed is left/ },
  },
  {
    name: "the own firmware does not wait for a component",
    file: "src/components/components.ts",
    find: "    awaited: () => this.#busy(),",
    replace: "    awaited: () => undefined,",
    caughtBy: { scene: "together", says: /the own firmware does not wait for a component/ },
  },
  {
    name: "what a failed component holds back is stored after its failure",
    file: "src/components/components.ts",
    find: "      else this.#block(component);",
    replace: '      else this.#options.device.clock.timer("block", 0, () => this.#block(component));',
    caughtBy: { scene: "together-refused", says: /component failed, and then .*"done"/ },
  },
  {
    name: "a component that was a success in the end holds back",
    file: "src/components/components.ts",
    find: 'if (state.result.outcome === "done") this.#attempt(() => this.#blocked.lift(owner));',
    replace: 'if (state.result.outcome === "done") return;',
    caughtBy: { scene: "together-refused", says: /component did not fail, and then .*mcu failed/ },
  },
  {
    name: "what was held back once is held back again after a cut",
    file: "src/components/components.ts",
    find: "    for (const key of [OWN_KEY, AREA_KEY]) this.#forgetBlocked(key);",
    replace: "",
    caughtBy: { scene: "together-refused", says: /record blocked is left/ },
  },
  {
    name: "only the own firmware is held back",
    file: "src/components/components.ts",
    find: "const offer = other.options.dependsOn?.includes(owner) === true ? this.#offers.get(other) : undefined;",
    replace: "const offer: Offer | undefined = undefined;",
    caughtBy: { scene: "together-chained", says: /component failed, and then .*"done".*lamp_2\.0\.0/ },
  },
  {
    name: "an answer that cannot be stored is no answer",
    file: "src/plans/memory.ts",
    find: "    this.#attempt(() => this.#store.write(KEY, encodePlans(this.#all())));",
    replace: `    const entries = this.#entries;
    this.#entries = undefined;
    this.#attempt(() => {
      this.#store.write(KEY, encodePlans(entries ?? []));
      this.#entries = entries;
    });`,
    caughtBy: { scene: "full-deferred", says: /asked again about the (download|install) after accept|does not end/ },
  },
];
