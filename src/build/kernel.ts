/**
 * Builds what is WebAssembly: `deno task build:kernel`. Compiles the AssemblyScript of
 * the scanner and of the readers of plain lists and of indicators and writes the results, as text, to
 * files beside them: so they go wherever the code goes, through bundlers and into the
 * compiled binary, without a file to be found at run time.
 */
import asc from "assemblyscript/asc";

/** One piece of WebAssembly. */
export interface WasmPart {
  /** Folder with the sources, and the file in it that exports. */
  readonly source: string;
  readonly entry: string;
  /** The module that carries the result, its constant and what it is. */
  readonly output: string;
  readonly name: string;
  readonly summary: string;
}

const SRC = `${import.meta.dirname}/..`;

/** All there are. */
export const WASM_PARTS: readonly WasmPart[] = [
  {
    source: `${SRC}/engines/logs/scan/assembly`,
    entry: "kernel",
    output: `${SRC}/engines/logs/scan/kernel_wasm.ts`,
    name: "KERNEL_WASM",
    summary: "The scan kernel",
  },
  {
    source: `${SRC}/intel/readers/assembly`,
    entry: "plain",
    output: `${SRC}/intel/readers/plain_wasm.ts`,
    name: "PLAIN_WASM",
    summary: "The reader of plain lists",
  },
  {
    source: `${SRC}/intel/assembly`,
    entry: "indicator",
    output: `${SRC}/intel/indicator_wasm.ts`,
    name: "INDICATOR_WASM",
    summary: "The reader of indicators as they come",
  },
];

/** Compiles a part; rejects with the compiler's messages. */
export async function buildWasm({ source, entry }: WasmPart): Promise<Uint8Array> {
  const output = new Map<string, Uint8Array>();
  const { error, stderr } = await asc.main([
    `${entry}.ts`,
    "--outFile=part.wasm",
    "--runtime=stub",
    "--enable=simd",
    "--importMemory",
    "--memoryBase=1024",
    "--noAssert",
    "--use=abort=",
    "--disableWarning=112",
    "-O3",
    "--converge",
  ], {
    readFile: (name: string, _base: string) =>
      Deno.readTextFile(`${source}/${name}`).catch(() => null),
    writeFile: (name: string, contents: string | Uint8Array) => {
      output.set(
        name,
        typeof contents === "string" ? new TextEncoder().encode(contents) : contents,
      );
    },
    listFiles: () => [],
  });
  const wasm = output.get("part.wasm");
  if (error !== null || wasm === undefined) throw new Error(`${error}\n${stderr}`);
  return wasm;
}

/** The module that carries a part. */
export function embedWasm({ name, summary }: WasmPart, wasm: Uint8Array): string {
  const text = btoa(String.fromCharCode(...wasm)).replace(/.{1,100}/g, "  $&\n");
  return "// deno-fmt-ignore-file\n// Made by `deno task build:kernel` from `assembly/`; do not edit.\n\n" +
    `/** ${summary}, WebAssembly in base64. */\nexport const ${name} = \`\n${text}\`;\n`;
}

if (import.meta.main) {
  for (const part of WASM_PARTS) {
    await Deno.writeTextFile(part.output, embedWasm(part, await buildWasm(part)));
  }
}
