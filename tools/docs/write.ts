/** Writes the generated documents: `deno task docs`. */
import { makePages } from "./pages.ts";

const root = new URL("../../", import.meta.url);
for (const [path, text] of await makePages()) {
  await Deno.writeTextFile(new URL(path, root), text);
}
