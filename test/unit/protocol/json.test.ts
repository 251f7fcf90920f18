import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { encodeUtf8 } from "../../../src/lib/utf8.js";
import { type Fields, ItemReader, readMessage, TEXT_LIMIT, type Wanted } from "../../../src/protocol/json.js";

const WANTED: Wanted = { type: true, size: true, payload: { status: true, inner: { a: true } }, list: "place" };

const read = (text: string, wanted: Wanted = WANTED): Fields | string => readMessage(encodeUtf8(text), wanted);

describe("readMessage", () => {
  it("reads what was asked for, at any depth, in any order, and leaves out the rest", () => {
    const text = `\t{"more":[{"type":"no"},[[]],{}],"payload":{"x":{"status":9},"inner":{"b":1,"a":"\\u00e9"},"status":1},
      "type" : "t\\"\\\\\\/\\b\\f\\n\\r\\t","size":-1.5e+3,"list":[ ]}\r\n `;
    assert.deepEqual(read(text), {
      payload: { inner: { a: "é" }, status: 1 },
      type: 't"\\/\b\f\n\r\t',
      size: -1500,
      list: text.indexOf("[ ]"),
    });
  });

  it("takes the last of fields of one name, and names with escapes as what they are", () => {
    assert.deepEqual(read('{"type":1,"t\\u0079pe":2,"ty\\u0070":3}'), { type: 2 });
    assert.deepEqual(read('{"type":{"a":1},"size":[1],"payload":[{"status":1}]}'), {
      type: null,
      size: null,
      payload: null,
    });
    assert.deepEqual(read('{"payload":{"status":1},"payload":7}'), { payload: null });
    assert.deepEqual(read('{"payload":{"status":1},"payload":{"inner":{"a":1}}}'), { payload: { inner: { a: 1 } } });
  });

  it("bounds every text that it reads", () => {
    assert.deepEqual(read(`{"type":"${"x".repeat(TEXT_LIMIT)}"}`), { type: "x".repeat(TEXT_LIMIT) });
    assert.deepEqual(read(`{"type":"${"x".repeat(TEXT_LIMIT + 1)}","size":${"1".repeat(5000)}}`), {
      type: null,
      size: null,
    });
  });

  it("reports why there is no message", () => {
    assert.equal(readMessage(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d), WANTED), "not UTF-8");
    for (const text of ["[]", "1", '"x"', "null", " [{}] "]) assert.equal(read(text), "not a JSON object", text);
    for (const text of ["", "{", '{"type"}', '{"type":1,}', "{}{}", '{"type":01}', '{"type":+1}', '{"size":1.}']) {
      assert.equal(read(text), "not JSON", text);
    }
    for (const text of [
      '{"type":tru}',
      '{"type":"\\x"}',
      '{"x":"\t"}',
      '{"x":[1,]}',
      '{"x":[}',
      '{"x":{1:1}}',
      "{x:1}",
    ]) {
      assert.equal(read(text), "not JSON", text);
    }
  });

  it("bounds the nesting, in wanted and unwanted fields", () => {
    for (const open of ['{"type":', '{"payload":', '{"x":', "["]) {
      assert.equal(read(`${'{"x":'}${open.repeat(3000)}`), "nested too deep", open);
    }
    assert.deepEqual(read(`{"x":${"[".repeat(15)}${"]".repeat(15)},"type":1}`), { type: 1 });
    assert.equal(read(`{"x":${"[".repeat(16)}${"]".repeat(16)},"type":1}`), "nested too deep");
  });

  it("agrees with JSON.parse on any message", () => {
    const message = fc.record({
      type: fc.oneof(
        fc.string({ unit: "grapheme" }),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.boolean(),
      ),
      size: fc.integer(),
      more: fc.jsonValue({ maxDepth: 4 }),
    });
    fc.assert(
      fc.property(message, fc.nat(3), (fields, indent) => {
        const { type, size } = JSON.parse(JSON.stringify(fields));
        assert.deepEqual(read(JSON.stringify(fields, null, indent)), { type, size });
      }),
    );
  });

  const changed = (texts: readonly string[]): fc.Arbitrary<string> =>
    fc
      .tuple(fc.constantFrom(...texts), fc.nat(), fc.constantFrom(...'{}[]",:\\ue+-.01 tn\n'), fc.nat(2))
      .map(([text, place, character, removed]) => {
        const at = place % text.length;
        return text.slice(0, at) + character + text.slice(at + removed);
      });
  const isJson = (text: string): boolean => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };

  it("accepts as JSON what JSON.parse accepts and nothing else, if it reads each value", () => {
    const texts = ['{"type":"\\u00e9\\"", "size" : -0.5e-7}', '{"size":null,"type":true}'];
    fc.assert(
      fc.property(changed(texts), (text) => {
        // A change may make a name that is not wanted: then only the structure of its value is checked.
        const found = read(text);
        if (isJson(text)) assert.notEqual(found, "not JSON", text);
        else if (typeof found !== "string") assert.ok(hasOtherNames(text), text);
      }),
      { numRuns: 3000 },
    );
  });

  it("accepts as JSON everything that JSON.parse accepts", () => {
    const texts = [
      '{"type":[1,{"a":"\\u00e9",""  :null}],"x":{"y":[true,false,-0.5e-7]}}',
      '{"a":[],"b":{},"type":"x","payload":{"status":0,"inner":{"a":[[]]}}}',
    ];
    fc.assert(
      fc.property(changed(texts), (text) => {
        if (isJson(text)) assert.notEqual(read(text), "not JSON", text);
      }),
      { numRuns: 3000 },
    );
  });
});

/** A name that is not one of `WANTED`, or at a place where it is not wanted. */
function hasOtherNames(text: string): boolean {
  const names = [...text.matchAll(/"((?:[^"\\]|\\.)*)"\s*:/g)].map(([, name]) => name as string);
  return names.some((name) => !["type", "size", "payload", "status", "inner", "a"].includes(name));
}

describe("ItemReader", () => {
  const items = (text: string): Fields[] => {
    const bytes = encodeUtf8(text);
    const message = readMessage(bytes, WANTED) as Fields;
    const reader = new ItemReader(bytes, message["list"] as number, { a: true });
    const found: Fields[] = [];
    for (let item = reader.next(); item !== undefined; item = reader.next()) found.push(item);
    return found;
  };

  it("reads the objects of a list, and passes over what is none", () => {
    assert.deepEqual(items('{"list":[{"a":1}, 7,[{"a":5}],"x",{},{"b":[{"a":6}],"a":2} ],"a":3}'), [
      { a: 1 },
      {},
      { a: 2 },
    ]);
  });

  it("reads one object in the place of a list, and nothing of another value", () => {
    assert.deepEqual(items('{"list":{"a":1},"x":{"a":2}}'), [{ a: 1 }]);
    for (const value of ["7", '"x"', "null", "[]"]) assert.deepEqual(items(`{"list":${value},"x":{"a":2}}`), [], value);
  });
});
