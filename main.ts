/**
 * The gate: argv → command → exact permissions → worker. Holds the only `Deno.exit`.
 *
 * @module
 */
import { gate } from "./src/sandbox/gate.ts";

/** The sandboxes are beside this file: as source, or as `deno task bundle` makes them of it. */
const extension = import.meta.url.slice(import.meta.url.lastIndexOf("."));

Deno.exit(
  await gate(Deno.args, (name) => import.meta.resolve(`./src/sandbox/${name}${extension}`)),
);
