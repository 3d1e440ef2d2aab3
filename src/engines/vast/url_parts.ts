import type { Unit } from "./units.ts";

/** A URL in its parts, as logs hold them. */
export interface UrlParts {
  /** As it is spelled. */
  readonly whole: readonly string[];
  /** With the other scheme of the web: logs of HTTP seldom tell which it was. */
  readonly other: readonly string[];
  readonly hosts: readonly string[];
  readonly path: string;
}

/** Paths so short that many hosts have them. */
const COMMON_PATH = 16;

const OTHER_SCHEME: Readonly<Record<string, string>> = {
  "": "https://",
  "http://": "https://",
  "https://": "http://",
};

/** Takes the value of a URL apart. */
export function partsOf({ value, spellings }: Unit): UrlParts {
  const [, scheme = "", authority = "", path = "/"] =
    /^([a-z][a-z0-9+.-]*:\/\/)?([^/?#]*)(.*)$/s.exec(value) ?? [];
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  const rest = `${authority}${path}`;
  const other = OTHER_SCHEME[scheme];
  return {
    whole: [(scheme || "http://") + rest, ...spellings],
    other: other === undefined ? [] : [other + rest],
    hosts: [host, host.replace(/:\d+$/, "")],
    path,
  };
}

const isCommon = ({ path }: UrlParts) => path.length <= COMMON_PATH && !path.includes("?");

/** The paths that few hosts have. */
export function specialPaths(urls: readonly UrlParts[]): string[] {
  return urls.filter((parts) => !isCommon(parts)).map(({ path }) => path);
}

/** The hosts whose paths many others have, too. */
export function commonHosts(urls: readonly UrlParts[]): string[] {
  return urls.filter(isCommon).flatMap(({ hosts }) => hosts);
}
