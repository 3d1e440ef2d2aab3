/** Undoing what people do to indicators so that nobody clicks on them. */

/** Soft hyphen, zero-width spaces and joiners, word joiner, byte order mark, direction marks. */
const INVISIBLE = /\u00ad|[\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]/g;

/** What stands for a dot, each as it is seen in reports. */
const DOT = /\\\.|\s*[[({<]\s*(?:\.|dot)\s*[\])}>]\s*|\[\.|\.\]|\s+dot\s+/gi;
const AT = /\\@|\s*[[({<]\s*(?:@|at)\s*[\])}>]\s*|\s+at\s+/gi;
const COLON_SLASHES = /[[({](?::\/\/|:\\\\)[\])}]/g;
const COLON = /\\:|[[({]:[\])}]/g;
const SLASH = /[[({]\/[\])}]/g;

/** Schemes with letters blotted out: `hxxp`, `h**p`, `hXXps`, `fxp`. */
const HTTP = /^(?:h[tx*]{2}p|h__p)(s?)(?=:)/i;
const FTP = /^f[tx*]p(?=:)/i;

/** The text as it was before it was defanged, without space and quotes around it. */
export function refang(text: string): string {
  let plain = text.replace(INVISIBLE, "").trim();
  plain = unquote(plain);
  // Nearly all values are not defanged; what follows costs ten passes.
  if (!/[[({<\\\s]|^[hf][^:]{2,4}:[/\\]/i.test(plain)) return plain;
  plain = plain.replace(COLON_SLASHES, "://").replace(COLON, ":").replace(SLASH, "/")
    .replace(DOT, ".").replace(AT, "@");
  return plain.replace(HTTP, "http$1").replace(FTP, "ftp").replace(/^([a-z]+):\\\\/i, "$1://");
}

/** Takes away one pair of quotes or angle brackets around the whole. */
function unquote(text: string): string {
  const pair = text.length > 2 ? `${text[0]}${text.at(-1)}` : "";
  return ['""', "''", "``", "<>"].includes(pair) ? text.slice(1, -1).trim() : text;
}
