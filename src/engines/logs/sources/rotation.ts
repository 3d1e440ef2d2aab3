/**
 * The order of rotated logs, told by their names: logrotate's numbers
 * (`eve.json.2.gz`, `eve.json.1`, `eve.json`), dates anywhere in the name
 * (`eve-2024-01-02.json`, `eve.json-20240102`, epoch seconds), and Zeek's dated
 * folders (`2024-01-02/conn.00:00:00-01:00:00.log.gz`).
 */
export interface Rotation {
  /** Equal for files that are parts of one log. */
  readonly log: string;
  /** Orders the parts of a log, oldest first, when compared with `compareParts`. */
  readonly part: Part;
}

/** A part's place: dated ones by date, then numbered ones from the highest, then the current. */
export interface Part {
  /** Digits of the date and time in the name, `20240102130000`; empty if there is none. */
  readonly date: string;
  /** Logrotate's number; 0 for the current file. */
  readonly number: number;
}

const PACKED = /\.(gz|zst|zstd)$/;
const NUMBER = /\.(\d{1,6})$/;
const DATE = /(?:19|20)\d\d-?(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01])/;
/** A date with an optional time, or ten digits of epoch seconds, and what joins it to the name. */
const DATE_TIME = new RegExp(
  `[-_.]?(${DATE.source}(?:[-_T.]?\\d\\d[:-]?\\d\\d(?:[:-]?\\d\\d)?)?)(?:-\\d\\d:\\d\\d:\\d\\d(?:[-+]\\d{4})?)?(?!\\d)|[-_.](1\\d{9})(?!\\d)`,
);
/** Zeek's span of an archived log: `.00:00:00-01:00:00`. */
const SPAN = /\.(\d\d:\d\d:\d\d)-\d\d:\d\d:\d\d/;

/** Reads the rotation out of a path. */
export function rotationOf(path: string): Rotation {
  const slash = path.lastIndexOf("/");
  let folder = path.slice(0, slash + 1);
  let name = path.slice(slash + 1).replace(PACKED, "");
  let date = "";
  const span = SPAN.exec(name);
  if (span !== null) {
    const day = new RegExp(`/(${DATE.source})/$`).exec(`/${folder}`);
    date = digits(day?.[1] ?? "") + digits(span[1]!);
    name = name.replace(SPAN, "");
    if (day !== null) folder = folder.slice(0, -day[1]!.length - 1);
  }
  const number = NUMBER.exec(name);
  if (number !== null) name = name.slice(0, number.index);
  const stamp = span === null ? DATE_TIME.exec(name) : null;
  if (stamp !== null) {
    date = stamp[1] === undefined ? epochDigits(Number(stamp[2])) : digits(stamp[1]);
    name = name.slice(0, stamp.index) + name.slice(stamp.index + stamp[0].length);
  }
  return { log: folder + name, part: { date, number: Number(number?.[1] ?? 0) } };
}

/** Orders parts of one log from old to new. */
export function compareParts(a: Part, b: Part): number {
  if (a.date !== b.date) {
    if (a.date === "") return 1;
    if (b.date === "") return -1;
    return a.date < b.date ? -1 : 1;
  }
  return b.number - a.number;
}

function digits(text: string): string {
  return text.replace(/\D/g, "");
}

function epochDigits(seconds: number): string {
  return digits(new Date(seconds * 1000).toISOString().slice(0, 19));
}
