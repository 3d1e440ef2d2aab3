import assert from "node:assert/strict";
import { findProgram, locateCommand, parseCommand } from "../src/command.ts";

Deno.test("locateCommand() finds the program, also where PATH is not set", () => {
  const command = parseCommand("sh -c %ioc", "sink");
  for (const path of [undefined, "/nowhere:/usr/bin:/bin"]) {
    const located = locateCommand(command, path);
    assert.match(located!.path!, /^(\/usr)?\/bin\/sh$/);
    assert.equal(located!.program, "sh");
  }
  assert.equal(locateCommand(command, "/nowhere"), undefined);
  assert.equal(findProgram("/etc/passwd", undefined), undefined, "not executable");
});
