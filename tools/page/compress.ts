/** Compresses the page of the front door in dist/bundle/page: the script, and the files beside its source. */
import { gzip } from "node:zlib";
import { promisify } from "node:util";

const OUTPUT = new URL("../../dist/bundle/page/", import.meta.url);
const SOURCE = new URL("../../src/page/", import.meta.url);
const FILES = [
  new URL("page.js", OUTPUT),
  ...["index.html", "page.css", "icon.svg"].map((name) => new URL(name, SOURCE)),
];

for (const file of FILES) {
  const name = file.pathname.slice(file.pathname.lastIndexOf("/") + 1);
  const bytes = await promisify(gzip)(await Deno.readFile(file), { level: 9 });
  await Deno.writeFile(new URL(`${name}.gz`, OUTPUT), bytes);
}
await Deno.remove(new URL("page.js", OUTPUT));
