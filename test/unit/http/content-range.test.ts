import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseContentRange, strongETag } from "../../../src/http/content-range.js";

describe("parseContentRange", () => {
  it("reads first, last and total", () => {
    assert.deepEqual(parseContentRange("bytes 100-199/200"), { first: 100, last: 199, total: 200 });
    assert.deepEqual(parseContentRange("bytes 0-0/1"), { first: 0, last: 0, total: 1 });
  });

  it("takes an unknown total", () => {
    assert.deepEqual(parseContentRange("bytes 5-9/*"), { first: 5, last: 9, total: undefined });
  });

  it("takes the unit in either case and more than one blank", () => {
    assert.deepEqual(parseContentRange("Bytes \t 1-2/3"), { first: 1, last: 2, total: 3 });
  });

  it("counts beyond 32 bits exactly", () => {
    const range = parseContentRange("bytes 4294967296-999999999999998/999999999999999");
    assert.deepEqual(range, { first: 2 ** 32, last: 999999999999998, total: 999999999999999 });
  });

  it("returns nothing for a field that is absent, unsatisfied or malformed", () => {
    const wrong = [
      "",
      "bytes",
      "bytes */200",
      "bytes 1-2",
      "bytes 1-2/",
      "bytes 1-/3",
      "bytes -2/3",
      "bytes=1-2/3",
      "1-2/3",
      "items 1-2/3",
    ];
    const odd = [
      "bytes 1-2/3 ",
      " bytes 1-2/3",
      "bytes 1 - 2/3",
      "bytes 1-2/3, 4-5/6",
      "bytes 0x1-2/3",
      "bytes 1-2/3\n",
      "bytes +1-2/3",
    ];
    const long = ["bytes 1-2/1000000000000000", "bytes 1-1e3/2000", "bytes 1.0-2/3", "bytes1-2/3", "bytes １-２/３"];
    assert.equal(parseContentRange(undefined), undefined);
    for (const value of [...wrong, ...odd, ...long]) {
      assert.equal(parseContentRange(value), undefined, JSON.stringify(value));
    }
  });

  it("returns nothing for a range that contradicts itself", () => {
    for (const value of ["bytes 2-1/3", "bytes 0-3/3", "bytes 3-3/3", "bytes 0-0/0"]) {
      assert.equal(parseContentRange(value), undefined, value);
    }
  });

  it("gives back any range that holds, and none that does not", () => {
    const number = fc.nat(50);
    fc.assert(
      fc.property(number, number, number, (first, last, total) => {
        const expected = first <= last && last < total ? { first, last, total } : undefined;
        assert.deepEqual(parseContentRange(`bytes ${first}-${last}/${total}`), expected);
      }),
    );
  });
});

describe("strongETag", () => {
  it("takes a strong tag with its quotes", () => {
    for (const tag of ['""', '"a"', '"36eb5951179db14a631463a37a9322a2"', '"36eb-1"', `"${"x".repeat(62)}"`, '"!#~"']) {
      assert.equal(strongETag(tag), tag);
    }
  });

  it("takes neither a weak one nor one too long to be stored", () => {
    for (const tag of ['W/"a"', 'w/"a"', `"${"x".repeat(63)}"`]) assert.equal(strongETag(tag), undefined, tag);
  });

  it("takes nothing that could break a request", () => {
    const wrong = [
      "",
      '"',
      "a",
      '"a',
      'a"',
      '"a"b"',
      '"a" ',
      ' "a"',
      '"a b"',
      '"a\r\nX: y"',
      '"a"\n',
      '"\0"',
      '"\x7f"',
      '"é"',
      '"a", "b"',
      "*",
    ];
    for (const value of [undefined, ...wrong]) assert.equal(strongETag(value), undefined, JSON.stringify(value));
  });
});
