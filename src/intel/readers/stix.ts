/** STIX 2.1 and 2.0: bundles, TAXII envelopes, single objects. */
import { isJsonObject, type JsonObject } from "../../json.ts";
import type { Intake, Spot } from "./intake.ts";

/** Takes a STIX object or what holds some; false if the object is nothing of STIX. */
export function readStix(
  object: JsonObject,
  at: (key: string) => Spot,
  intake: Intake,
): boolean {
  const { objects, type } = object;
  // A bundle, or a TAXII 2.1 envelope, which has no type.
  if (Array.isArray(objects) && (type === "bundle" || type === undefined)) {
    for (const [index, item] of objects.entries()) {
      const spot = at(`objects[${index}]`);
      if (!isJsonObject(item)) intake.invalid(JSON.stringify(item), spot, "is not a STIX object");
      else readObject(item, spot, intake);
    }
    return true;
  }
  if (type === "bundle") return true;
  const { id } = object;
  if (typeof type !== "string" || typeof id !== "string" || !id.includes("--")) return false;
  readObject(object, at("id"), intake);
  return true;
}

function readObject(object: JsonObject, spot: Spot, intake: Intake): void {
  if (object["type"] === "indicator") intake.stix(object, spot);
  else intake.ignore(`STIX ${shown(object["type"])} is not an indicator`);
}

/** Not by `String`: an object may have a `toString` that is no function. */
function shown(type: unknown): string {
  return (typeof type === "string" ? type : JSON.stringify(type) ?? "without a type").slice(0, 40);
}
