import { TestBed, type TestBedOptions } from "./test-bed.js";

/** Runs `body` with a bed, and takes it down in any case. */
export async function withTestBed(options: TestBedOptions, body: (bed: TestBed) => Promise<void>): Promise<void> {
  const bed = await TestBed.start(options);
  try {
    await body(bed);
  } finally {
    await bed.stop();
  }
}
