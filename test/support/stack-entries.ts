import type { BoardModules } from "../../hal/boards/main.js";
import { COMMAND, MessageReader } from "../../hal/boards/xs/guest/messages.js";
import type { FlashModule, SocketOptions, TcpConstructor } from "../../hal/ecma419/modules.js";
import { MqttNames } from "./mqtt-names.js";
import { TlsKeys, TlsRecords } from "./tls-records.js";

/** Promise jobs that take no more than this had nothing to do: the engine's own frames take so much. */
const IDLE_SLOTS = 48;

const NAMES = new Map(Object.entries(COMMAND).map(([name, code]) => [code as number, name]));

/** One kind of call into the engine, and the deepest that its stack ever was in it. */
export interface StackEntry {
  readonly name: string;
  readonly slots: number;
  readonly count: number;
  /** The calls to the board's modules in the deepest call, in the order of their first use. */
  readonly does: string;
  /**
   * `name:slots` of each function on the stack at the deepest return of a built-in one in that call, outermost first.
   */
  readonly calls: readonly string[];
  /** The most slots in each scene that had such a call. */
  readonly scenes: ReadonlyMap<string, number>;
}

interface Counted {
  readonly stack?: number;
  readonly jobsStack?: number;
  readonly calls?: string;
}

/** Notes what a call into the engine did; for bytes that it read, their kind. */
type Note = (text: string, read?: boolean) => void;

/**
 * How much of XS's stack each kind of call into the engine takes. A call is named by what began it, or by the kind of
 * bytes that it read. A call that read several kinds counts for each of them.
 */
export class StackEntries {
  readonly #entries = new Map<string, Omit<StackEntry, "name">>();
  readonly #overTls: boolean;
  /** Keys of the servers of the scene. */
  readonly keys = new TlsKeys();
  /** Port of the broker; every other connection is a download's. */
  brokerPort = 0;
  scene = "";
  #does = new Set<string>();
  #read = new Set<string>();

  /** @param options.overTls the engine does TLS itself, so that its bytes are that */
  constructor(options: { overTls: boolean }) {
    this.#overTls = options.overTls;
  }

  /** Deepest first. */
  get rows(): StackEntry[] {
    return [...this.#entries]
      .map(([name, entry]) => ({ name, ...entry }))
      .sort((one, other) => other.slots - one.slots);
  }

  /** The deepest call of each scene: its name and slots. */
  get deepest(): ReadonlyMap<string, Pick<StackEntry, "name" | "slots">> {
    const deepest = new Map<string, Pick<StackEntry, "name" | "slots">>();
    for (const { name, scenes } of this.rows) {
      for (const [scene, slots] of scenes) {
        if (slots > (deepest.get(scene)?.slots ?? 0)) deepest.set(scene, { name, slots });
      }
    }
    return deepest;
  }

  /** What the engine counted in one command: see `XsWorkerOptions.onMeter`. */
  record(json: string, command: Uint8Array): void {
    const { stack = 0, jobsStack = 0, calls = "" } = JSON.parse(json) as Counted;
    const does = [...this.#does].join(", ");
    const read = [...this.#read];
    this.#does.clear();
    this.#read.clear();
    if (stack === 0) return;
    for (const name of namesOf(command, read, this.#overTls)) {
      this.#add(name, stack, does, calls);
      if (jobsStack > IDLE_SLOTS) this.#add(`promises after ${name}`, jobsStack, does, "");
    }
  }

  /** The board's modules, each of whose calls is noted. */
  watch(modules: BoardModules): BoardModules {
    const note: Note = (text, read = false) => void (read ? this.#read : this.#does).add(text);
    const { platform } = modules;
    return {
      ...modules,
      flash: watchedFlash(modules.flash, note),
      TCP: this.#watchedTcp(modules.TCP, note),
      platform: {
        ...platform,
        resolve(name, callback) {
          note("asks DNS");
          platform.resolve(name, callback);
        },
        boot: {
          ...platform.boot,
          setPending() {
            note("sets pending");
            platform.boot.setPending();
          },
          restart() {
            note("restarts");
            platform.boot.restart();
          },
        },
      },
    };
  }

  #add(name: string, slots: number, does: string, calls: string): void {
    const { count, scenes, ...most } = this.#entries.get(name) ?? {
      slots: 0,
      count: 0,
      does,
      calls: [],
      scenes: new Map<string, number>(),
    };
    const deepest = slots > most.slots ? { slots, does, calls: calls.split(" ") } : most;
    const inScene = Math.max(slots, scenes.get(this.scene) ?? 0);
    this.#entries.set(name, { ...deepest, count: count + 1, scenes: new Map([...scenes, [this.scene, inScene]]) });
  }

  #watchedTcp(TCP: TcpConstructor, note: Note): TcpConstructor {
    const namesIn = (isBroker: boolean): ((bytes: Uint8Array) => string[]) => {
      const names = new MqttNames();
      return (bytes) => (isBroker ? names.push(bytes).map((name) => `MQTT ${name}`) : [httpName(bytes)]);
    };
    const { brokerPort, keys } = this;
    const overTls = this.#overTls;
    return class extends TCP {
      readonly #isBroker: boolean;
      readonly #names: (bytes: Uint8Array) => string[];
      readonly #records: TlsRecords | undefined;

      constructor(options: SocketOptions) {
        super(options);
        this.#isBroker = options.port === brokerPort;
        this.#names = namesIn(this.#isBroker);
        this.#records = overTls ? new TlsRecords(keys) : undefined;
        note(this.#isBroker ? "opens MQTT" : "opens HTTP");
      }

      override read(buffer: Uint8Array): unknown {
        const result = super.read(buffer);
        const bytes = typeof result === "number" ? buffer.subarray(0, result) : buffer;
        const names = this.#records
          ?.received(bytes)
          .flatMap(({ name, data }) => (data === undefined ? [name] : this.#names(data)));
        for (const name of names ?? this.#names(bytes)) note(name, true);
        return result;
      }

      override write(buffer: Uint8Array): unknown {
        const room = super.write(buffer);
        this.#records?.sent(buffer);
        note(this.#isBroker ? "writes MQTT" : "writes HTTP");
        return room;
      }

      override close(): void {
        note(this.#isBroker ? "closes MQTT" : "closes HTTP");
        super.close();
      }
    };
  }
}

function namesOf(command: Uint8Array, read: readonly string[], overTls: boolean): readonly string[] {
  const message = new MessageReader(command);
  const began = NAMES.get(message.code) ?? "?";
  if (message.code === COMMAND.readable && read.length > 0) return read;
  // This timer makes the agent read on after a record.
  if (message.code === COMMAND.timerFired && overTls) return [began, ...read];
  if (message.code !== COMMAND.answerPlan) return [began];
  message.number();
  return [`${began} ${message.text()}`];
}

function watchedFlash(flash: FlashModule, note: Note): FlashModule {
  return {
    open(options) {
      const instance = flash.open(options);
      return {
        status: () => instance.status(),
        read: (buffer, byteOffset) => instance.read(buffer, byteOffset),
        write(buffer, byteOffset) {
          note("programs");
          instance.write(buffer, byteOffset);
        },
        eraseBlock(start, end) {
          note("erases");
          instance.eraseBlock(start, end);
        },
        close: () => instance.close(),
      };
    },
  };
}

function httpName(bytes: Uint8Array): string {
  const head = /^HTTP\/1\.1 ([0-9]{3})/.exec(Buffer.from(bytes.subarray(0, 12)).toString("latin1"));
  return head === null ? "HTTP body" : `HTTP ${head[1]}`;
}
