import assert from "node:assert/strict";
import { test } from "node:test";
import type { OtaAgent, OtaError, Plan } from "../../src/index.js";
import { type Bench, DEVICE, imageOf } from "../support/bench.js";
import { NODE, testOnEngines } from "../support/engines.js";
import { MemoryMcu } from "../support/memory-mcu.js";
import { assertSameBytes } from "../support/same-bytes.js";
import { withBench } from "../support/with-bench.js";

const POLICY = { recheckSeconds: 0.02, manifest: false } as const;
const IMAGE = imageOf("0.2.0", 100 * 1024);

/** `mcu_2.0.0 done`, `version 0.1.0`, progress left out, in order. */
function story(bench: Bench): string[] {
  return bench.platform.reports.flatMap(({ message }) => {
    const { version, progress } = message.report;
    if (progress === undefined) return [`version ${version}`];
    if (progress.state === "downloading") return [];
    return [`${version} ${progress.state === "fail" ? progress.result_msg : progress.state}`];
  });
}

function said(bench: Bench, text: string): Promise<void> {
  return bench.until(text, () => story(bench).includes(text));
}

async function online(bench: Bench): Promise<void> {
  bench.board.powerOn();
  await bench.until("version", () => bench.platform.words().length > 0);
}

testOnEngines(
  "an MCU is updated by the application's code, named by the prefix of the version, without a restart",
  (engine) => {
    const mcu = new MemoryMcu();
    return withBench({ engine, image: IMAGE, components: [mcu], config: { policy: POLICY } }, async (bench) => {
      await online(bench);
      bench.platform.offer(DEVICE, bench.offer("mcu_2.0.0"));
      await said(bench, "mcu_2.0.0 done");
      await bench.until(
        "the own version again",
        () => story(bench).at(-1) === "version 0.1.0" && story(bench).length > 4,
      );
      assert.deepEqual(story(bench), [
        "version 0.1.0",
        "mcu_2.0.0 burning",
        "mcu_2.0.0 done",
        "version mcu_2.0.0",
        "version 0.1.0",
      ]);
      assertSameBytes(mcu.received, IMAGE);
      assert.equal(mcu.running, "2.0.0");
      assert.deepEqual(bench.boots, ["ota_0"]);
      assert.equal(bench.slots().running.version, "0.1.0");
    });
  },
);

testOnEngines("an offer that names the component in a field needs no prefix", (engine) => {
  const mcu = new MemoryMcu();
  return withBench({ engine, image: IMAGE, components: [mcu], config: { policy: POLICY } }, async (bench) => {
    await online(bench);
    const { productId, deviceName } = DEVICE;
    bench.platform.send(
      `$ota/update/${productId}/${deviceName}`,
      JSON.stringify({ type: "update_firmware", ...bench.offer("2.0.0"), component: "mcu" }),
    );
    await said(bench, "mcu_2.0.0 done");
  });
});

testOnEngines("offered together, components go in the order they were added, and the own firmware last", (engine) => {
  const [radio, mcu] = [new MemoryMcu({ id: "radio" }), new MemoryMcu()];
  return withBench({ engine, image: IMAGE, components: [radio, mcu], config: { policy: POLICY } }, async (bench) => {
    await online(bench);
    for (const version of ["0.2.0", "mcu_2.0.0", "radio_3.0.0"]) bench.platform.offer(DEVICE, bench.offer(version));
    await said(bench, "0.2.0 done");
    assert.deepEqual(
      story(bench).filter((line) => line.endsWith("done")),
      ["radio_3.0.0 done", "mcu_2.0.0 done", "0.2.0 done"],
    );
    assert.deepEqual([radio.running, mcu.running, bench.slots().running.version], ["3.0.0", "2.0.0", "0.2.0"]);
  });
});

testOnEngines("a failure stops what depends on it, and that says so; what does not depend on it goes on", (engine) => {
  const components = [
    new MemoryMcu({ id: "radio", install: "fail" }),
    new MemoryMcu({ id: "mcu", dependsOn: ["radio"] }),
    new MemoryMcu({ id: "led" }),
  ];
  return withBench({ engine, image: IMAGE, components, config: { policy: POLICY } }, async (bench) => {
    await online(bench);
    for (const version of ["0.2.0", "led_2", "mcu_2", "radio_2"]) bench.platform.offer(DEVICE, bench.offer(version));
    await said(bench, "0.2.0 mcu failed");
    assert.deepEqual(
      story(bench).filter((line) => !line.startsWith("version") && !line.endsWith("burning")),
      ["radio_2 no such chip", "mcu_2 radio failed", "led_2 done", "0.2.0 mcu failed"],
    );
    assert.deepEqual(bench.boots, ["ota_0"]);
    bench.platform.offer(DEVICE, bench.offer("0.2.0"));
    await said(bench, "0.2.0 done");
  });
});

testOnEngines("a failure stops what was offered with it also where the power goes before it is said", (engine) => {
  const mcu = new MemoryMcu({ install: "fail" });
  const config = { policy: { ...POLICY, recheckSeconds: 2 } };
  return withBench({ engine, image: IMAGE, components: [mcu], config }, async (bench) => {
    await online(bench);
    for (const version of ["0.2.0", "mcu_2"]) bench.platform.offer(DEVICE, bench.offer(version));
    await said(bench, "mcu_2 no such chip");
    assert.ok(!story(bench).includes("0.2.0 mcu failed"), "the own firmware is looked at later");
    bench.board.cutPower();
    bench.platform.pending = () => bench.offer("0.2.0");
    bench.board.powerOn();
    await said(bench, "0.2.0 mcu failed");
    assert.equal(bench.slots().running.version, "0.1.0");
  });
});

testOnEngines(
  "a power cut in the installation goes on from what was acknowledged, and fetches nothing again",
  (engine) => {
    const mcu = new MemoryMcu();
    return withBench({ engine, image: IMAGE, components: [mcu], config: { policy: POLICY } }, async (bench) => {
      bench.platform.pending = () => bench.offer("mcu_2.0.0");
      mcu.onWrite = (byteOffset) => {
        if (byteOffset < 60_000) return;
        mcu.onWrite = () => {};
        bench.board.cutPower();
        setImmediate(() => bench.board.powerOn());
      };
      await online(bench);
      await said(bench, "mcu_2.0.0 done");
      const again = mcu.offsets.findIndex((offset, index) => index > 0 && offset <= (mcu.offsets[index - 1] as number));
      assert.ok(again > 0 && (mcu.offsets[again] as number) > 40_000, `begins again at ${mcu.offsets[again]}`);
      assert.equal(bench.server.requests.length, 1);
      assertSameBytes(mcu.received, IMAGE);
    });
  },
);

testOnEngines("an MCU that falls silent is a failure, once its time is over", (engine) => {
  const mcu = new MemoryMcu({ install: "hang" });
  const config = { policy: POLICY, components: { installTimeoutSeconds: 0.2 } };
  return withBench({ engine, image: IMAGE, components: [mcu], config }, async (bench) => {
    await online(bench);
    bench.platform.offer(DEVICE, bench.offer("mcu_2.0.0"));
    await said(bench, "mcu_2.0.0 installation timed out");
  });
});

testOnEngines("an MCU that says it is done, and runs another version, is a failure", (engine) => {
  const mcu = new MemoryMcu({ install: "other-version" });
  return withBench({ engine, image: IMAGE, components: [mcu], config: { policy: POLICY } }, async (bench) => {
    await online(bench);
    bench.platform.offer(DEVICE, bench.offer("mcu_2.0.0"));
    await said(bench, "mcu_2.0.0 installed, but runs version 1.0.0");
  });
});

testOnEngines("a component's plan is shown, waits for its own battery, and can be declined", (engine) => {
  let battery = 40;
  const mcu = new MemoryMcu({ minBatteryPercent: 50 });
  const bench = {
    engine,
    image: IMAGE,
    components: [mcu],
    config: { policy: POLICY },
    surroundings: { batteryPercent: () => battery },
  };
  return withBench(bench, async (bench) => {
    const plans: Plan[] = [];
    bench.onAgent = (agent) => agent.on("plan", (plan) => plans.push(plan));
    await online(bench);
    bench.platform.offer(DEVICE, bench.offer("mcu_2.0.0"));
    await bench.until("the plan", () => plans.length > 0);
    const { component, kind, version, unmet } = plans[0]!;
    assert.deepEqual(
      { component, kind, version, unmet },
      {
        component: "mcu",
        kind: "mcu",
        version: "2.0.0",
        unmet: [{ what: "battery", required: 50, measured: 40 }],
      },
    );
    battery = 50;
    plans[0]!.decline("no");
    await said(bench, "mcu_2.0.0 declined: no");
  });
});

testOnEngines("a component that runs what is offered says so, and is not installed again", (engine) => {
  const mcu = new MemoryMcu({ version: "2.0.0" });
  return withBench({ engine, image: IMAGE, components: [mcu], config: { policy: POLICY } }, async (bench) => {
    await online(bench);
    bench.platform.offer(DEVICE, bench.offer("mcu_2.0.0"));
    await bench.until("both versions", () => story(bench).length === 3);
    assert.deepEqual(story(bench), ["version 0.1.0", "version mcu_2.0.0", "version 0.1.0"]);
    assert.equal(bench.server.requests.length, 0);
  });
});

test("a component whose version the application only knows at the start keeps what was installed", () =>
  withBench({ engine: NODE, image: IMAGE, config: { policy: POLICY } }, async (bench) => {
    const pieces: number[] = [];
    const events: string[] = [];
    bench.onAgent = (agent) => {
      agent.on("component", (event) =>
        events.push(`${event.component} ${event.kind === "state" ? event.state : event.kind}`),
      );
      (agent as OtaAgent).components.add({
        id: "mcu",
        version: "1.0.0",
        install(image, job) {
          const piece = new Uint8Array(60_000);
          for (let at = 0, count = 0; (count = image.read(at, piece)) > 0; at += count) pieces.push(count);
          job.succeed();
        },
      });
    };
    await online(bench);
    bench.platform.offer(DEVICE, bench.offer("mcu_2.0.0"));
    await said(bench, "mcu_2.0.0 done");
    assert.deepEqual(pieces, [60_000, 42_400]);
    await said(bench, "version mcu_2.0.0");
    bench.platform.offer(DEVICE, bench.offer("mcu_2.0.0"));
    await bench.until(
      "its version again",
      () => story(bench).filter((line) => line === "version mcu_2.0.0").length === 2,
    );
    assert.equal(bench.server.requests.length, 1);
    assert.ok(
      events.includes("mcu applying") && events.includes("mcu result") && events.includes("mcu progress"),
      events.join(),
    );
  }));

test("asked for, the plan of a component that waits for a yes is there at once, and takes it", () => {
  const mcu = new MemoryMcu();
  return withBench(
    { engine: NODE, image: IMAGE, components: [mcu], config: { policy: { ...POLICY, consent: "ask" } } },
    async (bench) => {
      await online(bench);
      bench.platform.offer(DEVICE, bench.offer("mcu_2.0.0"));
      await bench.until("the wait", () => bench.logged.lines.some((line) => line.includes("mcu waits: an answer")));
      const plan = (await bench.agent!.checkForUpdate()) as Plan;
      assert.deepEqual([plan.component, plan.version, plan.asks], ["mcu", "2.0.0", true]);
      plan.accept();
      await said(bench, "mcu_2.0.0 done");
    },
  );
});

test("a component that comes once the agent was started is refused: it would wait for the next connection, and its offers are not its own", () =>
  withBench({ engine: NODE, image: IMAGE }, async (bench) => {
    await online(bench);
    assert.throws(
      () => (bench.agent as OtaAgent).components,
      (error: OtaError) => error.code === "usage" && error.message === "components are added before the agent starts",
    );
  }));

test("a component that cannot be is refused in one line that names the setting", () =>
  withBench({ engine: NODE, image: IMAGE }, async (bench) => {
    const fine = { id: "led", version: "1", install: (): void => {} };
    const wrong: readonly (readonly [setting: object, message: RegExp])[] = [
      ...["firmware", "m/cu", "", 5].map((id) => [{ id }, /no id of a component/] as const),
      [{ id: "mcu" }, /^component mcu is known already$/],
      ...["", "1 0", "1".repeat(29)].map(
        (version) => [{ version }, /^component led: version is not one, or too long/] as const,
      ),
      ...[undefined, 5, null].map((version) => [{ version }, /version is neither text nor a function/] as const),
      ...[1000, NaN, -1, "50", null].map(
        (least) =>
          [{ minBatteryPercent: least }, /^component led: minBatteryPercent is not between 0 and 100$/] as const,
      ),
      [{ kind: "chip" }, /^component led: kind is none of module, mcu$/],
      [{ dependsOn: "mcu" }, /^component led: dependsOn is not a list of ids$/],
      [{ dependsOn: [5] }, /dependsOn is not a list/],
      [{ dependsOn: ["mcu", "mcv"] }, /^component led: dependsOn names mcv, which is not added before it$/],
      [{ dependsOn: ["led"] }, /^component led: dependsOn names led, which/],
      [{ install: undefined }, /^component led: install is not a function$/],
    ];
    let refused = 0;
    bench.onAgent = (agent) => {
      const { components } = agent as OtaAgent;
      components.add({ ...fine, id: "mcu", minBatteryPercent: 100 });
      for (const [setting, message] of wrong) {
        assert.throws(
          () => components.add({ ...fine, ...setting }),
          (error: OtaError) => error.code === "usage" && message.test(error.message),
          JSON.stringify(setting),
        );
        refused++;
      }
    };
    await online(bench);
    assert.equal(refused, wrong.length);
  }));

/** Offered with a field that the platform does not write today. */
function offerDifference(bench: Bench, sourceVersion: string): void {
  const { productId, deviceName } = DEVICE;
  const offer = { type: "update_firmware", ...bench.offer("mcu_2.0.0"), sourceVersion };
  bench.platform.send(`$ota/update/${productId}/${deviceName}`, JSON.stringify(offer));
}

testOnEngines(
  "a difference waits for an MCU that does not say its version, and is installed once it says the right one",
  (engine) => {
    const mcu = new MemoryMcu();
    mcu.answers = false;
    return withBench(
      { engine, image: IMAGE, components: [mcu], config: { policy: { ...POLICY, recheckSeconds: 0.5 } } },
      async (bench) => {
        await online(bench);
        offerDifference(bench, "1.0.0");
        await bench.until("the wait", () =>
          bench.logged.lines.some((line) => line.includes("mcu waits: version ?, wanted 1.0.0")),
        );
        assert.equal(bench.server.requests.length, 0);
        mcu.answers = true;
        await said(bench, "mcu_2.0.0 done");
        assert.ok(story(bench).includes("version mcu_1.0.0"), "what was learned is told");
      },
    );
  },
);

test("a component that has not answered yet is not asked for its version a second time", () =>
  withBench({ engine: NODE, image: IMAGE, config: { policy: { ...POLICY, recheckSeconds: 0.05 } } }, async (bench) => {
    const questions: ((version: string) => void)[] = [];
    bench.onAgent = (agent) =>
      (agent as OtaAgent).components.add({
        id: "mcu",
        version: () => new Promise((resolve) => questions.push(resolve)),
        install: (_image, job) => job.succeed(),
      });
    await online(bench);
    offerDifference(bench, "1.0.0");
    await bench.until("the wait", () =>
      bench.logged.lines.some((line) => line.includes("mcu waits: version ?, wanted 1.0.0")),
    );
    assert.equal(questions.length, 1);
    questions[0]!("1.0.0");
    await bench.until("the question after the installation", () => questions.length === 2);
    questions[1]!("2.0.0");
    await said(bench, "mcu_2.0.0 done");
  }));

testOnEngines("a difference is refused where the MCU says another version late, or none at all", (engine) => {
  const mcu = new MemoryMcu({ version: "0.9.0" });
  mcu.answers = false;
  return withBench(
    { engine, image: IMAGE, components: [mcu], config: { policy: { ...POLICY, recheckSeconds: 0.2 } } },
    async (bench) => {
      await online(bench);
      offerDifference(bench, "1.0.0");
      await said(bench, "mcu_2.0.0 for version 1.0.0, what runs is unknown");
      await bench.until("the end", () => bench.logged.lines.length > 0 && story(bench).at(-1) === "version 0.1.0");
      offerDifference(bench, "1.0.0");
      await bench.until(
        "the second wait",
        () => bench.logged.lines.filter((line) => line.includes("mcu waits: version")).length === 2,
      );
      mcu.answers = true;
      await said(bench, "mcu_2.0.0 for version 1.0.0, not 0.9.0");
      assert.deepEqual([bench.server.requests.length, mcu.offsets.length], [0, 0]);
    },
  );
});
