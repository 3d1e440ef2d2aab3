/** Where Suricata and Zeek write their logs unless told otherwise, by package and platform. */
export const DEFAULT_FOLDERS: readonly string[] = [
  "/var/log/suricata",
  "/usr/local/var/log/suricata",
  "/opt/zeek/logs",
  "/opt/zeek/spool/zeek",
  "/usr/local/zeek/logs",
  "/usr/local/zeek/spool/zeek",
  "/var/log/zeek",
  "/opt/bro/logs",
  "/usr/local/bro/logs",
  "/var/log/bro",
  "/nsm/zeek/logs",
  "/nsm/zeek/spool/logger",
  "/nsm/suricata",
  "/nsm/bro/logs",
];

/** Those of the default folders that exist here. */
export async function existingDefaultFolders(
  folders: readonly string[] = DEFAULT_FOLDERS,
): Promise<string[]> {
  const found: string[] = [];
  for (const folder of folders) {
    const info = await Deno.stat(folder).catch(() => undefined);
    if (info?.isDirectory) found.push(folder);
  }
  return found;
}
