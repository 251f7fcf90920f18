import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import ts from "typescript";
import { OtaAgent as RealAgent, OtaError } from "../../../src/index.js";
import { ROOT } from "../../support/root.js";

type Run = (done?: () => void) => void;
type Modules = { readonly [specifier: string]: unknown };

const UNPROVISIONED = {
  identity: undefined,
  problem: "not provisioned: do this",
  broker: {},
  download: {},
  network: undefined,
  sntp: undefined,
};
const KEY = { mode: "KEY", deviceSecret: "MDEyMzQ1Njc4OWFiY2RlZg==" };
const PROVISIONED = {
  identity: { productId: "ABCDE12345" },
  problem: undefined,
  broker: { url: "mqtt://h" },
  download: {},
  network: { ssid: "net", password: "eight888" },
  sntp: undefined,
};

test("the example on a board that is not provisioned logs in one line what to do, starts no agent, and goes on running", () => {
  const traced: string[] = [];
  const never = (): never => assert.fail("nothing may be started");
  const boot = { status: () => ({ runningState: "valid" }), revert: never, restart: never };
  const device = { openDevice: () => ({ boot }), readProvisioning: () => UNPROVISIONED };
  const main = load("main.js", traced, { "moddable-ota": { OtaAgent: never }, "moddable-ota/device": device });
  const network = load("network.js", traced, {
    ...NETWORK,
    "embedded:network/interface/wifi": never,
    "moddable-ota/device": device,
  });
  let done = 0;
  network(() => done++);
  main();
  assert.deepEqual(traced, ["not provisioned: do this\n"]);
  assert.equal(done, 1, "the application is not held back");
});

test("a new firmware that finds no identity reverts, because it could never prove itself", () => {
  const done: string[] = [];
  const boot = {
    status: () => ({ runningState: "pending-verify" }),
    revert: () => done.push("revert"),
    restart: () => done.push("restart"),
  };
  const device = { openDevice: () => ({ boot }), readProvisioning: () => UNPROVISIONED };
  load("main.js", [], { "moddable-ota": {}, "moddable-ota/device": device })();
  assert.deepEqual(done, ["revert", "restart"]);
});

for (const [wrong, says] of [
  [
    { identity: { productId: "ABCDE12345", deviceName: "light_01", region: "mars", authentication: KEY }, broker: {} },
    /^region mars is none of [^\n]+\n$/,
  ],
  [
    { identity: { productId: "ABCDE12345", deviceName: "light_01", authentication: KEY }, broker: { url: "http://h" } },
    /^broker URL is not [^\n]+\n$/,
  ],
  [
    {
      identity: { productId: "ABCDE12345", deviceName: "light_01", authentication: { mode: "KEY", deviceSecret: "%" } },
      broker: {},
    },
    /^[^\n%]+\n$/,
  ],
] as const) {
  for (const example of ["minimal/main.js", "plans/main.ts"]) {
    for (const runningState of ["valid", "pending-verify"]) {
      test(`${example}: NVS that the agent refuses (${says.source}) is logged in one line without a restart, and ends a trial: ${runningState}`, () => {
        const done: string[] = [];
        const traced: string[] = [];
        const boot = {
          status: () => ({ runningState }),
          revert: () => done.push("revert"),
          restart: () => done.push("restart"),
        };
        const device = {
          openDevice: () => ({ boot }),
          readProvisioning: () => ({ ...UNPROVISIONED, problem: undefined, ...wrong }),
        };
        const modules = {
          "moddable-ota": { OtaAgent: RealAgent, OtaError },
          "moddable-ota/device": device,
          "moddable-ota/plans": { plans: {} },
        };
        load(`../${example}`, traced, modules)();
        assert.equal(traced.length, 1);
        assert.match(traced[0] ?? "", says);
        assert.deepEqual(done, runningState === "valid" ? [] : ["revert", "restart"]);
      });
    }
  }
}

test("any other failure at the start does not come from the provisioning, and is thrown", () => {
  const OtaAgent = function (): never {
    throw new OtaError("store-failed", "NVS is full");
  };
  const device = { openDevice: () => ({}), readProvisioning: () => PROVISIONED };
  assert.throws(load("main.js", [], { "moddable-ota": { OtaAgent, OtaError }, "moddable-ota/device": device }), {
    message: "NVS is full",
  });
});

test("the example takes identity and broker as they are, and sets no version: that is the image's own", () => {
  const made: { config: object }[] = [];
  class OtaAgent {
    version = "1.2.3";
    constructor(options: { config: object }) {
      made.push(options);
    }
    on(): void {}
    start(): void {}
  }
  const traced: string[] = [];
  const main = load("main.js", traced, {
    "moddable-ota": { OtaAgent },
    "moddable-ota/device": { openDevice: () => ({}), readProvisioning: () => PROVISIONED },
  });
  main();
  const { identity, broker, download } = PROVISIONED;
  assert.deepEqual(
    made.map(({ config }) => config),
    [{ identity, broker, download }],
  );
  assert.deepEqual(traced, ["version 1.2.3 runs\n"]);
});

test("the example joins the provisioned network, an open one without a password, and logs if there is none", () => {
  const joined: object[] = [];
  class WiFi {
    connect(options: object): void {
      joined.push(options);
    }
  }
  const traced: string[] = [];
  for (const network of [PROVISIONED.network, { ssid: "open", password: undefined }, undefined]) {
    const device = { readProvisioning: () => ({ ...PROVISIONED, network }) };
    const run = load("network.js", traced, {
      ...NETWORK,
      "embedded:network/interface/wifi": WiFi,
      "moddable-ota/device": device,
    });
    run(() => {});
  }
  assert.deepEqual(joined, [{ SSID: "net", password: "eight888", secure: true }, { SSID: "open" }]);
  assert.deepEqual(traced, ["no Wi-Fi: this board was provisioned without ssid\n"]);
});

test("its manifest configures no identity, no network and no version", () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, "examples", "minimal", "manifest.json"), "utf8")) as {
    config?: object;
  };
  assert.deepEqual(Object.keys(manifest.config ?? {}), []);
});

test("examples/registration registers a board once, under a name of its own, and erases the product's secret after that", async () => {
  const steps: unknown[] = [];
  const productSecret = "product-secret-of-16";
  const device = { boot: { status: () => ({ runningState: "valid" }) } };
  const found = {
    registration: { productId: "ABCDE12345", deviceName: undefined, productSecret },
    broker: { url: "mqtt://h" },
  };
  class OtaAgent {
    version = "1.2.3";
    constructor(options: object) {
      steps.push(options);
    }
    on(): void {}
    start(): void {
      steps.push("started");
    }
  }
  const traced: string[] = [];
  const register = (options: { device: unknown; deviceName: string; productSecret: string }): Promise<string> => {
    steps.push([options.device === device, options.deviceName, options.productSecret]);
    return Promise.resolve("identity");
  };
  const main = load("../registration/main.js", traced, {
    "moddable-ota": { OtaAgent, OtaError },
    "moddable-ota/device": {
      openDevice: () => device,
      readProvisioning: () => found,
      forgetProductSecret: () => steps.push("erased"),
    },
    "moddable-ota/registration": { register },
    net: { get: (what: string) => (what === "MAC" ? "24:0A:C4:00:01:10" : "") },
  });
  main();
  await new Promise(setImmediate);
  assert.deepEqual(steps, [
    [true, "board_240AC4000110", productSecret],
    "erased",
    { device, config: { identity: "identity", broker: { url: "mqtt://h" }, download: undefined } },
    "started",
  ]);
  assert.deepEqual(traced, ["registered as board_240AC4000110\n", "version 1.2.3 runs\n"]);
});

test("examples/registration says in one line why a board cannot register, and ends a trial", async () => {
  const done: string[] = [];
  const traced: string[] = [];
  const boot = {
    status: () => ({ runningState: "pending-verify" }),
    revert: () => done.push("revert"),
    restart: () => done.push("restart"),
  };
  const registration = { productId: "ABCDE12345", deviceName: "light_01", productSecret: undefined };
  const refuse = (): Promise<never> => Promise.reject(new OtaError("registration-refused", "platform refuses"));
  const main = load("../registration/main.js", traced, {
    "moddable-ota": { OtaError },
    "moddable-ota/device": { openDevice: () => ({ boot }), readProvisioning: () => ({ registration }) },
    "moddable-ota/registration": { register: refuse },
  });
  main();
  await new Promise(setImmediate);
  assert.deepEqual([traced, done], [["platform refuses\n"], ["revert", "restart"]]);
});

test("examples/sealed hands the keys of trusted.js to the part, and says what is wrong with them", () => {
  const handed: unknown[] = [];
  const done: string[] = [];
  const traced: string[] = [];
  const seal = (): never => assert.fail("the agent makes it");
  const boot = {
    status: () => ({ runningState: "pending-verify" }),
    revert: () => done.push("revert"),
    restart: () => done.push("restart"),
  };
  class OtaAgent {
    constructor({ config, parts }: { config: { seal: unknown }; parts: unknown }) {
      handed.push(config.seal, parts);
      throw new OtaError("usage", "seal.trusted[0] is no key");
    }
  }
  const { trusted } = placeholder();
  load("../sealed/main.js", traced, {
    "moddable-ota": { OtaAgent, OtaError },
    "moddable-ota/device": { openDevice: () => ({ boot }), readProvisioning: () => PROVISIONED },
    "moddable-ota/seal": { seal },
    trusted,
  })();
  assert.deepEqual(handed, [{ trusted: ["the text of NAME.pub"] }, { seal }]);
  assert.deepEqual([traced, done], [["seal.trusted[0] is no key\n"], ["revert", "restart"]]);
});

function placeholder(): { readonly trusted: unknown } {
  const text = readFileSync(join(ROOT, "examples", "sealed", "trusted.js"), "utf8");
  return { trusted: new Function(text.replace("export default", "return"))() as unknown };
}

const NETWORK = { "mc/config": { sntp: "pool.test" }, sntp: {}, time: {}, timer: { set: () => {} } };

/**
 * A file of the example in examples/minimal, or of another by its path from there, with these modules in the place of
 * the SDK's. @returns its default export
 */
function load(file: string, traced: string[], modules: Modules): Run {
  const text = readFileSync(join(ROOT, "examples", "minimal", file), "utf8");
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
  const script = file.endsWith(".ts") ? ts.transpileModule(text, { compilerOptions }).outputText : text;
  const body = script
    .replace(/^import (\{[^}]*\}|\w+) from ("[^"]+");$/gm, "const $1 = modules[$2];")
    .replace("export default function", "return function");
  assert.doesNotMatch(body, /^(import|export) /m);
  return new Function("modules", "trace", body)(modules, (line: string) => traced.push(line)) as Run;
}
