import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type HttpUrl, parseUrl, redactUrl, resolveLocation } from "../../../src/http/url.js";

const SIGNED = "/100003908905_E69UADXUYY_V1?sign=q-sign-algorithm%3Dsha1%26q-sign-time%3D1%3B2%26q-signature%3D0a%00";

describe("parseUrl", () => {
  it("splits a signed URL and leaves every byte of it as it is", () => {
    assert.deepEqual(parseUrl(`https://ota-1255858890.cos.ap-guangzhou.myqcloud.com${SIGNED}`), {
      secure: true,
      host: "ota-1255858890.cos.ap-guangzhou.myqcloud.com",
      port: 443,
      authority: "ota-1255858890.cos.ap-guangzhou.myqcloud.com",
      target: SIGNED,
    });
  });

  it("neither decodes, lowers nor removes dot segments", () => {
    assert.equal(parseUrl("http://h/a/../b/./%2e%2E//c?x=/../%zz")?.target, "/a/../b/./%2e%2E//c?x=/../%zz");
    assert.equal(parseUrl("http://Host.Example/Path")?.authority, "Host.Example");
  });

  it("knows the ports of both schemes, and another that is written", () => {
    assert.equal(parseUrl("http://h/")?.port, 80);
    assert.equal(parseUrl("https://h/")?.port, 443);
    for (const port of [1, 80, 8080, 65535]) {
      const url = parseUrl(`http://h:${port}/`);
      assert.deepEqual([url?.host, url?.port, url?.authority], ["h", port, `h:${port}`]);
    }
  });

  it("takes the scheme in either case", () => {
    assert.equal(parseUrl("HTTPS://h/")?.secure, true);
    assert.equal(parseUrl("HtTp://h/")?.secure, false);
  });

  it("asks for / if there is no path, keeps a query, drops a fragment", () => {
    assert.equal(parseUrl("http://h")?.target, "/");
    assert.equal(parseUrl("http://h?a=b")?.target, "/?a=b");
    assert.equal(parseUrl("http://h#top")?.target, "/");
    assert.equal(parseUrl("http://h/p?q#top?no")?.target, "/p?q");
    assert.equal(parseUrl("http://h/p?q=a/b?c")?.target, "/p?q=a/b?c");
  });

  it("takes the brackets off an IPv6 address, but not off its authority", () => {
    const url = parseUrl("http://[2001:db8::1]:8080/x");
    assert.deepEqual([url?.host, url?.port, url?.authority], ["2001:db8::1", 8080, "[2001:db8::1]:8080"]);
    assert.equal(parseUrl("https://[::ffff:192.0.2.1]/")?.host, "::ffff:192.0.2.1");
  });

  it("refuses what is no absolute http or https URL", () => {
    const wrong = [
      "",
      "h",
      "/p",
      "//h/p",
      "http:",
      "http:/h/",
      "http://",
      "http:///p",
      "https//h/",
      "ftp://h/",
      "httpss://h/",
      "http:h/p",
    ];
    for (const text of [...wrong, "http://?q", "http://#f", "xhttp://h/", "file:///etc/passwd"]) {
      assert.equal(parseUrl(text), undefined, text);
    }
  });

  it("refuses user info, odd brackets and ports that are none", () => {
    const hosts = [
      "user@h",
      "user:pass@h",
      "@h",
      ":80",
      "h:x",
      "h:0",
      "h:65536",
      "h:99999",
      "h:123456",
      "h:-1",
      "h:+80",
      "a:b:80",
    ];
    for (const host of [...hosts, "h%20x", "[::1", "::1", "[]", "[::1]x", "[g]", "x[::1]", "[::1]:", "h]", "[h"]) {
      assert.equal(parseUrl(`http://${host}/`), undefined, host);
    }
  });

  it("refuses everything but visible ASCII, so that no header can be smuggled in", () => {
    for (const character of ["\r", "\n", "\r\nX: y", "\0", " ", "\t", "\x7f", "é", "\u2028", "ÿ", "😀"]) {
      for (const text of [
        `http://h/${character}`,
        `http://h${character}/`,
        `${character}http://h/`,
        `http://h/?${character}`,
        `http://h/#${character}`,
      ]) {
        assert.equal(parseUrl(text), undefined, JSON.stringify(text));
      }
    }
  });

  it("takes 4096 characters and no more", () => {
    const text = `http://h/${"x".repeat(4096 - 9)}`;
    assert.equal(parseUrl(text)?.target.length, 4088);
    assert.equal(parseUrl(`${text}x`), undefined);
  });

  it("loses nothing of any URL but the fragment, and agrees on host and port with the platform's parser", () => {
    const urls = fc.webUrl({ validSchemes: ["http", "https"], withQueryParameters: true, withFragments: true });
    fc.assert(
      fc.property(urls, (text) => {
        const url = parseUrl(text) as HttpUrl;
        const bare = text.replace(/#.*$/, "");
        const joined = `${url.secure ? "https" : "http"}://${url.authority}`;
        assert.ok(
          bare === joined + url.target || `${bare}/` === joined + url.target || url.target.startsWith("/?"),
          text,
        );
        const platform = new URL(text);
        assert.equal(url.host.toLowerCase(), platform.hostname);
        assert.equal(url.port, platform.port === "" ? (url.secure ? 443 : 80) : Number(platform.port));
      }),
    );
  });

  it("answers quickly for any text of any length", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."htps:/[]@?#.0a\n"), maxLength: 60 }), (rest) => {
        const url = parseUrl(`http://${rest}`);
        assert.ok(url === undefined || (url.target.startsWith("/") && url.host !== "" && url.port > 0), rest);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("resolveLocation", () => {
  const base = parseUrl("https://host:8443/dir/sub/file.bin?sign=1") as HttpUrl;
  const resolved = (location: string): string | undefined => {
    const url = resolveLocation(base, location);
    return url === undefined ? undefined : `${url.secure ? "https" : "http"}://${url.authority}${url.target}`;
  };

  it("follows an absolute URL to any host and scheme", () => {
    assert.equal(resolved("https://other/x?y#z"), "https://other/x?y");
    assert.equal(resolved("http://other/x"), "http://other/x");
    assert.equal(resolved("HTTP://other"), "http://other/");
  });

  it("follows references without scheme, host or path, each relative to its base", () => {
    assert.equal(resolved("//other:1/x"), "https://other:1/x");
    assert.equal(resolved("/x/y?z"), "https://host:8443/x/y?z");
    assert.equal(resolved("x"), "https://host:8443/dir/sub/x");
    assert.equal(resolved("./x?y"), "https://host:8443/dir/sub/x?y");
    assert.equal(resolved("../x"), "https://host:8443/dir/x");
    assert.equal(resolved("?sign=2"), "https://host:8443/dir/sub/file.bin?sign=2");
  });

  it("removes dot segments as RFC 3986 §5.2.4 and §5.4 have it, from the path alone", () => {
    const rfc = parseUrl("http://a/b/c/d;p?q") as HttpUrl;
    for (const [location, target] of [
      ["g", "/b/c/g"],
      ["./g", "/b/c/g"],
      ["g/", "/b/c/g/"],
      [".", "/b/c/"],
      ["./", "/b/c/"],
      ["..", "/b/"],
      ["../", "/b/"],
      ["../g", "/b/g"],
      ["../..", "/"],
      ["../../", "/"],
      ["../../g", "/g"],
      ["../../../g", "/g"],
      ["../../../../g", "/g"],
      ["/./g", "/g"],
      ["/../g", "/g"],
      ["g.", "/b/c/g."],
      [".g", "/b/c/.g"],
      ["g..", "/b/c/g.."],
      ["..g", "/b/c/..g"],
      ["./../g", "/b/g"],
      ["./g/.", "/b/c/g/"],
      ["g/./h", "/b/c/g/h"],
      ["g/../h", "/b/c/h"],
      ["g;x=1/./y", "/b/c/g;x=1/y"],
      ["g;x=1/../y", "/b/c/y"],
      ["g?y/./x", "/b/c/g?y/./x"],
      ["g?y/../x", "/b/c/g?y/../x"],
      ["//g/a/../b?/../c", "/b?/../c"],
      ["http://g/x/./y/../z", "/x/z"],
      ["//a//../b", "/b"],
      ["/%2e%2e/x", "/%2e%2e/x"],
    ]) {
      assert.equal(resolveLocation(rfc, location as string)?.target, target, location);
    }
  });

  it("removes dot segments as the platform's parser does", () => {
    const segment = fc.constantFrom("a", "bc", ".", "..", "");
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 8 }), (segments) => {
        const path = `/${segments.join("/")}`;
        assert.equal(resolveLocation(base, `http://h${path}?q`)?.target, `${new URL(`http://h${path}`).pathname}?q`);
      }),
    );
  });

  it("percent-encodes blanks and what is not ASCII, byte for byte, and leaves the rest as it is", () => {
    assert.equal(resolved("/a b/c?d=e f"), "https://host:8443/a%20b/c?d=e%20f");
    const field = Buffer.from("/固件 v2.bin?名=é").toString("latin1");
    assert.equal(
      resolved(field),
      "https://host:8443/%E5%9B%BA%E4%BB%B6%20v2.bin?%E5%90%8D=%C3%A9",
      "UTF-8, as a server sends it",
    );
    assert.equal(resolved("/\xe9\xff\x80"), "https://host:8443/%E9%FF%80", "ISO-8859-1");
    assert.equal(resolved("https://other/a%20b%zz?{x}|<y>"), "https://other/a%20b%zz?{x}|<y>");
  });

  it("is not misled by slashes and colons in the query of the base, nor by colons in that of the location", () => {
    const tricky = parseUrl("http://h/a/b?c=/d/e:f") as HttpUrl;
    assert.equal(resolveLocation(tricky, "x")?.target, "/a/x");
    assert.equal(resolveLocation(tricky, "x?u=http://evil/")?.target, "/a/x?u=http://evil/");
    assert.equal(resolveLocation(tricky, "/x:y")?.target, "/x:y");
  });

  it("stays at the same resource for a reference that is empty but for a fragment (RFC 3986 §5.2.2)", () => {
    for (const location of ["", "#top"]) {
      assert.equal(resolved(location), "https://host:8443/dir/sub/file.bin?sign=1", `"${location}"`);
    }
  });

  it("refuses other schemes and anything that is no URL", () => {
    for (const location of [
      "ftp://h/",
      "javascript:1",
      "data:,x",
      "mailto:a@b",
      "http:",
      "https:///x",
      "//",
      "//user@h/",
      "//h x/",
      "http://h\xe9/",
      "/\r\nX: y",
      "/a\tb",
      "/\x7f",
      "/\u20ac",
    ]) {
      assert.equal(resolved(location), undefined, location);
    }
  });

  it("refuses a location that makes the URL too long", () => {
    assert.equal(resolved(`/${"x".repeat(4096)}`), undefined);
    assert.equal(resolved(`/${" ".repeat(1400)}`), undefined, "percent-encoded");
  });
});

describe("redactUrl", () => {
  it("shows host and path, never the query or the fragment", () => {
    assert.equal(redactUrl("https://host:8443/dir/file.bin?sign=secret#x"), "https://host:8443/dir/file.bin?…");
    assert.equal(redactUrl("https://host?sign=secret"), "https://host?…");
    assert.equal(redactUrl("http://host/a#secret"), "http://host/a?…");
    assert.equal(redactUrl("http://host/a"), "http://host/a");
  });
});

it("a location without a scheme keeps the one it came by", () => {
  for (const secure of [true, false]) {
    const base = parseUrl(`http${secure ? "s" : ""}://h/a/b?c`) as HttpUrl;
    for (const location of ["//g/x", "/x", "x", "?x"]) {
      assert.equal(resolveLocation(base, location)?.secure, secure, location);
    }
  }
});
