import assert from "node:assert/strict";
import { UsageError } from "../../../src/errors.ts";
import { checkBind, isLoopback } from "../../../src/threatbus/bus/bind.ts";

Deno.test("isLoopback() knows the addresses that only this machine reaches", () => {
  for (const host of ["127.0.0.1", "127.1.2.3", "localhost", "LOCALHOST", "::1", "[::1]"]) {
    assert.ok(isLoopback(host), host);
  }
  const open = ["0.0.0.0", "*", "::", "10.0.0.1", "127.0.0.1.example.com", "1127.0.0.1", ""];
  for (const host of open) assert.ok(!isLoopback(host), host);
});

Deno.test("checkBind() refuses an open address unless it is secured or insisted on", () => {
  checkBind("127.0.0.1", false, false);
  checkBind("0.0.0.0", true, false);
  checkBind("0.0.0.0", false, true);
  assert.throws(() => checkBind("0.0.0.0", false, false), UsageError);
});
