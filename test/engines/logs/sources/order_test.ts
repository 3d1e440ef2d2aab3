import assert from "node:assert/strict";
import fc from "fast-check";
import { orderByTime } from "../../../../src/engines/logs/sources/order.ts";
import { rotationOf } from "../../../../src/engines/logs/sources/rotation.ts";

/** Each list is one log, oldest part first. */
const LOGS = [
  ["/l/eve.json.10.gz", "/l/eve.json.9.gz", "/l/eve.json.2.gz", "/l/eve.json.1", "/l/eve.json"],
  [
    "/l/dns-2023-12-31.json.zst",
    "/l/dns-2024-01-02.json.gz",
    "/l/dns-2024-01-03.json",
    "/l/dns.json",
  ],
  ["/l/tls.json-20231231.gz", "/l/tls.json-20240102", "/l/tls.json"],
  ["/l/fw-1700000000.json", "/l/fw-1712010512.json", "/l/fw.json"],
  ["/l/h-2024-01-02-13:00.json", "/l/h-2024-01-02-14:00.json", "/l/h-2024-01-03-01:00.json"],
  [
    "/z/2024-01-01/conn.23:00:00-00:00:00.log.gz",
    "/z/2024-01-02/conn.00:00:00-01:00:00.log.gz",
    "/z/2024-01-02/conn.13:00:00-14:00:00.log.gz",
    "/z/conn.log",
  ],
  ["/k/dns.2024-05-13-22-00-00.log.gz", "/k/dns.2024-05-13-23-00-00.log.gz", "/k/dns.log"],
  [
    "/c/ssl_20240101_00:00:00-01:00:00-0500.log.gz",
    "/c/ssl_20240101_01:00:00-02:00:00-0500.log.gz",
  ],
];

Deno.test("rotationOf() knows the parts of a log, and logs apart", () => {
  const names = LOGS.map((parts) => new Set(parts.map((path) => rotationOf(path).log)));
  for (const [i, found] of names.entries()) assert.equal(found.size, 1, LOGS[i]!.join(" "));
  assert.equal(new Set(names.flatMap((found) => [...found])).size, LOGS.length);
});

Deno.test("orderByTime() orders rotated logs by their names, however they are met", () => {
  for (const log of LOGS) {
    fc.assert(fc.property(fc.shuffledSubarray(log, { minLength: log.length }), (paths) => {
      const files = paths.map((path) => ({ path, firstTime: undefined }));
      assert.deepEqual(orderByTime(files).map((file) => file.path), log);
    }));
  }
});

Deno.test("orderByTime() merges logs by the time of their first event", () => {
  const file = (path: string, firstTime?: number) => ({ path, firstTime });
  const files = [
    file("/l/x.json"),
    file("/l/eve.json", 30),
    file("/l/eve.json.1", 10),
    file("/l/dns.json", 20),
  ];
  assert.deepEqual(orderByTime(files).map((file) => file.path), [
    "/l/eve.json.1",
    "/l/dns.json",
    "/l/eve.json",
    "/l/x.json",
  ]);
});
