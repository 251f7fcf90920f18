/** A mistake that an updater could make, as a change of one source. */
export interface PlantedBug {
  readonly name: string;
  readonly file: string;
  /** A text that the file holds exactly once. */
  readonly find: string;
  readonly replace: string;
  readonly caughtBy: Catcher;
}

/**
 * `scene`: a scene of the crash closure, with what it must report. `test`: a file of tests, with the name of a test
 * that must fail. `fuzz`: a target, with what it must report.
 */
export type Catcher =
  | { readonly scene: string; readonly says: RegExp }
  | { readonly test: string; readonly named: RegExp }
  | { readonly fuzz: string; readonly says: RegExp };

/** The mistake is the same for the own firmware and for a staged image; the consequences differ. */
export const UNVERIFIED: Omit<PlantedBug, "name" | "caughtBy"> = {
  file: "src/update/machine/obtaining.ts",
  find: `      return {
        state: { name: "verifying", offer: state.offer, stored: state.stored },
        effects: [
          downloading(state, lengthOf(state), true),
          { do: "verify", image: { ...imageOf(state.offer), size: lengthOf(state) } },
        ],
      };`,
  replace: "      return apply(state.offer, imageOf(state.offer), context);",
};

export const PLANTED: readonly PlantedBug[] = [
  {
    name: "the checkpoint comes after its region is programmed",
    file: "src/update/machine/obtaining.ts",
    find: `return stores(
        state,
        { ...state.stored, regionOffset: event.offset, erasing: false, written: event.offset },
        context,
      );`,
    replace: `{
      const stored = { ...state.stored, regionOffset: event.offset, erasing: false, written: event.offset };
      const before = state.stored.regionOffset === undefined ? [] : stores(state, state.stored, context).effects;
      return { state: { ...state, stored }, effects: before };
    }`,
    caughtBy: { scene: "update", says: /bytes that were stored are fetched again/ },
  },
  {
    name: "a region that reads blank is trusted",
    file: "src/image/regions.ts",
    find: "  partition.eraseBlock(byteOffset / partition.blockLength, regionEnd(partition, byteOffset) / partition.blockLength);",
    replace: `  const content = new Uint8Array(regionEnd(partition, byteOffset) - byteOffset);
  partition.read(content, byteOffset);
  if (content.every((byte) => byte === 0xff)) return;
  partition.eraseBlock(byteOffset / partition.blockLength, regionEnd(partition, byteOffset) / partition.blockLength);`,
    caughtBy: { scene: "update", says: /programmed without an erase/ },
  },
  {
    name: "the image becomes pending before it is verified",
    ...UNVERIFIED,
    caughtBy: { scene: "corrupt", says: /"-5".*ESP_ERR_OTA_VALIDATE_FAILED/ },
  },
  {
    name: "a firmware confirms itself before it has proven itself",
    file: "src/update/machine/restore.ts",
    find: "effects: [START_TRIAL] };",
    replace: 'effects: [START_TRIAL, { do: "confirm" }] };',
    caughtBy: { scene: "unproven", says: /does not end|ends with 0\.2\.0/ },
  },
  {
    name: "a firmware that has reached the cloud confirms itself before its test",
    file: "src/update/machine/transition.ts",
    find: 'if (!context.proves) return { state, effects: [{ do: "confirm" }] };',
    replace: 'return { state, effects: [{ do: "confirm" }] };',
    caughtBy: { scene: "unfit", says: /ends with 0\.2\.0/ },
  },
  {
    name: "the record of a result is dropped before its acknowledgement",
    file: "src/update/machine/transition.ts",
    find: '        effects: [{ do: "report-result", version: state.image.version, result: state.result }],',
    replace:
      '        effects: [{ do: "clear" }, { do: "report-result", version: state.image.version, result: state.result }],',
    caughtBy: { scene: "update", says: /no result was reported|does not end/ },
  },
  {
    name: "a result is sent at QoS 0",
    file: "src/update/reporter.ts",
    find: "    return this.#publish(encodeResult(this.#prefix + version, result), onAcknowledged);",
    replace: `    this.#publish(encodeResult(this.#prefix + version, result));
    onAcknowledged();
    return true;`,
    caughtBy: { scene: "lossy", says: /no result was reported|does not end/ },
  },
  {
    name: "a record that could not be stored is taken for stored",
    file: "src/update/driver.ts",
    find: '      this.#queue.push({ type: "store-failed", failure: { code: "store-failed", message: describeError(error) } });',
    replace: "",
    caughtBy: { scene: "full", says: /does not end|no result was reported|fetched again/ },
  },
  {
    name: "a result that cannot be stored is not sent",
    file: "src/update/machine/moves.ts",
    find: "  return { state: step.state, effects: [...first, ...step.effects] };",
    replace: `  const { effects } = step;
  return { state: step.state, effects: failure.code === "store-failed" ? effects.slice(0, 1) : [...first, ...effects] };`,
    caughtBy: { scene: "full", says: /does not end|no result was reported/ },
  },
  {
    name: "the start of a Content-Range is not looked at",
    file: "src/http/range-reader.ts",
    find: "else if (range.first > this.#offset) message",
    replace: "else if (range.first < 0) message",
    caughtBy: { test: "test/unit/http/range-reader.test.js", named: /^is refused: 206 from a later byte/ },
  },
  {
    name: "the whole file is appended to what is stored of it",
    file: "src/http/range-reader.ts",
    find: "this.#open(head, range?.first ?? 0);",
    replace: "this.#open(head, this.#offset);",
    caughtBy: {
      test: "test/unit/update/flash/download-resume.test.js",
      named: /^a server that sends the whole file all the same is compared with what is stored/,
    },
  },
  {
    name: "the URL tells one image from another",
    file: "src/update/machine/moves.ts",
    find: "return left.version === right.version &&",
    replace: "return left.url === right.url && left.version === right.version &&",
    caughtBy: { scene: "update", says: /bytes that were stored are fetched again/ },
  },
  {
    name: "a block is programmed twice",
    file: "src/image/block-writer.ts",
    find: "if (!this.blank) this.#partition.write(this.#block, this.#blockOffset);",
    replace:
      "for (let count = 0; count < 2 && !this.blank; count++) this.#partition.write(this.#block, this.#blockOffset);",
    caughtBy: { scene: "update", says: /programmed without an erase/ },
  },
  {
    name: "one digest serves every verification",
    file: "src/image/digest.ts",
    find: 'return digests.create("MD5") ?? sparkMd5();',
    replace: 'return (createMd5.shared ??= digests.create("MD5") ?? sparkMd5());',
    caughtBy: { test: "test/unit/image/verifier.test.js", named: /^a verification begins from nothing/ },
  },
  {
    name: "If-Range is left out",
    file: "src/http/range-reader.ts",
    find: 'return etag === undefined ? [range] : [range, ["If-Range", etag]];',
    replace: "return [range];",
    caughtBy: {
      test: "test/unit/http/range-reader.test.js",
      named: /^names the range from a later byte on, with the tag/,
    },
  },
  {
    name: "the length of the whole file is not looked at",
    file: "src/http/range-reader.ts",
    find: "else if (length !== undefined && length !== size) message",
    replace: "else if (length === -1) message",
    caughtBy: { test: "test/unit/http/range-reader.test.js", named: /^is refused: 206 of a (longer|shorter) file/ },
  },
  {
    name: "a trial has no end",
    file: "src/update/machine/transition.ts",
    find: 'return event.timer === "trial" ? { state, effects: [{ do: "revert" }] } : stay(state);',
    replace: "return stay(state);",
    caughtBy: { scene: "unproven", says: /does not end/ },
  },
  {
    name: "a block that a cut may have begun is not erased",
    file: "src/update/flash/region-eraser.ts",
    find: "knowledge.suspectFrom = this.#resuming === undefined ? undefined : offset + target.partition.blockLength;",
    replace: "knowledge.suspectFrom = undefined;",
    caughtBy: { scene: "update", says: /programmed without an erase/ },
  },
  {
    name: "an offer that comes while a result is reported is lost",
    file: "src/update/machine/transition.ts",
    find: `      // Sent before the platform had the result: a retry of the same image comes after it.
      if (isSame(state.image, event.offer) || isMadeBy(event.offer, state, context)) return stay(state);
      return { state: { ...state, queued: event.offer }, effects: [] };`,
    replace: "      return stay(state);",
    caughtBy: {
      test: "test/unit/update/machine/transition.test.js",
      named: /^an offer of another image waits for the acknowledgement/,
    },
  },
  {
    name: "the last block before a cut is taken for whole",
    file: "src/image/resume-point.ts",
    find: "    if (this.#end <= this.#regionOffset || !isBlank(scratch)) this.#found = this.#end;",
    replace: `    const blank = isBlank(scratch);
    if (this.#end <= this.#regionOffset || !blank) this.#found = this.#end + (blank ? 0 : this.#partition.blockLength);`,
    caughtBy: {
      test: "test/unit/image/resume-point.test.js",
      named: /^a block whose programming was cut is programmed anew/,
    },
  },
  {
    name: "a result is sent before it is stored",
    file: "src/update/machine/moves.ts",
    find: `      { do: "store", checkpoint: reportingOf(image, result, kept, context.targetSlot) },
      { do: "report-result", version: image.version, result },`,
    replace: `      { do: "report-result", version: image.version, result },
      { do: "store", checkpoint: reportingOf(image, result, kept, context.targetSlot) },`,
    caughtBy: {
      test: "test/unit/update/machine/transition.test.js",
      named: /^reports at once what cannot fit, and fetches nothing/,
    },
  },
  {
    name: "what the boot loader knows of the slot is not forgotten",
    file: "src/update/flash/region-eraser.ts",
    find: "    if (stored.regionOffset === undefined) target.prepare();",
    replace: "",
    caughtBy: {
      test: "test/unit/update/flash/download.test.js",
      named: /^a boot record that cannot be dropped ends the try/,
    },
  },
  {
    name: "an erase is not announced before it begins",
    file: "src/update/flash/region-eraser.ts",
    find: `      onEvent({ type: "resume-point-found", offset });`,
    replace: "",
    caughtBy: {
      test: "test/unit/update/flash/download-torn.test.js",
      named: /^after a restart the last block that is not blank is erased, after its checkpoint/,
    },
  },
  {
    name: "a mismatch of MD5 is passed over",
    file: "src/update/machine/obtaining.ts",
    find: `return event.matches
        ? verified(state.offer, event.image ?? imageOf(state.offer), context)
        : mismatched(state, context);`,
    replace: "return apply(state.offer, imageOf(state.offer), context);",
    caughtBy: { scene: "corrupt", says: /ends with 0\.1\.0 and .*"-5"/ },
  },
  {
    name: "a range that ends before it begins is taken",
    file: "src/http/content-range.ts",
    find: "if (last < first || (total !== undefined && last >= total)) return undefined;",
    replace: "if (total !== undefined && last >= total) return undefined;",
    caughtBy: { fuzz: "content-range", says: /violation content-range:/ },
  },
  {
    name: "a URL may hold the end of a line",
    file: "src/http/url.ts",
    find: "if (text.length > URL_LIMIT || !isVisibleAscii(text)) return undefined;",
    replace: "if (text.length > URL_LIMIT) return undefined;",
    caughtBy: { fuzz: "url", says: /violation url:/ },
  },
  {
    name: "a length that the fields of an MQTT packet do not add up to is passed over",
    file: "src/mqtt/codec.ts",
    find: "  if (packet.length !== lengthOf(packet)) return `malformed ${cmd}`;",
    replace: "",
    caughtBy: { fuzz: "mqtt-packets", says: /violation mqtt-packets:/ },
  },
  {
    name: "the end of a connection is no end of its answer",
    file: "hal/http/exchange.ts",
    find: "    else this.#connectionEnded(error);",
    replace: "",
    caughtBy: { fuzz: "http-exchange", says: /did not end with its connection/ },
  },
  {
    name: "the whole slot is erased at once",
    file: "src/update/flash/region-eraser.ts",
    find: `    eraseRegion(target.partition, offset);
    knowledge.erasedEnd = regionEnd(target.partition, offset);`,
    replace: `    const { partition } = target;
    partition.eraseBlock(offset / partition.blockLength, partition.byteLength / partition.blockLength);
    knowledge.erasedEnd = partition.byteLength;`,
    caughtBy: { test: "test/unit/bench/goals.test.js", named: /^figure blocking$/ },
  },
  {
    name: "the image is read back after the download",
    file: "src/update/flash/download.ts",
    find: `    this.#readBack();
    return this.#takes(writer) ||`,
    replace: "    return this.#takes(writer) ||",
    caughtBy: { test: "test/unit/bench/goals.test.js", named: /^figure wan$/ },
  },
  {
    name: "nothing is erased while the socket is idle",
    file: "src/update/flash/region-eraser.ts",
    find: "return knowledge.erasedEnd <= entered &&",
    replace: "return knowledge.erasedEnd < 0 &&",
    caughtBy: { test: "test/unit/bench/goals.test.js", named: /^figure 4g-cat1$/ },
  },
  {
    name: "a region is erased in the turn that programs a block",
    file: "src/update/flash/download.ts",
    find: "    return this.#takes(writer) || this.#lost !== undefined || this.#eraser.mayEraseAhead;",
    replace: `    this.#erasesAhead();
    return true;`,
    caughtBy: { test: "test/unit/bench/goals.test.js", named: /^figure blocking$/ },
  },
  {
    name: "a report goes out for every percent",
    file: "src/update/progress.ts",
    find: "const STEP_PERCENT = 3;",
    replace: "const STEP_PERCENT = 1;",
    caughtBy: { test: "test/unit/update/progress.test.js", named: /^less than 3 % more is not sent/ },
  },
  {
    name: "the search for the resume point begins only with the offer",
    file: "src/update/driver.ts",
    find: "    this.#work.search(this.#state);",
    replace: "",
    caughtBy: { test: "test/unit/bench/goals.test.js", named: /^figure first-byte$/ },
  },
];
