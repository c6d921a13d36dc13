/**
 * Writes the files of `dashboards/`: the dashboards of Grafana and the rules of Prometheus. A test
 * checks that they are up to date. `deno task dashboards`
 */
import { fileURLToPath } from "node:url";
import { dump } from "js-yaml";
import { covensBoard } from "./boards/covens.ts";
import { soulstoneBoard } from "./boards/soulstone.ts";
import { vesselBoard } from "./boards/vessel.ts";
import { ENGINES } from "./engines/mod.ts";
import { formatJson } from "./format_json.ts";
import { RULE_GROUPS } from "./rules/rules.ts";

const RULES_HEAD = "# Written by `deno task dashboards` from tools/dashboards/rules.\n";

/** Returns every built file of `dashboards/`, by name. */
export function builtFiles(): ReadonlyMap<string, string> {
  const boards = [covensBoard(), vesselBoard(), ...ENGINES.map(soulstoneBoard)];
  return new Map([
    ...boards.map((board): [string, string] => [
      `${board.uid?.replace(/^lychd-soulstone-/, "soulstone-")}.json`,
      formatJson(board),
    ]),
    [
      "rules.yml",
      RULES_HEAD +
      dump({ groups: RULE_GROUPS }, { lineWidth: -1, noRefs: true, quoteStyle: "double" }),
    ],
  ]);
}

if (import.meta.main) {
  const folder = fileURLToPath(new URL("../../dashboards/", import.meta.url));
  for (const [name, text] of builtFiles()) {
    await Deno.writeTextFile(folder + name, text);
    console.log(`dashboards/${name}: ${text.length} bytes`);
  }
}
