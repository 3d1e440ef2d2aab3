/**
 * The indicators of a run over restarts: a row each, its number the handle in the set, and what of
 * the past was searched for them.
 */
import type { Extents } from "../../engines/engine.ts";
import type { Documents } from "../../intel/documents.ts";
import type { OwnIndicatorSet } from "../../intel/own_indicator_set.ts";
import { endAt, type PackedVersions, placeAt } from "../../intel/packed_versions.ts";
import { textOf } from "../../intel/version.ts";
import type { Handle } from "../../match/set.ts";
import type { State } from "../../state/state.ts";
import { openGenerations } from "./generations.ts";
import { createHunted, HUNT, isSearched } from "./hunted.ts";
import { createWaiting } from "./indicator_changes.ts";
import { prepareIndicators } from "./indicator_forms.ts";
import { createWriter, extentOf, versionsOf } from "./indicator_table.ts";
import type { SearchedBefore } from "./retro_loop.ts";

/** What was searched for an indicator. */
export interface Past {
  /** The past was searched for it. */
  readonly hunted: boolean;
  /** An earlier process should have searched the past for it, and did not come to it. */
  readonly left: boolean;
  /** What of the logs was searched, if live matching does not see to the rest. */
  readonly before: SearchedBefore | undefined;
}

/** The same with the indicator that it is about. */
export interface HeldPast extends Past {
  readonly handle: Handle;
}

/** An indicator that was hunted for. */
export interface HuntedVersion {
  readonly handle: Handle;
  /** The store's when the indicator had this pattern. */
  readonly revision: number;
}

/** Indicators over restarts, with what is still to be hunted for in the past. */
export interface IndicatorStore {
  /** Keeps the objects of the one set whose store this is; what the set is given waits for `flush`. */
  readonly documents: Documents;
  /** Counts what the set was given: a later version of an indicator has a larger one. */
  readonly revision: number;
  /**
   * Puts all that was held into the set, which is empty, and has to be done first of all; returns
   * how many are looked for.
   */
  restore(set: OwnIndicatorSet): number;
  /**
   * Makes safe what the set was given so far. New versions count as not yet hunted for, unless
   * they look for the same as the one before.
   */
  flush(): Promise<void>;
  /** What is on disk; read in pages. Without those to which live matching sees, if they aren't asked for. */
  held(followed: boolean): Iterable<readonly HeldPast[]>;
  /** The same of one. */
  heldAs(handle: Handle): Past;
  /**
   * The past has been searched for these indicators: so much of each log, or all up to
   * where live matching goes on. Those that got another pattern since are still to be hunted for.
   */
  done(indicators: readonly HuntedVersion[], searched?: Extents): Promise<void>;
  /** They were not looked for during some time: their past is to be searched again. */
  reopen(handles: readonly Handle[]): Promise<void>;
  /** Nobody follows logs from now on: where they were followed to is what was searched. */
  followedNoMore(): Promise<void>;
  /** Logs were followed up to somewhere by an earlier process. */
  readonly wasFollowing: boolean;
  /** When a bridge with this state last took part in the stream, ms since the epoch. */
  readonly lastAlive: number | undefined;
  /** Notes that it takes part now. */
  alive(now: number): Promise<void>;
}

/** Indicators that are told of at once. */
const PAGE = 2000;

/** Opens the indicators of a state. */
export function openIndicatorStore({ db, commit }: State): IndicatorStore {
  prepareIndicators(db);
  const stixOf = db.prepare("SELECT stix FROM indicators WHERE handle = ?");
  const fact = db.prepare("SELECT value FROM facts WHERE name = ?");
  const setFact = db.prepare("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)");
  const dropFact = db.prepare("DELETE FROM facts WHERE name = ?");
  const factOf = (name: string) => fact.get(name)?.["value"];
  const lastAlive = factOf("alive");
  const wasFollowing = factOf("positions") !== undefined;
  const hunted = createHunted(db);
  const generations = openGenerations(db, hunted);
  const write = createWriter(db);
  const waiting = createWaiting((changes) => {
    const edit = hunted.edit();
    return commit(() => {
      write(changes);
      for (const [handle, { version, continues }] of changes) {
        if (version === undefined) edit.set(handle, HUNT.none);
        else if (!continues) edit.set(handle, HUNT.open);
      }
      edit.write();
    });
  });

  const pastOf = (hunted: number): Past => ({
    hunted: isSearched(hunted),
    left: hunted === HUNT.left,
    before: isSearched(hunted) && hunted >= HUNT.generations ? generations.get(hunted) : undefined,
  });

  /** Whether what is on disk has the pattern that was hunted for. */
  function isStill(handle: Handle, revision: number): boolean {
    return hunted.get(handle) !== HUNT.none && waiting.isSame(handle, revision) &&
      waiting.get(handle)?.continues !== false;
  }

  function* heldVersions(): Iterable<PackedVersions> {
    for (const versions of versionsOf(db)) {
      const { bytes, first } = versions;
      for (let at = 0; at < bytes.length; at = endAt(bytes, at)) {
        hunted.hold(first + placeAt(bytes, at));
      }
      yield versions;
    }
  }

  return {
    documents: {
      put: waiting.put,
      delete: (handle) => waiting.put(handle, undefined),
      // Revoked and filtered ones stay: without them a restart would bring earlier versions back.
      release() {},
      get(handle) {
        const change = waiting.get(handle);
        if (change !== undefined) return change.version && textOf(change.version.json);
        return stixOf.get(handle)?.["stix"] as string | undefined;
      },
    },
    get revision() {
      return waiting.revision;
    },
    restore(set) {
      const { handles, bytes } = extentOf(db);
      return set.restore(heldVersions(), handles, bytes);
    },
    flush: waiting.flush,
    *held(followed) {
      const { length } = hunted;
      const without = followed ? HUNT.open : HUNT.followed;
      let page: HeldPast[] = [];
      for (let handle = 0; handle < length; handle++) {
        const searched = hunted.get(handle);
        if (searched === HUNT.none || searched === without) continue;
        if (page.push({ handle, ...pastOf(searched) }) < PAGE) continue;
        yield page;
        page = [];
      }
      yield page;
    },
    heldAs(handle) {
      // What was searched for the version on disk is not what this one looks for.
      return pastOf(waiting.isOther(handle) ? HUNT.open : hunted.get(handle));
    },
    async done(indicators, searched) {
      const edit = hunted.edit();
      await commit(() => {
        const now = searched === undefined ? HUNT.followed : generations.add(searched);
        for (const { handle, revision } of indicators) {
          if (isStill(handle, revision)) edit.set(handle, now);
        }
        generations.tidy(edit);
        edit.write();
      });
    },
    async reopen(handles) {
      const edit = hunted.edit();
      await commit(() => {
        for (const handle of handles) {
          if (hunted.get(handle) !== HUNT.none) edit.set(handle, HUNT.open);
        }
        edit.write();
      });
    },
    async followedNoMore() {
      const edit = hunted.edit();
      await commit(() => {
        const positions = factOf("positions");
        if (positions === undefined) return;
        const generation = generations.add(JSON.parse(positions as string));
        edit.replace(new Map([[HUNT.followed, generation]]));
        edit.write();
        dropFact.run("positions");
      });
    },
    wasFollowing,
    lastAlive: lastAlive === undefined ? undefined : Number(lastAlive),
    async alive(now) {
      await commit(() => setFact.run("alive", now));
    },
  };
}
