import { type AgentEvents, type BoardModules, createDevice, type Log, type LogLevel, OtaAgent } from "moddable-ota";
import { Host } from "./host.js";
import { CALL, COMMAND, encodeMessage, MessageReader } from "./messages.js";
import {
  createDigest,
  createFlashModule,
  createKeyValueModule,
  createPlatform,
  createTimeModule,
  createTimerModule,
} from "./modules.js";
import { decodeSetup, type Setup } from "./setup.js";
import { createTcp, createTls } from "./sockets.js";

const RANK: { readonly [Level in LogLevel]: number } = { error: 0, warn: 1, info: 2, debug: 3 };

const EVENTS: readonly (keyof AgentEvents)[] = ["state", "progress", "answer", "connection", "result"];

/** The firmware inside the engine: the agent and nothing else. */
class Firmware {
  readonly host = new Host();
  #agent: OtaAgent | undefined;

  handle(message: MessageReader): string | undefined {
    switch (message.code) {
      case COMMAND.create:
        this.#agent = this.#create(decodeSetup(message));
        return this.#agent.state;
      case COMMAND.start:
        this.host.leave();
        this.#agent?.start();
        return this.#agent?.state;
      case COMMAND.stop:
        this.#agent?.stop();
        return this.#agent?.state;
      default:
        this.host.dispatch(message);
        return undefined;
    }
  }

  #create(setup: Setup): OtaAgent {
    const { host } = this;
    const modules: BoardModules = {
      flash: createFlashModule(host),
      keyValue: createKeyValueModule(host),
      TCP: createTcp(host),
      TLS: createTls(),
      Timer: createTimerModule(host),
      Time: createTimeModule(host),
      Digest: setup.hasDigest ? createDigest(host) : undefined,
      platform: createPlatform(host),
    };
    const wanted = RANK[setup.logLevel];
    const log: Log = (level, area, message) => {
      if (RANK[level] <= wanted) host.call(CALL.log, level, area, message());
    };
    const agent = new OtaAgent({ device: createDevice(modules, log), config: setup.config });
    if (!setup.tellsEvents) return agent;
    for (const name of EVENTS) agent.on(name, (event) => void host.call(CALL.agentEvent, name, JSON.stringify(event)));
    return agent;
  }
}

const firmware = new Firmware();

/** What the engine's process calls for each message. */
export function handleCommand(message: ArrayBuffer): ArrayBuffer | undefined {
  const state = firmware.handle(new MessageReader(new Uint8Array(message)));
  return state === undefined ? undefined : encodeMessage(0, state).buffer;
}
