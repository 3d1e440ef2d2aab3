/** Which file it is whatever it is called: `device:inode`. */
export function identityOf({ dev, ino }: Deno.FileInfo, path: string): string {
  return `${dev}:${ino ?? path}`;
}
