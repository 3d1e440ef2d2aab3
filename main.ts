import { runCli } from "./src/cli/cli.ts";
import { endWithTwo } from "./src/cli/last_resort.ts";

// Not awaited at the top level: chunks that import from this one would wait for each other.
if (import.meta.main) {
  endWithTwo();
  runCli(Deno.args).then((code) => Deno.exit(code));
}
