import { describeReport } from "./broker.js";
import type { FirmwareFile } from "./files.js";
import type { Message } from "./scenario.js";

/** One update of the one device, as the operator sees it. */
export interface Job {
  readonly file: FirmwareFile;
  /** Distinct terminal reports, in the order in which they came. */
  readonly results: string[];
  /** Whether a newer job took its place. */
  replaced: boolean;
  /** The operator has asked again for what was lost on the way. */
  retries: number;
  /** When the last offer of it reaches the device. */
  offeredMs: number;
}

export interface PlatformOptions {
  now(): number;
  /** Version that the device runs, as its board reports it. */
  running(): string;
  readonly url: string | undefined;
  /** The file of an offer as long as there is no job. */
  readonly file: FirmwareFile;
  /** Instead of the right answers to the first version reports. */
  readonly answers: readonly (readonly Message[])[];
  /** A report came. @returns the messages that it leads to */
  onReport(word: string): readonly Message[];
  /** A terminal report came for a job. */
  onResult(job: Job | undefined, word: string): void;
}

/** The platform for one device. It survives everything. */
export class Platform {
  readonly jobs: Job[] = [];
  readonly words: string[] = [];
  readonly #options: PlatformOptions;
  #signatures = 0;
  #answers = 0;

  constructor(options: PlatformOptions) {
    this.#options = options;
  }

  /** The job that waits for its result. */
  get open(): Job | undefined {
    const last = this.jobs.at(-1);
    return last === undefined || last.results.length > 0 ? undefined : last;
  }

  create(file: FirmwareFile): void {
    const last = this.open;
    if (last !== undefined) last.replaced = true;
    this.jobs.push({ file, results: [], replaced: false, retries: 0, offeredMs: 0 });
  }

  /** A job that failed is offered once more. */
  reopen(): void {
    const last = this.jobs.at(-1);
    if (last?.results.some((text) => !text.includes('"done"'))) this.create(last.file);
  }

  hear(text: string): readonly Message[] {
    const word = describeReport(text);
    const { report } = JSON.parse(text) as { report: { version: string } };
    this.words.push(word);
    const answer = word.startsWith("version ") ? this.#answerTo(report.version) : [];
    if (word === "done" || word.startsWith("fail ")) this.#close(report.version, text, word);
    return [...answer, ...this.#options.onReport(word)].map((message) => this.finish(message));
  }

  /** @returns the message with its text: an offer is signed anew each time it is sent */
  finish(message: Message): Message {
    if (message.offer === undefined) return message;
    const job = this.jobs.at(-1);
    const file = job?.file ?? this.#options.file;
    if (job !== undefined) job.offeredMs = Math.max(job.offeredMs, this.#options.now() + (message.delayMs ?? 1));
    const url = `${this.#options.url ?? `http://files.test/${file.version}`}?sign=${++this.#signatures}`;
    const right = {
      file_size: file.bytes.byteLength,
      md5sum: file.md5,
      type: "update_firmware",
      url,
      version: file.version,
    };
    const text = JSON.stringify({ ...right, ...message.offer })
      .replace("{MD5}", file.md5.toUpperCase())
      .replace("{SIZE}", String(file.bytes.byteLength))
      .replace("{RUNNING}", this.#options.running());
    return { ...message, text };
  }

  #answerTo(version: string): readonly Message[] {
    const scripted = this.#options.answers[this.#answers++];
    if (scripted !== undefined) return scripted;
    const text = JSON.stringify({ result_code: 0, result_msg: "success", type: "report_version_rsp", version });
    const due = this.open !== undefined && this.open.file.version !== version;
    return due ? [{ text }, { offer: {}, delayMs: 20 }] : [{ text }];
  }

  #close(version: string, text: string, word: string): void {
    const job =
      this.jobs.findLast(
        ({ file, results }) => file.version === version && (results.length === 0 || results.includes(text)),
      ) ?? this.jobs.findLast(({ file }) => file.version === version);
    this.#options.onResult(job, word);
    if (job === undefined || job.results.includes(text)) return;
    job.results.push(text);
    // An offer that is still on its way means that the operator wants another try.
    if (word !== "done" && job === this.jobs.at(-1) && job.offeredMs > this.#options.now()) this.create(job.file);
  }
}
