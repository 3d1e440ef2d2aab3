/**
 * Builds the scan kernel: `deno task build:kernel`. Compiles the AssemblyScript of
 * the scanner and writes the result, as text, to `kernel_wasm.ts` beside it: so it goes
 * wherever the code goes, through bundlers and into the compiled binary, without
 * a file to be found at run time.
 */
import asc from "assemblyscript/asc";

const SCAN = `${import.meta.dirname}/../engines/logs/scan`;

/** Compiles the kernel; rejects with the compiler's messages. */
export async function buildKernel(): Promise<Uint8Array> {
  const output = new Map<string, Uint8Array>();
  const { error, stderr } = await asc.main([
    "kernel.ts",
    "--outFile=kernel.wasm",
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
      Deno.readTextFile(`${SCAN}/assembly/${name}`).catch(() => null),
    writeFile: (name: string, contents: string | Uint8Array) => {
      output.set(
        name,
        typeof contents === "string" ? new TextEncoder().encode(contents) : contents,
      );
    },
    listFiles: () => [],
  });
  const wasm = output.get("kernel.wasm");
  if (error !== null || wasm === undefined) throw new Error(`${error}\n${stderr}`);
  return wasm;
}

/** The module that carries the kernel. */
export function embedKernel(wasm: Uint8Array): string {
  const text = btoa(String.fromCharCode(...wasm)).replace(/.{1,100}/g, "  $&\n");
  return "// deno-fmt-ignore-file\n// Made by `deno task build:kernel` from `assembly/`; do not edit.\n\n" +
    "/** The scan kernel, WebAssembly in base64. */\nexport const KERNEL_WASM = `\n" + text +
    "`;\n";
}

if (import.meta.main) {
  await Deno.writeTextFile(`${SCAN}/kernel_wasm.ts`, embedKernel(await buildKernel()));
}
