import assert from "node:assert/strict";
import { bridgeCommand } from "./bridge.ts";

/**
 * Runs a hunt on a terminal of its own: feeds it until it shows its progress, then a hit, and
 * prints what the terminal got as JSON.
 */
const ON_A_TERMINAL = `
import json, os, pty, select, subprocess, sys
terminal, other = pty.openpty()
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=other, stderr=other, bufsize=0)
os.close(other)
shown = b""
def read(patience):
    global shown
    if select.select([terminal], [], [], patience)[0]:
        shown += os.read(terminal, 65536)
while b"/s" not in shown and child.poll() is None:
    child.stdin.write(b'{"query":"other.example"}\\n' * 1000)
    read(0.05)
child.stdin.write(b'{"query":"evil.example"}\\n')
child.stdin.close()
try:
    while True:
        read(None)
except OSError:
    pass
child.wait()
print(json.dumps({"code": child.returncode, "shown": shown.decode()}))
`;

Deno.test({
  name: "bridge retro writes hits on lines of their own on a terminal that shows its progress",
  ignore: Deno.build.os === "windows",
  async fn() {
    const { command, args } = bridgeCommand(["retro", "--ioc", "evil.example", "--logs", "-"]);
    const { stdout } = await new Deno.Command("python3", {
      args: ["-c", ON_A_TERMINAL, command, ...args],
      env: { TERM: "xterm" },
    }).output();
    const { code, shown } = JSON.parse(new TextDecoder().decode(stdout));
    assert.equal(code, 0, shown);
    assert.match(shown, /B, .*B\/s, 0 hits/);
    // deno-lint-ignore no-control-regex
    assert.match(shown, /(^|\n|\r\x1b\[K)\{"query":"evil\.example"\}\r\n/);
  },
});
