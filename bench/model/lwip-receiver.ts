import type { LinkSettings } from "./link-settings.js";
import { type Acknowledgement, endOf, type Sack, type Segment } from "./segment.js";

export interface LwipReceiverOptions {
  readonly settings: LinkSettings;
  /** Takes bytes that are in order, as one chain of pbufs. */
  deliver(chain: readonly Uint8Array[], ends: boolean): void;
  acknowledge(acknowledgement: Acknowledgement): void;
}

/** Blocks that fit the options of a header without timestamps (LWIP_TCP_MAX_SACK_NUM). */
const SACK_LIMIT = 4;

/** How lwIP 2.1 receives one connection (`tcp_receive`, `tcp_recved`), with segments of one pbuf each. */
export class LwipReceiver {
  readonly #options: LwipReceiverOptions;
  /** Offset of the next byte in order (`rcv_nxt`). */
  #next = 0;
  /** Bytes that the application has room for (`rcv_wnd`). */
  #window: number;
  /** Offset up to which the window is announced (`rcv_ann_right_edge`). */
  #edge: number;
  /** Bytes of the window that the next acknowledgement announces (`rcv_ann_wnd`). */
  #announced: number;
  /** Sorted by offset, none of them in order. */
  #outOfOrder: Segment[] = [];
  #sacks: Sack[] = [];
  /** One segment was received that is not acknowledged yet (`TF_ACK_DELAY`). */
  #delays = false;

  constructor(options: LwipReceiverOptions) {
    this.#options = options;
    this.#window = this.#edge = this.#announced = options.settings.windowBytes;
  }

  receive(segment: Segment): void {
    if (endOf(segment) <= this.#next || segment.sequence >= this.#next + this.#window) this.#acknowledge();
    else if (segment.sequence === this.#next) this.#receiveNext(segment);
    else this.#keep(segment);
  }

  /** The application has read a whole chain. The window is announced if its edge moves far enough. */
  recved(byteLength: number): void {
    const { windowBytes, mss } = this.#options.settings;
    this.#window = Math.min(windowBytes, this.#window + byteLength);
    // TCP_WND_UPDATE_THRESHOLD
    if (this.#open() >= Math.min(Math.floor(windowBytes / 4), 4 * mss)) this.#acknowledge();
  }

  /** Each 250 ms (`tcp_fasttmr`). */
  onFastTimer(): void {
    if (this.#delays) this.#acknowledge();
  }

  /** Whether an acknowledgement waits for the fast timer. */
  get delays(): boolean {
    return this.#delays;
  }

  /** The board sends data, which carry an acknowledgement without `sacks`. */
  piggyback(): Acknowledgement {
    this.#delays = false;
    this.#edge = this.#next + this.#announced;
    return { acknowledged: this.#next, edge: this.#edge, sacks: [] };
  }

  #receiveNext(segment: Segment): void {
    const chain: Uint8Array[] = [];
    let ends = false;
    for (let next: Segment | undefined = segment; next !== undefined; ) {
      chain.push(next.bytes);
      ends = next.ends;
      this.#next = endOf(next);
      this.#window -= endOf(next) - next.sequence;
      this.#open();
      next = this.#outOfOrder[0]?.sequence === this.#next ? this.#outOfOrder.shift() : undefined;
    }
    this.#sacks = this.#sacks.filter(({ start }) => start > this.#next);
    this.#options.deliver(chain, ends);
    if (this.#delays || this.#sacks.length > 0) this.#acknowledge();
    else this.#delays = true;
  }

  #keep(segment: Segment): void {
    const { outOfOrderPbufs, sack } = this.#options.settings;
    const queue = this.#outOfOrder;
    if (!queue.some(({ sequence }) => sequence === segment.sequence)) {
      const at = queue.findIndex(({ sequence }) => sequence > segment.sequence);
      queue.splice(at < 0 ? queue.length : at, 0, segment);
      queue.length = Math.min(queue.length, outOfOrderPbufs);
    }
    if (sack) this.#note(segment);
    this.#acknowledge();
  }

  /** Puts the block around a segment first, and leaves out what the queue no longer has. */
  #note({ sequence }: Segment): void {
    const blocks = this.#blocks();
    const holds = ({ start, end }: Sack): boolean => start <= sequence && sequence < end;
    const kept = this.#sacks.flatMap((old) => blocks.filter((block) => old.start < block.end && block.start < old.end));
    this.#sacks = [...new Set([...blocks.filter(holds), ...kept])].slice(0, SACK_LIMIT);
  }

  #blocks(): Sack[] {
    const blocks: Sack[] = [];
    for (const segment of this.#outOfOrder) {
      const last = blocks.at(-1);
      if (last?.end === segment.sequence) blocks[blocks.length - 1] = { start: last.start, end: endOf(segment) };
      else blocks.push({ start: segment.sequence, end: endOf(segment) });
    }
    return blocks;
  }

  /**
   * Opens the announced window if its edge moves by a segment (`tcp_update_rcv_ann_wnd`).
   *
   * @returns bytes by which the edge moves
   */
  #open(): number {
    const { windowBytes, mss } = this.#options.settings;
    const edge = this.#next + this.#window;
    const opens = edge - this.#edge >= Math.min(windowBytes / 2, mss);
    this.#announced = opens ? this.#window : Math.max(0, this.#edge - this.#next);
    return opens ? edge - this.#edge : 0;
  }

  #acknowledge(): void {
    const acknowledgement = this.piggyback();
    this.#options.acknowledge({ ...acknowledgement, sacks: this.#sacks });
  }
}
