/**
 * The gate: argv → command → exact permissions → worker. Holds the only `Deno.exit`.
 *
 * @module
 */
import { gate } from "./src/gate.ts";

Deno.exit(await gate(Deno.args));
