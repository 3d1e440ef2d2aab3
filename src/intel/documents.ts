/** STIX objects by handle, as JSON texts: a text costs its length, a parsed object ten times that. */

/** See the top of the file. */
export interface Documents {
  set(handle: number, json: string): void;
  get(handle: number): string | undefined;
  delete(handle: number): void;
}

/** Makes an empty store. */
export function createDocuments(): Documents {
  const texts: (string | undefined)[] = [];
  return {
    set(handle, json) {
      // Handles of plain values leave gaps; with holes the array would become a slow dictionary.
      while (texts.length < handle) texts.push(undefined);
      texts[handle] = json;
    },
    get: (handle) => texts[handle],
    delete(handle) {
      if (handle < texts.length) texts[handle] = undefined;
    },
  };
}
