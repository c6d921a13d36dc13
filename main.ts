/**
 * Runs the gate and exits: the only `Deno.exit`.
 *
 * @module
 */
import { gate } from "./src/sandbox/gate.ts";

/** `.ts`, or `.js` in the bundle. */
const extension = import.meta.url.slice(import.meta.url.lastIndexOf("."));

Deno.exit(
  await gate(Deno.args, (name) => import.meta.resolve(`./src/sandbox/${name}${extension}`)),
);
