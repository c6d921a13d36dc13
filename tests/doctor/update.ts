/** Rewrites the report of each host, and removes reports without a host. */
import { hostNames, reportOf, reportPath } from "./hosts.ts";

const names = hostNames();
for (const name of names) Deno.writeTextFileSync(reportPath(name), await reportOf(name));
for (const { name } of Deno.readDirSync(import.meta.dirname ?? ".")) {
  if (!name.endsWith(".txt") || names.includes(name.slice(0, -".txt".length))) continue;
  Deno.removeSync(reportPath(name.slice(0, -".txt".length)));
}
