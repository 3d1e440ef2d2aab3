/**
 * Says at little cost that no pattern of a set can matter for an event: of the
 * event only those fields are read that the set's look-ups ask for.
 */
import type { JsonObject } from "../json.ts";
import { createKeyIndex, type PathLookUp } from "../stix/eval/keys.ts";
import type { TestOptions } from "../stix/eval/test.ts";
import {
  type Comparison,
  type ObjectPath,
  type ObservationExpression,
  observations,
} from "../stix/pattern/mod.ts";
import { type Read, readersOf, watchesOf } from "./fields/direct.ts";
import { compileGlance, type Glance } from "./fields/glance.ts";
import { type Group, groupsFor, type Sections, sectionsOf } from "./fields/groups.ts";
import { observedObjects, type Projection, projectTable } from "./fields/observed_data.ts";
import type { Handle } from "./set.ts";

/** Patterns that may matter for any event. */
export interface PatternGate {
  add(handle: Handle, pattern: ObservationExpression): void;
  remove(handle: Handle): void;
  /** Whether an event may fulfil a `[…]` of any pattern: false only if it fulfils none. */
  admits(event: JsonObject): boolean;
  /** The same of an event as a line of JSON that is not parsed; true where that does not tell. */
  readonly glance: Glance;
  /** The patterns of which it may. */
  handles(event: JsonObject): ReadonlySet<Handle>;
}

/** The looks that tell whether an event is admitted. */
interface Looks {
  readonly checks: ReadonlyMap<Group, readonly Check[]>;
  readonly sections: Sections;
  /** The objects that other paths ask for. */
  readonly rest: Projection | undefined;
}

interface Check extends PathLookUp<Handle> {
  readonly read: Read;
}

export function createPatternGate(options: TestOptions): PatternGate {
  const index = createKeyIndex<Handle>(options);
  const comparisons = new Map<Handle, readonly Comparison[]>();
  /** Made anew after each change. */
  let looks: Looks | undefined;
  let glance: Glance | undefined;

  function prepareGlance(): Glance {
    const watches = index.lookUps().map(({ path, isMet }) => watchesOf(path, isMet));
    if (index.openTypes().length > 0 || watches.includes(undefined)) return () => true;
    return compileGlance(watches.flatMap((own) => own!));
  }

  function prepare(): Looks {
    const checks = new Map<Group, Check[]>();
    const rest: ObjectPath[] = index.openTypes().map((objectType) => ({
      objectType,
      steps: [{ type: "key", name: "type" }],
    }));
    for (const lookUp of index.lookUps()) {
      const readers = readersOf(lookUp.path);
      if (readers === undefined) rest.push(lookUp.path);
      for (const [group, read] of readers ?? []) {
        const check = { ...lookUp, read };
        const own = checks.get(group);
        if (own === undefined) checks.set(group, [check]);
        else own.push(check);
      }
    }
    const sections = sectionsOf(checks);
    return { checks, sections, rest: rest.length === 0 ? undefined : projectTable(rest) };
  }

  function isMetIn(event: JsonObject, { checks, sections }: Looks): boolean {
    let met = false;
    for (const group of groupsFor(event, sections)) {
      for (const { read, isMet } of checks.get(group) ?? []) {
        read(event, (value) => met ||= isMet(value));
        if (met) return true;
      }
    }
    return false;
  }

  return {
    add(handle, pattern) {
      const parts = observations(pattern);
      comparisons.set(handle, parts);
      for (const part of parts) index.add(part, handle);
      looks = glance = undefined;
    },
    remove(handle) {
      for (const part of comparisons.get(handle) ?? []) index.remove(part, handle);
      if (comparisons.delete(handle)) looks = glance = undefined;
    },
    admits(event) {
      if (comparisons.size === 0) return false;
      looks ??= prepare();
      if (isMetIn(event, looks)) return true;
      return looks.rest !== undefined &&
        index.candidates(observedObjects(event, looks.rest)).size > 0;
    },
    glance: (block, from, to) => (glance ??= prepareGlance())(block, from, to),
    handles(event) {
      const { checks, sections, rest } = looks ??= prepare();
      const found = rest === undefined
        ? new Set<Handle>()
        : index.candidates(observedObjects(event, rest));
      for (const group of groupsFor(event, sections)) {
        for (const { read, collect } of checks.get(group) ?? []) {
          read(event, (value) => collect(value, found));
        }
      }
      return found;
    },
  };
}
