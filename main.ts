import { runCli } from "./src/cli/cli.ts";

// Not awaited at the top level: chunks that import from this one would wait for each other.
if (import.meta.main) runCli(Deno.args).then((code) => Deno.exit(code));
