import assert from "node:assert/strict";
import { type EndpointForm, parseEndpoint } from "../../src/config/endpoint.ts";

Deno.test("parseEndpoint() takes host and port apart", () => {
  const cases: [string, EndpointForm, string | undefined, number | undefined][] = [
    ["localhost:13370", "host:port", "localhost", 13370],
    ["tcp://bus.example:1", "host:port", "bus.example", 1],
    ["[::1]:13370", "host:port", "::1", 13370],
    ["[fe80::1%eth0]:1", "host:port", "fe80::1%eth0", 1],
    [":9464", "[host]:port", undefined, 9464],
    ["node", "[host][:port]", "node", undefined],
    [":42000", "[host][:port]", undefined, 42000],
  ];
  for (const [text, form, host, port] of cases) {
    assert.deepEqual(parseEndpoint(text, form), { host, port }, text);
  }
});

Deno.test("parseEndpoint() says what is wrong", () => {
  const cases: [string, EndpointForm, RegExp][] = [
    ["nohost", "host:port", /the port is missing/],
    [":13370", "host:port", /the host is missing/],
    ["localhost:99999999", "[host][:port]", /ports end at 65535/],
    ["localhost:http", "host:port", /no host and port/],
    ["::1", "host:port", /no host and port/],
    ["a b:1", "host:port", /no host and port/],
    ["", "[host][:port]", /the host is missing/],
    ["node", "[host]:port", /the port is missing/],
  ];
  for (const [text, form, message] of cases) {
    assert.throws(() => parseEndpoint(text, form), { name: "ConfigError", message }, text);
  }
});
