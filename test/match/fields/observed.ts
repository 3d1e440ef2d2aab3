import type { JsonObject } from "../../../src/json.ts";
import {
  type ObservedData,
  observedObjects,
  observedTime,
} from "../../../src/match/fields/observed_data.ts";

/** What a log line observed, as patterns are evaluated on it. */
export function observedData(event: JsonObject): ObservedData {
  const time = observedTime(event);
  const [first, timed] = [time ?? 0, time !== undefined];
  return { objects: observedObjects(event), first, last: first, timed };
}
