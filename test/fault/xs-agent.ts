import type { Log, LogLevel } from "../../hal/boards/main.js";
import { CALL, COMMAND, encodeMessage, MessageReader } from "../../hal/boards/xs/guest/messages.js";
import { encodeSetup } from "../../hal/boards/xs/guest/setup.js";
import type { CallTable } from "../../hal/boards/xs/call-table.js";
import { HostModules } from "../../hal/boards/xs/host-modules.js";
import { guestProgram } from "../../hal/boards/xs/program.js";
import { workerBinary } from "../support/engines.js";
import { SyncXsWorker } from "../support/sync-xs-worker.js";
import type { EngineOptions, RunningAgent } from "./engines.js";

type State = RunningAgent["state"];

/** The bundle's agent on the XS engine, in a process of its own, which a power cut kills. @throws XsMissing */
export function createXsAgent(options: EngineOptions): RunningAgent {
  return new XsAgent(options);
}

class XsAgent implements RunningAgent {
  readonly #worker: SyncXsWorker;
  readonly #waiting: (() => Uint8Array | undefined)[] = [];
  #busy = false;
  #state: State;

  constructor({ modules, power, config, log, packages }: EngineOptions) {
    const calls = this.#calls(log);
    const host = new HostModules({ modules, post: (message) => this.#post(message), calls });
    const worker = new SyncXsWorker({ binary: workerBinary(), onCall: (call) => host.answer(call) });
    this.#worker = worker;
    power.onCut(() => worker.kill());
    worker.evaluate(guestProgram());
    const logLevel = log === undefined ? "error" : "debug";
    this.#state = "idle";
    const { Digest, platform, regionLength } = modules;
    const has = {
      hasDigest: Digest !== undefined,
      hasSignatures: platform.verifyP256 !== undefined,
      hasDecoder: false,
      hasSelfTest: false,
      hasControl: false,
      hasPackages: packages === true,
      hasMqtt: false,
    };
    const alone = { sharesLink: false, components: [] };
    this.#command(encodeSetup({ config, logLevel, tellsEvents: true, ...has, regionLength, ...alone }));
  }

  get state(): State {
    return this.#state;
  }

  start(): void {
    this.#command(encodeMessage(COMMAND.start));
  }

  stop(): void {
    this.#command(encodeMessage(COMMAND.stop));
  }

  /** A call that comes from inside a command waits for its end: an engine does one thing at a time. */
  #post(message: () => Uint8Array | undefined): void {
    this.#waiting.push(message);
    if (!this.#busy) this.#tellWaiting();
  }

  #command(message: Uint8Array): void {
    this.#state = new MessageReader(this.#run(message)).text() as State;
    this.#tellWaiting();
  }

  #tellWaiting(): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const message = next();
      if (message !== undefined) this.#run(message);
    }
  }

  #run(message: Uint8Array): Buffer {
    this.#busy = true;
    try {
      return this.#worker.command(message);
    } finally {
      this.#busy = false;
    }
  }

  #calls(log: Log | undefined): CallTable {
    return {
      [CALL.log](call) {
        const [level, area, message] = [call.text() as LogLevel, call.text(), call.text()];
        log?.(level, area, () => message);
      },
      [CALL.agentEvent]: (call) => {
        if (call.text() === "state") this.#state = (JSON.parse(call.text()) as { to: State }).to;
      },
    };
  }
}
