import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  askVersion,
  Installation,
  type Installer,
  type InstallImage,
  type InstallJob,
} from "../../../src/staging/installation.js";
import type { Failure } from "../../../src/update/machine/types.js";
import { MemoryFlash } from "../../support/memory-flash.js";
import { VirtualClock } from "../../support/virtual-clock.js";

const IMAGE = { version: "2.0.0", size: 10_000, md5: "0123456789abcdef0123456789abcdef" };

interface Handing {
  readonly clock: VirtualClock;
  readonly installation: Installation;
  readonly ends: (Failure | undefined)[];
  readonly said: string[];
  image(): InstallImage;
  job(): InstallJob;
}

function handing(link: Partial<Installer> = {}, acknowledged = 0): Handing {
  const clock = new VirtualClock();
  const partition = new MemoryFlash({ blocks: 4 });
  partition.preset(new Uint8Array(10_000).map((_, index) => index & 0xff));
  const ends: (Failure | undefined)[] = [];
  const said: string[] = [];
  let given: { image: InstallImage; job: InstallJob } | undefined;
  const installation = new Installation({
    installer: {
      version: () => "2.0.0",
      ...link,
      install: (image, job) => {
        given = { image, job };
        return link.install?.(image, job);
      },
    },
    image: IMAGE,
    partition,
    clock,
    timeoutMs: 60_000,
    acknowledged,
    onAcknowledged: (byteOffset) => said.push(`acknowledged ${byteOffset}`),
    onProgress: (bytes) => said.push(`progress ${bytes}`),
    onEnded: (failure) => ends.push(failure),
  });
  installation.start();
  clock.advance(0);
  return {
    clock,
    installation,
    ends,
    said,
    image: () => given?.image as InstallImage,
    job: () => given?.job as InstallJob,
  };
}

describe("an image that is handed over", () => {
  test("has a description, and can be read to its end and no further", () => {
    const { image } = handing({}, 4_000);
    const { version, size, md5, acknowledged } = image();
    assert.deepEqual({ version, size, md5, acknowledged }, { ...IMAGE, acknowledged: 4_000 });
    const into = new Uint8Array(100).fill(1);
    assert.equal(image().read(9_950, into), 50);
    assert.deepEqual([into[0], into[49], into[50]], [9_950 & 0xff, 9_999 & 0xff, 1]);
    for (const [byteOffset, length] of [
      [10_000, 10],
      [20_000, 10],
      [-1, 10],
      [0.5, 10],
      [NaN, 10],
      [0, 0],
    ] as const) {
      assert.equal(image().read(byteOffset, new Uint8Array(length)), 0, `${byteOffset}`);
    }
  });

  test("takes from an installation only whole numbers within the image", () => {
    const { job, said } = handing();
    for (const bytes of [NaN, -5, -Infinity, 1.5, 20_000, Infinity]) {
      job().progress(bytes);
      job().acknowledge(bytes);
    }
    const taken = [0, 0, 0, 1, 10_000, 10_000];
    assert.deepEqual(
      said,
      taken.flatMap((bytes) => [`progress ${bytes}`, `acknowledged ${bytes}`]),
    );
  });

  test("begins in a turn of its own", () => {
    let begun = false;
    const clock = new VirtualClock();
    const installer = { version: () => undefined, install: () => void (begun = true) };
    const ignored = (): void => {};
    const options = {
      installer,
      image: IMAGE,
      partition: new MemoryFlash({ blocks: 4 }),
      clock,
      timeoutMs: 1,
      acknowledged: 0,
    };
    const installation = new Installation({
      ...options,
      onAcknowledged: ignored,
      onProgress: ignored,
      onEnded: ignored,
    });
    installation.start();
    assert.equal(begun, false);
    installation.close();
    clock.advance(10);
    assert.equal(begun, false);
  });

  test("is installed once that is reported, and the version is right", () => {
    const { clock, ends, job } = handing();
    job().succeed();
    clock.advance(1);
    assert.deepEqual(ends, [undefined]);
  });

  test("is installed once the promise is fulfilled", async () => {
    const { clock, ends } = handing({ install: () => Promise.resolve("whatever") });
    await Promise.resolve();
    clock.advance(1);
    assert.deepEqual(ends, [undefined]);
  });

  test("is installed, or not, by a thenable that is no promise of the engine", async () => {
    const kept = handing({ install: () => ({ then: (resolve: (value: string) => void) => resolve("whatever") }) });
    const broken = handing({
      install: () => ({ then: (_: unknown, reject: (error: Error) => void) => reject(new Error("bus")) }),
    });
    const thrown = handing({ install: () => ({ then: () => assert.fail("no bus") }) });
    for (let turn = 0; turn < 4; turn++) await Promise.resolve();
    for (const { clock } of [kept, broken, thrown]) clock.advance(1);
    assert.deepEqual(
      [kept, broken, thrown].map(({ ends }) => ends.map((failure) => failure?.message)),
      [[undefined], ["bus"], ["no bus"]],
    );
  });

  test("is not installed by a value that is no promise", () => {
    const { clock, ends } = handing({ install: () => true });
    clock.advance(59_000);
    assert.deepEqual(ends, []);
  });

  for (const [what, version, message] of [
    ["another version runs", () => "1.0.0", "installed, but runs version 1.0.0"],
    ["the version runs", () => "2.0.0", undefined],
    ["nobody knows what runs", () => undefined, undefined],
    ["the question fails", () => assert.fail("no bus"), undefined],
    ["the question is not answered", () => new Promise<string>(() => {}), undefined],
  ] as const) {
    test(`reported as done, if ${what}: ${message === undefined ? "done" : "failed"}`, () => {
      const { clock, ends, job } = handing({ version });
      job().succeed();
      clock.advance(25_000);
      assert.deepEqual(ends, [message === undefined ? undefined : { code: "install-failed", message }]);
    });
  }

  test("fails with its reason, an exception or a rejected promise", async () => {
    const said = handing();
    said.job().fail("flash error");
    assert.deepEqual(said.ends, [{ code: "install-failed", message: "flash error" }]);
    const thrown = handing({ install: () => assert.fail("bus") });
    assert.equal(thrown.ends[0]?.message, "bus");
    const broken = handing({ install: () => Promise.reject(new Error("bus")) });
    await Promise.resolve();
    await Promise.resolve();
    assert.equal(broken.ends[0]?.message, "bus");
  });

  test("fails after a minute of silence; each read, progress and acknowledgement begins it anew", () => {
    const { clock, ends, image, job } = handing();
    const signs = [() => image().read(0, new Uint8Array(1)), () => job().progress(5), () => job().acknowledge(5)];
    for (let round = 0; round < 9; round++) {
      clock.advance(59_999);
      signs[round % 3]?.();
    }
    assert.deepEqual(ends, []);
    clock.advance(60_000);
    assert.deepEqual(ends, [{ code: "install-failed", message: "installation timed out" }]);
  });

  test("a read that returns nothing does not begin the minute anew", () => {
    const { clock, ends, image } = handing();
    clock.advance(59_999);
    image().read(10_000, new Uint8Array(1));
    clock.advance(1);
    assert.equal(ends.length, 1);
  });

  test("ends once, whatever is called afterwards", () => {
    const { clock, ends, said, image, job } = handing();
    job().fail("first");
    job().fail("second");
    job().succeed();
    job().progress(1);
    job().acknowledge(1);
    clock.advance(200_000);
    assert.equal(ends.length, 1);
    assert.deepEqual(said, []);
    assert.equal(image().read(0, new Uint8Array(4)), 0);
    assert.deepEqual(clock.names(), []);
  });

  test("gets no call after it was closed, also while the version is asked for", () => {
    const { clock, ends, installation, job } = handing();
    job().succeed();
    installation.close();
    clock.advance(100_000);
    assert.deepEqual(ends, []);
    assert.deepEqual(clock.names(), []);
  });

  test("acknowledges and progresses no further than its end", () => {
    const { said, job } = handing();
    job().acknowledge(99_999);
    job().progress(99_999);
    assert.deepEqual(said, ["acknowledged 10000", "progress 10000"]);
  });
});

describe("a version question", () => {
  test("is asked in a turn of its own, answered once, and can be taken back", () => {
    const clock = new VirtualClock();
    const answers: (string | undefined)[] = [];
    let asked = 0;
    const installer = { version: () => (asked++, "1.0.0"), install: () => undefined };
    askVersion(installer, clock, (version) => answers.push(version));
    assert.equal(asked, 0);
    clock.advance(0);
    assert.deepEqual([asked, answers], [1, ["1.0.0"]]);
    askVersion(installer, clock, (version) => answers.push(version)).cancel();
    clock.advance(100_000);
    assert.deepEqual([asked, answers.length, clock.names()], [1, 1, []]);
  });

  test("is answered by a thenable that is no promise of the engine", async () => {
    const clock = new VirtualClock();
    const answers: (string | undefined)[] = [];
    const thenable = { then: (resolve: (version: string) => void) => resolve("1.0.0") } as unknown as Promise<string>;
    askVersion({ version: () => thenable, install: () => undefined }, clock, (version) => answers.push(version));
    clock.advance(0);
    for (let turn = 0; turn < 4; turn++) await Promise.resolve();
    assert.deepEqual(answers, ["1.0.0"]);
  });

  test("that is answered after its time has run out stays without an answer", async () => {
    const clock = new VirtualClock();
    const answers: (string | undefined)[] = [];
    let resolve = (_: string): void => {};
    const installer = { version: () => new Promise<string>((kept) => (resolve = kept)), install: () => undefined };
    askVersion(installer, clock, (version) => answers.push(version));
    clock.advance(20_001);
    resolve("1.0.0");
    await Promise.resolve();
    clock.advance(1);
    assert.deepEqual(answers, [undefined]);
  });
});
