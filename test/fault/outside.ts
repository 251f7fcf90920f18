import { type Line, MQTT_PORT, type Server } from "../support/virtual-network.js";
import type { Surroundings } from "./board.js";
import { Broker } from "./broker.js";
import { FileServer, type RequestSeen } from "./file-server.js";
import { fileOf, type FirmwareFile, NEW, OTHER } from "./files.js";
import { packedFileOf } from "./packed-files.js";
import { type Job, Platform } from "./platform.js";
import type { BrokerConnection, FileName, HttpAnswer, Incident, Message, Scenario } from "./scenario.js";

export const BROKER = "broker.test";
/** The platform takes one CONNECT in 5 s. */
const CONNECT_INTERVAL_MS = 5_000;
const DEVICE_TOPIC = "$ota/update/ABCDE12345/board_01";

/** @returns a version's file, with these changes; `undefined`: any */
export type FileMaker = (version: string, content: FileName) => FirmwareFile | undefined;

export interface OutsideOptions {
  readonly scenario: Scenario;
  /** Files instead of those that are made up. */
  readonly files?: FileMaker | undefined;
  readonly blockLength: number;
  readonly slotLength: number;
  /** Milliseconds since the first power-on. */
  now(): number;
  /** Time of the last power cut, or stop by the application: what the agent knew of its connections is lost. */
  cutAt(): number;
  /** Version that the device runs, as its board reports it. */
  running(): string;
  onActivity(): void;
  onBroken(what: string): void;
  onResult(job: Job | undefined, word: string): void;
  cutPower(): void;
  stopAgent(): void;
}

/**
 * Everything that is not the board: names, brokers, file servers, platform, operator, clock. It survives power cuts.
 */
export class Outside implements Surroundings {
  readonly requests: RequestSeen[] = [];
  readonly connects: number[] = [];
  readonly platform: Platform;
  ticksOffset: number;
  readonly #options: OutsideOptions;
  readonly #target: string;
  readonly #files = new Map<string, FirmwareFile>();
  readonly #happened = new Set<number>();
  #wallClockMs: number | undefined;
  #broker: Broker | undefined;
  #tries = 0;
  #connections = 0;
  #answer: HttpAnswer = {};
  #connection: BrokerConnection = {};

  constructor(options: OutsideOptions) {
    const { scenario } = options;
    this.#options = options;
    this.#target = scenario.version ?? NEW;
    this.ticksOffset = scenario.ticksAtStart ?? 0;
    this.#wallClockMs = scenario.wallClock === undefined ? undefined : scenario.wallClock * 1000;
    this.platform = new Platform({
      now: options.now,
      running: options.running,
      url: scenario.url,
      file: this.file(this.#target),
      answers: scenario.answers ?? [],
      onReport: (word) => this.#onReport(word),
      onResult: options.onResult,
    });
    if (scenario.quiet !== true) this.platform.create(this.file(this.#target));
  }

  get handshake(): string | undefined {
    return this.#answer.handshake;
  }

  get wallClock(): number | undefined {
    return this.#wallClockMs === undefined ? undefined : Math.floor((this.#wallClockMs + this.#options.now()) / 1000);
  }

  resolves(host: string): boolean {
    if (host === BROKER) {
      this.#connection = this.#options.scenario.mqtt?.[this.#connections++] ?? {};
      return this.#connection.connect !== "no-address";
    }
    const { http = [], always = {} } = this.#options.scenario;
    this.#answer = http[this.#tries++] ?? always;
    return this.#answer.connect !== "no-address";
  }

  accept(port: number, line: Line): Server | "refused" | "silent" {
    const { connect } = port === MQTT_PORT ? this.#connection : this.#answer;
    if (connect === "refused" || connect === "silent") return connect;
    return port === MQTT_PORT ? this.#acceptBroker(line) : this.#acceptFile(line);
  }

  /** A version's file as offered, or another one that replaces it. */
  file(version: string, name?: FileName): FirmwareFile {
    const { scenario, blockLength, slotLength } = this.#options;
    const other = version !== this.#target;
    const size = other ? slotLength - 2 * blockLength + 16 : (scenario.size ?? slotLength - blockLength + 112);
    const content = name ?? (other ? "same" : (scenario.content ?? "same"));
    const key = `${version} ${content}`;
    const file = this.#options.files?.(version, content) ?? this.#files.get(key) ?? this.#make(version, size, content);
    this.#files.set(key, file);
    return file;
  }

  #make(version: string, size: number, content: FileName): FirmwareFile {
    const { packed } = this.#options.scenario;
    if (packed === undefined) return fileOf(version, size, content);
    // What runs when another version is wanted cannot be known.
    const packing = version === this.#target ? packed : "compressed";
    return packedFileOf({ packing, version, byteLength: this.#options.scenario.size, content });
  }

  /** The times of incidents that are still to come. */
  moments(): number[] {
    const incidents = this.#options.scenario.incidents ?? [];
    return incidents.flatMap((incident, index) =>
      "atMs" in incident && !this.#happened.has(index) ? [incident.atMs] : [],
    );
  }

  /** Does everything that is due by now. */
  passTime(): void {
    for (const [index, incident] of (this.#options.scenario.incidents ?? []).entries()) {
      if (!("atMs" in incident) || this.#happened.has(index) || incident.atMs > this.#options.now()) continue;
      for (const message of this.#happen(index, incident)) this.#say(message);
    }
  }

  /** The operator asks again for the job that waits. @returns false if he has done so often enough */
  retry(): boolean {
    const job = this.platform.open;
    if (job === undefined || ++job.retries > 3) return false;
    this.#say({ offer: {} });
    return true;
  }

  #acceptBroker(line: Line): Server {
    const { scenario, running, onActivity } = this.#options;
    const behaviour = scenario.refusesNew === true && running() === this.#target ? { connack: 5 } : this.#connection;
    this.#broker = new Broker({
      line,
      behaviour,
      topic: DEVICE_TOPIC,
      hear: (text) => {
        onActivity();
        return this.platform.hear(text);
      },
      onConnect: () => this.#onConnect(),
    });
    return this.#broker;
  }

  #onConnect(): void {
    const { scenario, now, cutAt, onBroken } = this.#options;
    const last = this.connects.at(-1) ?? -Infinity;
    // A device whose clock is set forward cannot know that the time has not passed.
    const told = (scenario.incidents ?? []).some((incident) => incident.do === "set-clock");
    if (!told && last >= cutAt() && now() - last < CONNECT_INTERVAL_MS) {
      onBroken(`a CONNECT ${now() - last} ms after the last`);
    }
    this.connects.push(now());
  }

  #acceptFile(line: Line): Server {
    const { now, onActivity } = this.#options;
    return new FileServer({
      line,
      answer: this.#answer,
      fileFor: (version, { file }) => {
        if (version === this.#target) return this.file(version, file);
        return version === OTHER ? this.file(version) : undefined;
      },
      onRequest: (request) => {
        onActivity();
        this.requests.push({ ...request, atMs: now() });
      },
    });
  }

  #onReport(word: string): readonly Message[] {
    return (this.#options.scenario.incidents ?? []).flatMap((incident, index) => {
      if (!("at" in incident) || this.#happened.has(index) || !reaches(word, incident.at)) return [];
      return this.#happen(index, incident);
    });
  }

  #happen(index: number, incident: Incident): readonly Message[] {
    this.#happened.add(index);
    this.#options.onActivity();
    switch (incident.do) {
      case "say":
        if (incident.messages.some(({ offer }) => offer !== undefined)) this.platform.reopen();
        return incident.messages;
      case "offer":
        if (incident.version === this.#options.running()) return [];
        this.platform.create(this.file(incident.version));
        return [{ offer: {} }];
      case "drop-broker":
        this.#broker?.end();
        return [];
      case "cut-power":
        this.#options.cutPower();
        return [];
      case "stop":
        this.#options.stopAgent();
        return [];
      case "set-clock":
        this.ticksOffset += incident.byMs;
        if (this.#wallClockMs !== undefined) this.#wallClockMs += incident.byMs;
        return [];
    }
  }

  #say(message: Message): void {
    this.#broker?.say(this.platform.finish(message));
  }
}

/** Whether a report is the awaited one, or a later one. */
function reaches(word: string, awaited: string): boolean {
  const percent = /^downloading ([0-9]+)$/;
  const [heard, wanted] = [percent.exec(word)?.[1], percent.exec(awaited)?.[1]];
  return heard !== undefined && wanted !== undefined ? Number(heard) >= Number(wanted) : word.startsWith(awaited);
}
