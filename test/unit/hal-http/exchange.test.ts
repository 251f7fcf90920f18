import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ConnectOptions, type Connector, HalError } from "../../../hal/ports/index.js";
import { ExchangeProbe } from "../../support/exchange-probe.js";
import { latin1, toLatin1 } from "../../support/splits.js";

const OK = "HTTP/1.1 200 OK\r\n";

describe("the request of an exchange", () => {
  it("is one GET for a connection that closes, byte for byte", () => {
    const probe = new ExchangeProbe({
      target: "/f?sign=%00%3B",
      authority: "host:8080",
      headers: [
        ["Range", "bytes=1-"],
        ["If-Range", '"a"'],
      ],
    });
    probe.peer.accept();
    const expected =
      "GET /f?sign=%00%3B HTTP/1.1\r\nHost: host:8080\r\nConnection: close\r\n" +
      'Accept-Encoding: identity\r\nRange: bytes=1-\r\nIf-Range: "a"\r\n\r\n';
    assert.equal(toLatin1(probe.peer.take()), expected);
  });

  it("connects as asked", () => {
    const { options } = new ExchangeProbe().peer;
    assert.deepEqual([options.host, options.port, options.tls, options.timeoutMs], ["host", 80, undefined, 5000]);
    assert.equal(options.maxFragmentLength, 4096, "a block of flash");
  });

  it("goes out in pieces if there is little room, each byte once", () => {
    const whole = new ExchangeProbe({ target: "/file" });
    whole.peer.accept();
    const request = toLatin1(whole.peer.take());
    for (const room of [1, 7, 20, request.length, request.length + 1]) {
      const probe = new ExchangeProbe({ target: "/file" });
      for (let turn = 0; turn < request.length + 3; turn++) probe.peer.accept(room);
      assert.equal(toLatin1(probe.peer.take()), request, `room for ${room}`);
    }
  });

  it("waits if there is no room at all", () => {
    const probe = new ExchangeProbe();
    probe.peer.accept(0);
    assert.equal(probe.peer.take().byteLength, 0);
    probe.peer.accept();
    assert.match(toLatin1(probe.peer.take()), /^GET \/ HTTP\/1\.1\r\n.*\r\n\r\n$/s);
  });

  it("ends with an error if it cannot be written", () => {
    const { probe, options } = brokenStream("write");
    options().onWritable(100);
    assert.deepEqual(probe.calls, ["error io"]);
  });

  it("ends with an error, and not with an exception, if it cannot be encoded", () => {
    const probe = new ExchangeProbe({ target: "/\u20ac" });
    for (const peer of probe.connector.peers) peer.accept();
    probe.clock.advance(0);
    assert.deepEqual(probe.calls, ["error malformed"]);
  });
});

describe("the head in an exchange", () => {
  it("is reported with status, length and the wanted fields only", () => {
    const probe = ExchangeProbe.answered([latin1(`${OK}Content-Length: 5\r\nETag: "a"\r\nServer: x\r\n\r\n`)]);
    const [head] = probe.heads;
    assert.deepEqual([head?.status, head?.contentLength], [200, 5]);
    assert.deepEqual(
      [head?.header("etag"), head?.header("location"), head?.header("server")],
      ['"a"', undefined, undefined],
    );
  });

  it("has no fields that nobody sent, not even those that every object inherits", () => {
    const [head] = ExchangeProbe.answered([latin1(`${OK}\r\n`)], undefined, { wanted: ["constructor"] }).heads;
    assert.equal(head?.header("constructor"), undefined);
  });

  it("announces no length if chunks or the connection end the body", () => {
    for (const field of ["Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", ""]) {
      assert.equal(ExchangeProbe.answered([latin1(`${OK}${field}\r\n`)]).heads[0]?.contentLength, undefined);
    }
  });

  it("is reported before any byte of the body, once", () => {
    const probe = ExchangeProbe.answered([latin1(`HTTP/1.1 100 Continue\r\n\r\n${OK}Content-Length: 2\r\n\r\nok`)]);
    assert.deepEqual(probe.calls, ["head 200", "readable", "end"]);
  });

  it("ends the exchange if it is malformed", () => {
    const probe = ExchangeProbe.answered([latin1("garbage\r\n\r\n")]);
    assert.deepEqual(probe.calls, ["error malformed"]);
    assert.equal(probe.peer.closed, true);
  });

  it("ends the exchange past its limit", () => {
    const probe = ExchangeProbe.connected();
    probe.peer.send(latin1(OK));
    let sent = 0;
    for (; sent < 1000 && probe.calls.length === 0; sent++) probe.peer.send(latin1(`X-Junk: ${"x".repeat(92)}\r\n`));
    assert.deepEqual([probe.calls, sent], [["error malformed"], 322]);
  });

  it("must be whole before the connection ends", () => {
    for (const text of ["", "HTTP/1.1 200 OK", `${OK}Content-Length: 0\r\n`, `${OK}\r`]) {
      assert.deepEqual(ExchangeProbe.answered([latin1(text)], "closed").calls, ["error closed"], text);
    }
  });

  it("ends with an error if the stream throws", () => {
    const { probe, options } = brokenStream("read");
    options().onReadable();
    assert.equal(probe.calls.length, 1);
    assert.match(probe.ending ?? "", /^error/);
  });
});

describe("the body in an exchange", () => {
  const length = (text: string): string => `${OK}Content-Length: ${text.length}\r\n\r\n${text}`;
  const chunked = (text: string): string => `${OK}Transfer-Encoding: chunked\r\n\r\n${text}`;

  it("ends after its length, and nothing behind it is body", () => {
    const probe = ExchangeProbe.answered([latin1(`${length("hello")} and more`)]);
    assert.deepEqual([probe.text, probe.ending, probe.peer.closed], ["hello", "end", true]);
  });

  it("ends after its last chunk, and nothing behind it is body", () => {
    const probe = ExchangeProbe.answered([latin1(chunked("5\r\nhello\r\n3;x\r\n!!!\r\n0\r\nX: y\r\n\r\nmore"))]);
    assert.deepEqual([probe.text, probe.ending], ["hello!!!", "end"]);
  });

  it("ends with the connection if no field says otherwise", () => {
    const probe = ExchangeProbe.answered([latin1(`${OK}\r\nhello`), latin1(" world")], "closed");
    assert.deepEqual([probe.text, probe.ending], ["hello world", "end"]);
  });

  it("ends with an error if the connection broke", () => {
    for (const kind of ["io", "timeout"] as const) {
      assert.equal(ExchangeProbe.answered([latin1(`${OK}\r\nhello`)], kind).ending, `error ${kind}`);
    }
  });

  it("is reported as cut short if the connection ends within it; the bytes that came are handed over first", () => {
    const cut: [string, string][] = [
      [`${OK}Content-Length: 9\r\n\r\nhello`, "hello"],
      [`${OK}Content-Length: 9\r\n\r\n`, ""],
      [chunked("5\r\nhel"), "hel"],
      [chunked("5\r\nhello"), "hello"],
      [chunked("5\r\nhello\r\n0\r\n"), "hello"],
      [chunked(""), ""],
    ];
    for (const [text, body] of cut) {
      const probe = ExchangeProbe.answered([latin1(text)], "closed");
      assert.deepEqual([probe.text, probe.ending], [body, "error closed"], JSON.stringify(text));
    }
  });

  it("is empty at once if it has none", () => {
    for (const text of [
      length(""),
      "HTTP/1.1 204 No Content\r\n\r\n",
      "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n",
    ]) {
      const probe = ExchangeProbe.answered([latin1(text)]);
      assert.equal(probe.ending, "end", text);
      assert.equal(probe.calls.length, 2, text);
    }
  });

  it("is empty with 204 and 304 whatever the fields say (RFC 9112 §6.3)", () => {
    for (const status of [204, 304]) {
      const probe = ExchangeProbe.answered([latin1(`HTTP/1.1 ${status} x\r\nTransfer-Encoding: chunked\r\n\r\n`)]);
      assert.equal(probe.ending, "end", String(status));
    }
  });

  it("ends the exchange if its framing is malformed", () => {
    const probe = ExchangeProbe.answered([latin1(chunked("3\r\nabc\r\nZZ\r\n"))]);
    assert.deepEqual([probe.text, probe.ending], ["abc", "error malformed"]);
  });

  it("gives nothing more once its framing was found malformed, even before that is reported", () => {
    const probe = ExchangeProbe.connected({ reads: false });
    probe.peer.send(latin1(chunked("3\r\nabc\r\nZZ\r\n3\r\nbad\r\n0\r\n\r\n")));
    assert.equal(probe.readOnce(), 3);
    assert.equal(probe.readOnce(), 0);
    assert.equal(probe.readOnce(), 0, "bytes from behind the malformed place");
    probe.clock.advance(0);
    assert.equal(probe.ending, "error malformed");
  });

  it("ends with an error if the stream throws", () => {
    const { probe, options, send } = brokenStream("read after the head");
    send(`${OK}\r\n`);
    options().onReadable();
    probe.clock.advance(0);
    assert.deepEqual(probe.calls.slice(0, -1), ["head 200", "readable"]);
    assert.match(probe.ending ?? "", /^error/);
  });

  it("stays in the socket until it is read, but for what came with the head", () => {
    const probe = ExchangeProbe.connected({ reads: false });
    probe.peer.send(latin1(length("b".repeat(10_000))));
    assert.ok(probe.peer.unread > 10_000 - 256, String(probe.peer.unread));
    probe.readOnce();
    assert.ok(probe.peer.unread > 10_000 - 256 - 64, String(probe.peer.unread));
    probe.readAll();
    probe.clock.advance(0);
    assert.deepEqual([probe.body.length, probe.peer.unread, probe.ending], [10_000, 0, "end"]);
  });

  it("can be read after the connection ended, as far as it came with the head", () => {
    for (const [text, ending] of [
      [length("hello"), "end"],
      [`${OK}\r\nhello`, "end"],
      [`${OK}Content-Length: 9\r\n\r\nhello`, "error closed"],
    ] as const) {
      const probe = ExchangeProbe.connected({ reads: false });
      probe.peer.send(latin1(text));
      probe.peer.fail("closed");
      assert.equal(probe.ending, undefined);
      probe.readAll();
      probe.clock.advance(0);
      assert.deepEqual([probe.text, probe.ending], ["hello", ending], JSON.stringify(text));
    }
  });

  it("ends well if the connection ends right behind it, before its end could be reported", () => {
    for (const text of [length("hello"), chunked("5\r\nhello\r\n0\r\n\r\n"), length("")]) {
      const probe = ExchangeProbe.connected();
      probe.peer.send(latin1(text));
      probe.peer.fail("closed");
      probe.clock.advance(0);
      assert.equal(probe.ending, "end", JSON.stringify(text));
    }
  });

  it("is reported as malformed if the connection ends right behind the malformed place", () => {
    const probe = ExchangeProbe.connected();
    probe.peer.send(latin1(chunked("3\r\nabcd\r\n")));
    probe.peer.fail("closed");
    probe.clock.advance(0);
    assert.equal(probe.ending, "error malformed");
  });

  it("is nothing before the head, and nothing for an empty buffer", () => {
    const probe = ExchangeProbe.connected({ reads: false });
    assert.equal(probe.readOnce(), 0);
    probe.peer.send(latin1(length("hello")));
    assert.equal(probe.exchange.read(new Uint8Array(0), 0, 0), 0);
    probe.readAll();
    assert.equal(probe.text, "hello");
  });
});

describe("an exchange that was closed", () => {
  const answer = latin1(`${OK}Content-Length: 5\r\n\r\nhello`);

  it("calls nothing more, reads nothing and closes its stream", () => {
    for (const before of [new Uint8Array(0), answer.subarray(0, 20), answer.subarray(0, -2), answer]) {
      const probe = ExchangeProbe.connected({ reads: false });
      probe.peer.send(before);
      if (before === answer) probe.readAll();
      const calls = probe.calls.length;
      probe.exchange.close();
      probe.exchange.close();
      const { options } = probe.peer;
      assert.equal(probe.peer.closed, true);
      options.onWritable(100);
      options.onReadable();
      options.onError(new HalError("closed", "late"));
      probe.clock.advance(10_000);
      assert.equal(probe.calls.length, calls, probe.calls.join());
      assert.deepEqual([probe.readOnce(), probe.clock.names()], [0, []]);
    }
  });

  it("may be closed from inside each of its callbacks", () => {
    const onHead = ExchangeProbe.connected();
    onHead.onHead = () => onHead.exchange.close();
    onHead.peer.send(answer);
    onHead.clock.advance(0);
    assert.deepEqual([onHead.calls, onHead.text], [["head 200"], ""]);
    const onReadable = ExchangeProbe.connected();
    onReadable.onReadable = () => onReadable.exchange.close();
    onReadable.peer.send(answer);
    onReadable.clock.advance(0);
    assert.deepEqual([onReadable.calls, onReadable.text], [["head 200", "readable"], ""]);
  });

  it("closes its stream by itself at the end and after an error", () => {
    assert.equal(ExchangeProbe.answered([answer]).peer.closed, true);
    const failed = ExchangeProbe.connected();
    failed.peer.options.onError(new HalError("io", "broken"));
    assert.deepEqual([failed.calls, failed.peer.closed], [["error io"], true]);
    failed.peer.options.onError(new HalError("closed", "again"));
    failed.peer.options.onReadable();
    assert.deepEqual(failed.calls, ["error io"]);
  });
});

/** An exchange over a stream that throws at the call that `fault` names. */
function brokenStream(fault: "write" | "read" | "read after the head"): {
  probe: ExchangeProbe;
  options: () => ConnectOptions;
  send: (text: string) => void;
} {
  let options: ConnectOptions | undefined;
  let incoming: Uint8Array | undefined;
  const connector: Connector = {
    connect(given) {
      options = given;
      return {
        read(into) {
          if (incoming === undefined) throw new Error("broken");
          const bytes = incoming;
          if (bytes.byteLength === 0) incoming = undefined;
          else incoming = bytes.subarray(into.byteLength);
          into.set(bytes.subarray(0, into.byteLength));
          return Math.min(bytes.byteLength, into.byteLength);
        },
        write() {
          if (fault === "write") throw new Error("broken");
          return 0;
        },
        close() {},
      };
    },
  };
  const probe = new ExchangeProbe({ connector });
  const current = (): ConnectOptions => options as ConnectOptions;
  return {
    probe,
    options: current,
    send: (text) => {
      incoming = latin1(text);
      current().onReadable();
    },
  };
}
