import type { Server } from "node:net";
import type { Broker } from "./broker/broker.js";
import { conditionOf } from "./condition.js";
import { Core } from "./core.js";
import { faultsOf, NEEDS_OWN_BROKER } from "./faults/at-start.js";
import type { FaultList } from "./faults/fault-list.js";
import { FaultyMessages } from "./faults/message-faults.js";
import { closeFileSide, createFileSide, type FileSideOptions, listenForFiles } from "./file-side.js";
import { Downloads } from "./files/downloads.js";
import { type FilesWatch, watchFiles } from "./files/files-watch.js";
import { openHooks } from "./hooks/open.js";
import type { HookServer } from "./hooks/server.js";
import { inUrl, readTls } from "./listening.js";
import { ExternalPresence } from "./external-presence.js";
import type { Desk } from "./operator/desk.js";
import { hindrancesOf } from "./operator/health.js";
import type { BrowserSessionRecords, Operator } from "./operator/types.js";
import type { CloudOptions } from "./options.js";
import { updateTopic } from "./platform/topics.js";
import { Processes } from "./processes/processes.js";
import { Revocations } from "./processes/revocations.js";
import { openReception, type Reception } from "./reception.js";
import { openState } from "./state.js";
import type { StoreHealth } from "./store/fleet-store.js";
import { CloudError } from "./types.js";
import { withinTime } from "./within-time.js";

/** How long messages that were taken may take until they are stored, when the cloud ends. */
const STORE_MS = 5000;

/** A running cloud: broker, file server and platform in one process, or its part beside other processes. */
export class Cloud {
  readonly core: Core;
  readonly httpUrl: string;
  /** The faults on command. */
  readonly faults: FaultList;
  readonly #parts: CloudParts;
  #isEnding = false;

  private constructor(parts: CloudParts) {
    this.#parts = parts;
    this.core = parts.core;
    this.faults = parts.faults;
    this.httpUrl = parts.httpUrl;
  }

  /** Port of the hooks for another broker, if they are wanted. */
  get hooksPort(): number | undefined {
    return this.#parts.hooks?.port;
  }

  /** @returns the codes of what keeps this cloud from its work; empty if requests may be sent to it */
  readiness(): readonly string[] {
    return this.#isEnding ? ["ending"] : this.#parts.readiness();
  }

  /** Whether this process takes the messages of devices. */
  get isLeading(): boolean {
    return this.#parts.processes?.isLeading ?? true;
  }

  /** Where devices connect; empty if they can connect to the own broker of another process only. */
  get mqttUrl(): string {
    return this.#parts.reception()?.mqttUrl ?? this.#parts.brokerUrl ?? "";
  }

  /** Where devices connect by TLS-PSK, if that is wanted. */
  get pskUrl(): string | undefined {
    return this.#parts.reception()?.pskUrl;
  }

  /** The requests of the commands at a desk. */
  get desk(): Desk {
    return this.core.desk;
  }

  /** The sessions of browsers, which outlive this cloud. */
  get browserSessions(): BrowserSessionRecords {
    return this.core.browserSessions;
  }

  /** The requests of an operator. */
  get operator(): Operator {
    return this.core.operator;
  }

  /**
   * @throws CloudError if a port is taken, a file cannot be read, the other broker cannot be reached, or one of the
   * faults is not possible in this cloud
   */
  static async start(options: CloudOptions): Promise<Cloud> {
    const { listen = "127.0.0.1", onTrouble, now = Date.now } = options;
    checkOptions(options);
    inUrl(options.publicHost ?? listen);
    const tls = options.tls === undefined ? undefined : readTls(options.tls);
    let notifyFaults = (): void => {};
    const faults = faultsOf(options, tls !== undefined, () => notifyFaults());
    const downloads = new Downloads();
    const counts = { messages: 0, requests: 0, bytes: 0 };
    let broker: Broker | undefined;
    let cloud: Cloud | undefined;
    let hooks: HookServer | undefined;
    let httpUrl: string | undefined;
    let reception: Reception | undefined;
    let processes: Processes | undefined;
    const messages = new FaultyMessages({ faults, send: (topic, payload) => broker?.publish(topic, payload) });
    const startedAt = now();
    let notifyHealth = (): void => {};
    let onStoredAgain = (): void => {};
    const state = await openState(options.folder, {
      database: options.database,
      nowMs: () => processes?.nowMs() ?? now(),
      files: options.files,
      urlLifetimeSec: options.urlLifetimeSec,
      needsFiles: true,
      onProblem: (line) => onTrouble?.(line),
      onHealth: (health) => {
        onTrouble?.(describeHealth(health));
        notifyHealth();
        if (health.ok) onStoredAgain();
      },
    });
    const { server } = state.store;
    if (server !== undefined) {
      const { role = "all" } = options;
      const onStanding = (line: string): void => options.onStanding?.(line);
      processes = new Processes({ store: state.store, server, role, now, onStanding });
      // A commit whose answer was lost may be stored, and what it was to send was not sent.
      onStoredAgain = () => core.rollout.offersMayBeLost();
    }
    const isElsewhere = (): boolean => processes?.isLeading === false;
    const filesWatch = watchFiles(state.files, now, (line) => {
      onTrouble?.(line);
      notifyHealth();
    });
    const condition = conditionOf({
      startedAt,
      brokerUrl: options.broker,
      broker: () => broker,
      storage: () => state.store.health,
      filesWatch,
      processes,
      counts,
    });
    const presence = new ExternalPresence(options.presence ?? "unknown", (call) => processes?.tellPresence(call));
    const core = new Core({
      state,
      processes,
      urlLifetimeSec: state.urlLifetimeSec,
      faults,
      gatewayFaults: options.gatewayFaults,
      fileBase: () => httpUrl,
      publish: (topic, payload) => messages.send(topic, payload),
      isOnline: (device, sessions) => {
        // With another broker, the cloud knows only what gateways have reported.
        if (presence.isAway(device)) return false;
        if (options.broker !== undefined && device.gatewayId !== null) return sessions.isSubDeviceOnline(device);
        if (isElsewhere()) return condition.broker().state === "connected";
        return broker?.isSubscribed(updateTopic(device)) ?? false;
      },
      endDownloads: (taskId) => downloads.end(taskId),
      ...(options.broker === undefined ? {} : { presence: (opened) => presence.of(opened) }),
      condition,
      onProblem: (line) => onTrouble?.(line),
    });
    notifyHealth = () => core.notify("health");
    notifyFaults = () => core.notify("faults");
    const fileSide: FileSideOptions = {
      cloud: options,
      core,
      faults,
      downloads,
      tls,
      onRequest: (byteLength) => {
        counts.requests++;
        counts.bytes += byteLength;
      },
    };
    const files = createFileSide(fileSide);
    const loadSecrets = async (): Promise<void> => {
      if (options.pskPort !== undefined) await core.platform.secrets.load(state.transactions.tables);
    };
    const receive = async (): Promise<void> => {
      reception = await openReception({
        cloud: options,
        core,
        presence,
        faults,
        tls,
        onBroker: (opened) => (broker = opened),
        onPublish: async (topic, payload) => {
          counts.messages++;
          options.onReport?.(topic, payload);
          await core.platform.onMessage(topic, payload);
        },
        onHealth: () => notifyHealth(),
      });
    };
    const endReception = async (drainMs = 0): Promise<void> => {
      const opened = broker;
      if (drainMs > 0) await opened?.drain(drainMs);
      broker = undefined;
      await opened?.close();
    };
    try {
      if (options.keepEventsDays !== undefined) {
        const { keepEventsDays } = options;
        await core.operator.changeSettings({ keepEventsDays }, { name: "serve", origin: "local" });
      }
      // Before anything listens: a device that registered itself meanwhile would be missing.
      await loadSecrets();
      httpUrl = await listenForFiles(files, fileSide);
      const readiness = (): readonly string[] => hindrancesOf(condition).map(({ code }) => code);
      if (options.hooks !== undefined) {
        // The other broker may ask even whether the cloud itself may connect.
        hooks = await openHooks({
          settings: options.hooks,
          platform: core.platform,
          broker: options.broker,
          filters: presence.filters,
          onPresence: presence.onCall,
          readiness: () => cloud?.readiness() ?? ["starting"],
          onProblem: (line) => options.onWarning?.(line),
        });
      }
      if (processes === undefined) await receive();
      else {
        const revocations = new Revocations({ downloads, files: core.files });
        core.journal.follow((change) => {
          if (change.kind === "plan") revocations.look();
        });
        await processes.start({
          ...core.inProcess(),
          drain: async (timeoutMs) => {
            // What is being made is put back as long as this process may write: it was not interrupted.
            await Promise.all([broker?.drain(timeoutMs), withinTime(core.variants.close(), timeoutMs)]);
          },
          onPresence: presence.onTold,
          onPresenceMissed: () => presence.forget(),
          // With system topics, only the leader is told: nobody was between two of them.
          onOtherLeader: () => presence.onConnection(),
          facts: () => ({
            online: core.sessions.counts(),
            connected: core.sessions.count,
            broker: condition.broker(),
            messages: counts.messages,
            faults: faults.list(),
          }),
          lead: async () => {
            await core.lead();
            await loadSecrets();
            await receive();
            notifyHealth();
          },
          standDown: async () => {
            await endReception();
            await core.standDown();
            notifyHealth();
          },
          onOthersWrote: () => {
            core.rollout.forgetKept();
            if (isElsewhere()) void core.rollout.reload().catch(() => {});
            revocations.look();
          },
        });
      }
      cloud = new Cloud({
        core,
        faults,
        files,
        httpUrl,
        hooks,
        processes,
        filesWatch,
        brokerUrl: options.broker,
        reception: () => reception,
        endReception,
        readiness,
      });
      return cloud;
    } catch (error) {
      await filesWatch?.close();
      await hooks?.close();
      files.close();
      await processes?.close();
      await endReception();
      await core.close();
      throw error;
    }
  }

  /** From now on it says that it is not ready, so that nobody sends it more requests. */
  announceEnd(): void {
    this.#isEnding = true;
  }

  /** @param options.drainMs how long downloads that run may take to their end. Default: they are cut */
  async stop({ drainMs = 0 }: { readonly drainMs?: number } = {}): Promise<void> {
    const { processes, endReception, files, filesWatch, hooks } = this.#parts;
    this.announceEnd();
    await filesWatch?.close();
    if (processes === undefined) await endReception(STORE_MS);
    else await processes.handOver(STORE_MS);
    await closeFileSide(files, drainMs);
    await hooks?.close();
    await processes?.close();
    await this.core.close();
  }
}

interface CloudParts {
  readonly core: Core;
  readonly faults: FaultList;
  readonly files: Server;
  readonly httpUrl: string;
  readonly hooks: HookServer | undefined;
  readonly processes: Processes | undefined;
  readonly filesWatch: FilesWatch | undefined;
  readonly brokerUrl: string | undefined;
  /** The last one of this process. */
  reception(): Reception | undefined;
  /** @param drainMs how long what was taken in may take to be stored */
  endReception(drainMs?: number): Promise<void>;
  readiness(): readonly string[];
}

/** @throws CloudError if two of them do not go together */
function checkOptions({ broker, pskPort, role, database }: CloudOptions): void {
  if (broker !== undefined && pskPort !== undefined) throw new CloudError(`--psk-port ${NEEDS_OWN_BROKER}`);
  if (role !== undefined && role !== "all" && database === undefined) throw new CloudError("--role needs --database");
}

function describeHealth(health: StoreHealth): string {
  if (health.ok) return "the state can be stored again";
  return `the state cannot be stored: ${health.message}; devices are refused until it can`;
}
