import assert from "node:assert/strict";
import { test } from "node:test";
import type { OtaAgent, OtaError, Plan } from "../../src/index.js";
import { type TestBed, DEVICE, imageOf } from "../support/test-bed.js";
import { NODE, testOnEngines } from "../support/engines.js";
import { MemoryMcu } from "../support/memory-mcu.js";
import { assertSameBytes } from "../support/same-bytes.js";
import { withTestBed } from "../support/with-test-bed.js";

const POLICY = { recheckSeconds: 0.02, manifest: false } as const;
const IMAGE = imageOf("0.2.0", 100 * 1024);

/** `mcu_2.0.0 done`, `version 0.1.0`, progress left out, in order. */
function story(bed: TestBed): string[] {
  return bed.platform.reports.flatMap(({ message }) => {
    const { version, progress } = message.report;
    if (progress === undefined) return [`version ${version}`];
    if (progress.state === "downloading") return [];
    return [`${version} ${progress.state === "fail" ? progress.result_msg : progress.state}`];
  });
}

function said(bed: TestBed, text: string): Promise<void> {
  return bed.until(text, () => story(bed).includes(text));
}

async function online(bed: TestBed): Promise<void> {
  bed.board.powerOn();
  await bed.until("version", () => bed.platform.words().length > 0);
}

testOnEngines(
  "an MCU is updated by the application's code, named by the prefix of the version, without a restart",
  (engine) => {
    const mcu = new MemoryMcu();
    return withTestBed({ engine, image: IMAGE, components: [mcu], config: { policy: POLICY } }, async (bed) => {
      await online(bed);
      bed.platform.offer(DEVICE, bed.offer("mcu_2.0.0"));
      await said(bed, "mcu_2.0.0 done");
      await bed.until("the own version again", () => story(bed).at(-1) === "version 0.1.0" && story(bed).length > 4);
      assert.deepEqual(story(bed), [
        "version 0.1.0",
        "mcu_2.0.0 burning",
        "mcu_2.0.0 done",
        "version mcu_2.0.0",
        "version 0.1.0",
      ]);
      assertSameBytes(mcu.received, IMAGE);
      assert.equal(mcu.running, "2.0.0");
      assert.deepEqual(bed.boots, ["ota_0"]);
      assert.equal(bed.slots().running.version, "0.1.0");
    });
  },
);

testOnEngines("an offer that names the component in a field needs no prefix", (engine) => {
  const mcu = new MemoryMcu();
  return withTestBed({ engine, image: IMAGE, components: [mcu], config: { policy: POLICY } }, async (bed) => {
    await online(bed);
    const { productId, deviceName } = DEVICE;
    bed.platform.send(
      `$ota/update/${productId}/${deviceName}`,
      JSON.stringify({ type: "update_firmware", ...bed.offer("2.0.0"), component: "mcu" }),
    );
    await said(bed, "mcu_2.0.0 done");
  });
});

testOnEngines("offered together, components go in the order they were added, and the own firmware last", (engine) => {
  const [radio, mcu] = [new MemoryMcu({ id: "radio" }), new MemoryMcu()];
  return withTestBed({ engine, image: IMAGE, components: [radio, mcu], config: { policy: POLICY } }, async (bed) => {
    await online(bed);
    for (const version of ["0.2.0", "mcu_2.0.0", "radio_3.0.0"]) bed.platform.offer(DEVICE, bed.offer(version));
    await said(bed, "0.2.0 done");
    assert.deepEqual(
      story(bed).filter((line) => line.endsWith("done")),
      ["radio_3.0.0 done", "mcu_2.0.0 done", "0.2.0 done"],
    );
    assert.deepEqual([radio.running, mcu.running, bed.slots().running.version], ["3.0.0", "2.0.0", "0.2.0"]);
  });
});

testOnEngines("a failure stops what depends on it, with that reason; what does not depend on it goes on", (engine) => {
  const components = [
    new MemoryMcu({ id: "radio", install: "fail" }),
    new MemoryMcu({ id: "mcu", dependsOn: ["radio"] }),
    new MemoryMcu({ id: "led" }),
  ];
  return withTestBed({ engine, image: IMAGE, components, config: { policy: POLICY } }, async (bed) => {
    await online(bed);
    for (const version of ["0.2.0", "led_2", "mcu_2", "radio_2"]) bed.platform.offer(DEVICE, bed.offer(version));
    await said(bed, "0.2.0 mcu failed");
    assert.deepEqual(
      story(bed).filter((line) => !line.startsWith("version") && !line.endsWith("burning")),
      ["radio_2 no such chip", "mcu_2 radio failed", "led_2 done", "0.2.0 mcu failed"],
    );
    assert.deepEqual(bed.boots, ["ota_0"]);
    bed.platform.offer(DEVICE, bed.offer("0.2.0"));
    await said(bed, "0.2.0 done");
  });
});

testOnEngines("a failure stops what was offered with it, even if the power goes before it is reported", (engine) => {
  const mcu = new MemoryMcu({ install: "fail" });
  const config = { policy: { ...POLICY, recheckSeconds: 2 } };
  return withTestBed({ engine, image: IMAGE, components: [mcu], config }, async (bed) => {
    await online(bed);
    for (const version of ["0.2.0", "mcu_2"]) bed.platform.offer(DEVICE, bed.offer(version));
    await said(bed, "mcu_2 no such chip");
    assert.ok(!story(bed).includes("0.2.0 mcu failed"), "the own firmware is looked at later");
    bed.board.cutPower();
    bed.platform.pending = () => bed.offer("0.2.0");
    bed.board.powerOn();
    await said(bed, "0.2.0 mcu failed");
    assert.equal(bed.slots().running.version, "0.1.0");
  });
});

testOnEngines(
  "a power cut in the installation goes on from what was acknowledged, and fetches nothing again",
  (engine) => {
    const mcu = new MemoryMcu();
    return withTestBed({ engine, image: IMAGE, components: [mcu], config: { policy: POLICY } }, async (bed) => {
      bed.platform.pending = () => bed.offer("mcu_2.0.0");
      mcu.onWrite = (byteOffset) => {
        if (byteOffset < 60_000) return;
        mcu.onWrite = () => {};
        bed.board.cutPower();
        setImmediate(() => bed.board.powerOn());
      };
      await online(bed);
      await said(bed, "mcu_2.0.0 done");
      const again = mcu.offsets.findIndex((offset, index) => index > 0 && offset <= (mcu.offsets[index - 1] as number));
      assert.ok(again > 0 && (mcu.offsets[again] as number) > 40_000, `begins again at ${mcu.offsets[again]}`);
      assert.equal(bed.server.requests.length, 1);
      assertSameBytes(mcu.received, IMAGE);
    });
  },
);

testOnEngines("an MCU that stops answering is a failure, once its time is over", (engine) => {
  const mcu = new MemoryMcu({ install: "hang" });
  const config = { policy: POLICY, components: { installTimeoutSeconds: 0.2 } };
  return withTestBed({ engine, image: IMAGE, components: [mcu], config }, async (bed) => {
    await online(bed);
    bed.platform.offer(DEVICE, bed.offer("mcu_2.0.0"));
    await said(bed, "mcu_2.0.0 installation timed out");
  });
});

testOnEngines("an MCU that reports success and runs another version is a failure", (engine) => {
  const mcu = new MemoryMcu({ install: "other-version" });
  return withTestBed({ engine, image: IMAGE, components: [mcu], config: { policy: POLICY } }, async (bed) => {
    await online(bed);
    bed.platform.offer(DEVICE, bed.offer("mcu_2.0.0"));
    await said(bed, "mcu_2.0.0 installed, but runs version 1.0.0");
  });
});

testOnEngines("a component's plan is shown, waits for its own battery, and can be declined", (engine) => {
  let battery = 40;
  const mcu = new MemoryMcu({ minBatteryPercent: 50 });
  const bed = {
    engine,
    image: IMAGE,
    components: [mcu],
    config: { policy: POLICY },
    surroundings: { batteryPercent: () => battery },
  };
  return withTestBed(bed, async (bed) => {
    const plans: Plan[] = [];
    bed.onAgent = (agent) => agent.on("plan", (plan) => plans.push(plan));
    await online(bed);
    bed.platform.offer(DEVICE, bed.offer("mcu_2.0.0"));
    await bed.until("the plan", () => plans.length > 0);
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
    await said(bed, "mcu_2.0.0 declined: no");
  });
});

testOnEngines("a component that runs what is offered reports its version, and is not installed again", (engine) => {
  const mcu = new MemoryMcu({ version: "2.0.0" });
  return withTestBed({ engine, image: IMAGE, components: [mcu], config: { policy: POLICY } }, async (bed) => {
    await online(bed);
    bed.platform.offer(DEVICE, bed.offer("mcu_2.0.0"));
    await bed.until("both versions", () => story(bed).length === 3);
    assert.deepEqual(story(bed), ["version 0.1.0", "version mcu_2.0.0", "version 0.1.0"]);
    assert.equal(bed.server.requests.length, 0);
  });
});

test("a component whose version the application knows only at the start keeps what was installed", () =>
  withTestBed({ engine: NODE, image: IMAGE, config: { policy: POLICY } }, async (bed) => {
    const pieces: number[] = [];
    const events: string[] = [];
    bed.onAgent = (agent) => {
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
    await online(bed);
    bed.platform.offer(DEVICE, bed.offer("mcu_2.0.0"));
    await said(bed, "mcu_2.0.0 done");
    assert.deepEqual(pieces, [60_000, 42_400]);
    await said(bed, "version mcu_2.0.0");
    bed.platform.offer(DEVICE, bed.offer("mcu_2.0.0"));
    await bed.until("its version again", () => story(bed).filter((line) => line === "version mcu_2.0.0").length === 2);
    assert.equal(bed.server.requests.length, 1);
    assert.ok(
      events.includes("mcu applying") && events.includes("mcu result") && events.includes("mcu progress"),
      events.join(),
    );
  }));

test("checkForUpdate returns at once the plan of a component that waits for a yes, and the plan takes it", () => {
  const mcu = new MemoryMcu();
  return withTestBed(
    { engine: NODE, image: IMAGE, components: [mcu], config: { policy: { ...POLICY, consent: "ask" } } },
    async (bed) => {
      await online(bed);
      bed.platform.offer(DEVICE, bed.offer("mcu_2.0.0"));
      await bed.until("the wait", () => bed.logged.lines.some((line) => line.includes("mcu waits: an answer")));
      const plan = (await bed.agent!.checkForUpdate()) as Plan;
      assert.deepEqual([plan.component, plan.version, plan.asks], ["mcu", "2.0.0", true]);
      plan.accept();
      await said(bed, "mcu_2.0.0 done");
    },
  );
});

test("a component that is added after the agent was started is refused: it would wait for the next connection, and its offers are not its own", () =>
  withTestBed({ engine: NODE, image: IMAGE }, async (bed) => {
    await online(bed);
    assert.throws(
      () => (bed.agent as OtaAgent).components,
      (error: OtaError) => error.code === "usage" && error.message === "components are added before the agent starts",
    );
  }));

test("a component that cannot be is refused in one line that names the setting", () =>
  withTestBed({ engine: NODE, image: IMAGE }, async (bed) => {
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
    bed.onAgent = (agent) => {
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
    await online(bed);
    assert.equal(refused, wrong.length);
  }));

/** An offer with a field that the platform does not write today. */
function offerDifference(bed: TestBed, sourceVersion: string): void {
  const { productId, deviceName } = DEVICE;
  const offer = { type: "update_firmware", ...bed.offer("mcu_2.0.0"), sourceVersion };
  bed.platform.send(`$ota/update/${productId}/${deviceName}`, JSON.stringify(offer));
}

testOnEngines(
  "a difference waits for an MCU that does not report its version, and is installed once it reports the right one",
  (engine) => {
    const mcu = new MemoryMcu();
    mcu.answers = false;
    return withTestBed(
      { engine, image: IMAGE, components: [mcu], config: { policy: { ...POLICY, recheckSeconds: 0.5 } } },
      async (bed) => {
        await online(bed);
        offerDifference(bed, "1.0.0");
        await bed.until("the wait", () =>
          bed.logged.lines.some((line) => line.includes("mcu waits: version ?, wanted 1.0.0")),
        );
        assert.equal(bed.server.requests.length, 0);
        mcu.answers = true;
        await said(bed, "mcu_2.0.0 done");
        assert.ok(story(bed).includes("version mcu_1.0.0"), "what was learned is told");
      },
    );
  },
);

test("a component that has not answered yet is not asked for its version a second time", () =>
  withTestBed({ engine: NODE, image: IMAGE, config: { policy: { ...POLICY, recheckSeconds: 0.05 } } }, async (bed) => {
    const questions: ((version: string) => void)[] = [];
    bed.onAgent = (agent) =>
      (agent as OtaAgent).components.add({
        id: "mcu",
        version: () => new Promise((resolve) => questions.push(resolve)),
        install: (_image, job) => job.succeed(),
      });
    await online(bed);
    offerDifference(bed, "1.0.0");
    await bed.until("the wait", () =>
      bed.logged.lines.some((line) => line.includes("mcu waits: version ?, wanted 1.0.0")),
    );
    assert.equal(questions.length, 1);
    questions[0]!("1.0.0");
    await bed.until("the question after the installation", () => questions.length === 2);
    questions[1]!("2.0.0");
    await said(bed, "mcu_2.0.0 done");
  }));

testOnEngines("a difference is refused if the MCU reports another version late, or none at all", (engine) => {
  const mcu = new MemoryMcu({ version: "0.9.0" });
  mcu.answers = false;
  return withTestBed(
    { engine, image: IMAGE, components: [mcu], config: { policy: { ...POLICY, recheckSeconds: 0.2 } } },
    async (bed) => {
      await online(bed);
      offerDifference(bed, "1.0.0");
      await said(bed, "mcu_2.0.0 for version 1.0.0, what runs is unknown");
      await bed.until("the end", () => bed.logged.lines.length > 0 && story(bed).at(-1) === "version 0.1.0");
      offerDifference(bed, "1.0.0");
      await bed.until(
        "the second wait",
        () => bed.logged.lines.filter((line) => line.includes("mcu waits: version")).length === 2,
      );
      mcu.answers = true;
      await said(bed, "mcu_2.0.0 for version 1.0.0, not 0.9.0");
      assert.deepEqual([bed.server.requests.length, mcu.offsets.length], [0, 0]);
    },
  );
});
