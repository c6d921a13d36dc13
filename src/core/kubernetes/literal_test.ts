import { strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { literal } from "./literal.ts";

/** Expands a text as Kubernetes does (third_party/forked/golang/expansion/expand.go). */
function expand(text: string): string {
  let expanded = "";
  for (let i = 0; i < text.length; i++) {
    const next = text[i + 1];
    if (text[i] !== "$" || next === undefined) expanded += text[i];
    else if (next === "(") {
      const end = text.indexOf(")", i);
      expanded += end < 0 ? "$(" : `value of ${text.slice(i + 2, end)}`;
      i = end < 0 ? i + 1 : end;
    } else {
      expanded += next === "$" ? "$" : `$${next}`;
      i++;
    }
  }
  return expanded;
}

Deno.test("Kubernetes reads every escaped text as it was, whatever dollar signs it has", () => {
  strictEqual(expand("$(HOME)"), "value of HOME");
  const texts = fc.string({ unit: fc.constantFrom("$", "(", ")", "A", " ") });
  fc.assert(fc.property(texts, (text) => strictEqual(expand(literal(text)), text)), {
    numRuns: 5000,
  });
});
