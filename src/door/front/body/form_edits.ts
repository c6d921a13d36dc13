import type { ScannedForm } from "./form_scan.ts";
import type { Edit } from "./splice.ts";

/**
 * Returns the edit that replaces the value of `model` in a scanned form. Throws a TypeError for a model with
 * a line break, which could end the part.
 */
export function formEdits({ place }: ScannedForm, model: string): Edit[] {
  if (/[\r\n]/.test(model)) {
    throw new TypeError("Cannot write a model with a line break into a form");
  }
  return place === undefined ? [] : [{ ...place, bytes: new TextEncoder().encode(model) }];
}
