/**
 * Ends a child together with this process, however that ends but by a signal that it can't hear
 * (`Deno.exit` raises `unload`): one that ignores its standard input would go on without us.
 */
export function endWithUs(child: Deno.ChildProcess): void {
  const end = () => {
    try {
      child.kill("SIGKILL");
    } catch { /* it has ended */ }
  };
  globalThis.addEventListener("unload", end);
  child.status.finally(() => globalThis.removeEventListener("unload", end));
}
