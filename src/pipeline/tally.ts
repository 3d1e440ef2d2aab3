/** Many events of one indicator as one: counted by windows of event time. */
import type { Match } from "../engines/engine.ts";
import { iocOf } from "../formats/match.ts";
import { eventTime } from "../stix/event_time.ts";
import type { SightingSource, SightingWindow } from "../stix/sighting.ts";
import { formatTimestamp, millisToInstant } from "../stix/timestamp.ts";

/** What was seen of one indicator in one window. Times of events in microseconds since the epoch. */
export interface Tally {
  readonly indicatorId: string;
  /** Beginning and length of the window, ms; windows are aligned to the epoch. */
  readonly start: number;
  readonly length: number;
  readonly count: number;
  readonly first: number;
  readonly last: number;
  /** The first that came. */
  readonly match: Match;
}

/** Counts matches; holds one of each indicator and window. */
export interface Tallying {
  /** Tallies that wait to be taken. */
  readonly size: number;
  add(match: Match): void;
  /** What was counted since the last call. */
  take(): Tally[];
}

/** Times beyond (the year 2200) are a broken clock's, and would not be exact as a number. */
const LAST_TIME = 7_258_118_400_000_000;
/** STIX 2.1 §5.2: a sighting's count ends here. */
const HIGHEST_COUNT = 999_999_999;

/** Makes a tallying; `length` is the windows', ms. Events without a time count as of now. */
export function createTallying(length: number, now: () => number = Date.now): Tallying {
  let tallies = new Map<string, Tally>();
  return {
    get size() {
      return tallies.size;
    },
    add(match) {
      const time = timeOf(match, now);
      const start = Math.floor(time / 1000 / length) * length;
      const key = `${match.indicator.id} ${start}`;
      const known = tallies.get(key);
      tallies.set(
        key,
        known === undefined
          ? {
            indicatorId: match.indicator.id,
            start,
            length,
            count: 1,
            first: time,
            last: time,
            match,
          }
          : {
            ...known,
            count: known.count + 1,
            first: Math.min(known.first, time),
            last: Math.max(known.last, time),
          },
      );
    },
    take() {
      const taken = [...tallies.values()];
      tallies = new Map();
      return taken;
    },
  };
}

/** What of a match its sighting needs, besides the event. */
interface About {
  readonly type: Match["type"];
  readonly ioc: string;
  readonly value?: string;
  readonly stix: Match["indicator"]["stix"];
}

/** A tally's match as text, to be kept on disk; its event is kept beside. */
export function aboutOf(match: Match): string {
  const about: About = {
    type: match.type,
    ioc: iocOf(match),
    ...(match.observable === undefined ? {} : { value: match.observable.value }),
    stix: match.indicator.stix,
  };
  return JSON.stringify(about);
}

/** The match of a tally that was kept: as much of it as a sighting tells. */
export function sightedMatch(about: string, indicatorId: string, event: Uint8Array): SightedMatch {
  const { type, ioc, value, stix } = JSON.parse(about) as About;
  return {
    type,
    ioc,
    indicator: { id: indicatorId, stix },
    ...(value === undefined ? {} : { observable: { value } }),
    event: { bytes: event },
  };
}

/** What a sighting is made of, and the name of its IoC. */
export interface SightedMatch extends SightingSource {
  readonly ioc: string;
}

/** A tally with as much of its match as a sighting tells. */
export interface Sighted extends Omit<Tally, "match"> {
  readonly match: SightedMatch;
}

function timeOf({ event }: Match, now: () => number): number {
  const instant = eventTime(event.value);
  const time = instant && instant.seconds * 1e6 + instant.micros;
  return time === undefined || Math.abs(time) > LAST_TIME ? Math.floor(now()) * 1000 : time;
}

/** The same as a sighting tells it. */
export function sightingWindow(
  tally: Omit<Tally, "match" | "indicatorId">,
  told?: SightingWindow["told"],
): SightingWindow {
  const stamp = (micros: number) => formatTimestamp(millisToInstant(micros / 1000), 0);
  return {
    name: `${new Date(tally.start).toISOString()}/${tally.length}`,
    count: Math.min(tally.count, HIGHEST_COUNT),
    firstSeen: stamp(tally.first),
    lastSeen: stamp(tally.last),
    ...(told === undefined ? {} : { told }),
  };
}
