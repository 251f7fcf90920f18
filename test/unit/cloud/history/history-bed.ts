import { HistoryRecorder } from "../../../../cloud/history/recorder.js";
import { Transactions } from "../../../../cloud/rollout/work.js";
import { FleetStore } from "../../../../cloud/store/fleet-store.js";
import type { Series } from "../../../../cloud/store/schema.js";
import type { Tables } from "../../../../cloud/store/tables/tables.js";
import { withFolder } from "../../../support/folder.js";
import { NOW } from "../store/open-store.js";

/** A store whose clock stands still until the test moves it, with a recorder that ticks only then. */
export class HistoryBed {
  readonly problems: string[] = [];
  readonly online = new Map<string, number>();
  readonly #folder: string;
  nowMs = NOW;
  store!: FleetStore;
  transactions!: Transactions;
  recorder!: HistoryRecorder;
  #tick: () => void = () => {};

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static run(body: (bed: HistoryBed) => Promise<void>): Promise<void> {
    return withFolder(async (folder) => {
      const bed = new HistoryBed(folder);
      await bed.open();
      try {
        await body(bed);
      } finally {
        await bed.end();
      }
    });
  }

  async open(): Promise<void> {
    this.store = await FleetStore.open({ folder: this.#folder, groupDelayMs: 0 });
    this.transactions = new Transactions({ store: this.store, nowMs: () => this.nowMs });
    this.recorder = new HistoryRecorder({
      transactions: this.transactions,
      online: (productId) => this.online.get(productId) ?? 0,
      onProblem: (line) => this.problems.push(line),
      repeat: (run) => {
        this.#tick = run;
        return () => {
          this.#tick = () => {};
        };
      },
    });
  }

  async end(): Promise<void> {
    await this.recorder.close();
    await this.store.close();
  }

  /** As a process that is killed and started again: the recorder knows only what is stored. */
  async restart(): Promise<void> {
    await this.end();
    await this.open();
    await this.start();
  }

  async start(): Promise<void> {
    this.recorder.start();
    await this.recorder.tick();
  }

  write(body: (tables: Tables) => Promise<unknown>): Promise<unknown> {
    return this.store.write(body);
  }

  /** Lets so many seconds pass, with a tick in each. */
  async seconds(count: number): Promise<void> {
    for (let second = 0; second < count; second++) {
      this.nowMs += 1000;
      this.#tick();
      await this.recorder.tick();
    }
  }

  /** @returns the samples of a series as `seconds since the start: data` */
  async samples(series: Series): Promise<string[]> {
    const samples = await this.store.tables.samples.within(series, 0, this.nowMs);
    return samples.map(({ at, data }) => `${(at - NOW) / 1000}: ${data.replace(/"/g, "")}`);
  }
}
