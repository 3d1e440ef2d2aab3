/** MISP's JSON: events (one, a list, a `response`), their attributes and objects. */
import { isJsonObject, type JsonObject, type JsonValue } from "../../json.ts";
import { readTyped } from "./csv.ts";
import type { Intake, Spot } from "./intake.ts";

/** Takes a MISP event or what holds some; false if the object is nothing of MISP. */
export function readMisp(
  object: JsonObject,
  at: (key: string) => Spot,
  intake: Intake,
  all: boolean,
): boolean {
  const { Event: event, Attribute: attributes, response } = object;
  if (isJsonObject(event)) {
    readHolder(event, at("Event"), intake, all);
    return true;
  }
  if (response !== undefined) return readResponse(response, at("response"), intake, all);
  if (Array.isArray(attributes) || Array.isArray(object["Object"])) {
    readHolder(object, at("Attribute"), intake, all);
    return true;
  }
  if (isAttribute(object)) {
    readAttribute(object, at("value"), intake, all);
    return true;
  }
  // An event without its wrapper that has no attributes.
  return typeof object["uuid"] === "string" && typeof object["info"] === "string";
}

function readResponse(response: JsonValue, spot: Spot, intake: Intake, all: boolean): boolean {
  const items = Array.isArray(response) ? response : [response];
  return items.every((item, index) => {
    const at = (key: string): Spot => typeof spot === "number" ? spot : `${spot}[${index}].${key}`;
    return isJsonObject(item) && item["response"] === undefined && readMisp(item, at, intake, all);
  });
}

/** An event or object: whatever has attributes, and objects that have some. */
function readHolder(holder: JsonObject, spot: Spot, intake: Intake, all: boolean): void {
  for (const attribute of objectsOf(holder["Attribute"])) {
    readAttribute(attribute, spot, intake, all);
  }
  for (const object of objectsOf(holder["Object"])) {
    if (object["deleted"] === true) intake.ignore("deleted in MISP");
    else readHolder({ Attribute: object["Attribute"] ?? [] }, spot, intake, all);
  }
}

function readAttribute(attribute: JsonObject, spot: Spot, intake: Intake, all: boolean): void {
  const { type, value, uuid } = attribute;
  const place = typeof spot === "string" && typeof uuid === "string"
    ? `${spot}[uuid=${uuid.slice(0, 36)}]`
    : spot;
  if (typeof type !== "string" || typeof value !== "string") {
    return intake.invalid(JSON.stringify(attribute), place, "is no MISP attribute");
  }
  if (attribute["deleted"] === true || attribute["deleted"] === "1") {
    return intake.ignore("deleted in MISP");
  }
  if (!isOn(attribute["to_ids"]) && !all) return intake.ignore("to_ids is off");
  readTyped(value, type, place, intake);
}

/** An attribute alone, as `restSearch` gives them with returnFormat json, one a line. */
function isAttribute({ type, value, to_ids: toIds, category }: JsonObject): boolean {
  return typeof type === "string" && typeof value === "string" &&
    (toIds !== undefined || category !== undefined);
}

/** MISP writes booleans as such, as "1" and as 1; a missing `to_ids` is on. */
function isOn(value: JsonValue | undefined): boolean {
  return value === undefined || value === true || value === "1" || value === 1;
}

function objectsOf(value: JsonValue | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
