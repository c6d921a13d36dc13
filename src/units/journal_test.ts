import { deepStrictEqual } from "node:assert/strict";
import { logSourceOf } from "../core/orchestrator/services.ts";
import { matchesOf } from "./journal.ts";

const SOURCES = ["eye", "deep"].map(logSourceOf);

Deno.test("matchesOf() selects the output of containers, and failures that systemd reports", () => {
  deepStrictEqual(matchesOf(SOURCES, { user: 1000, all: false }), [
    "_UID=1000",
    "SYSLOG_IDENTIFIER=soulstone-eye",
    "SYSLOG_IDENTIFIER=soulstone-deep",
    "+",
    "_UID=1000",
    "USER_UNIT=soulstone-eye.service",
    "USER_UNIT=soulstone-deep.service",
    ...[0, 1, 2, 3, 4, 5].map((priority) => `PRIORITY=${priority}`),
  ]);
});

Deno.test("matchesOf() selects output with another identifier only of its unit", () => {
  const vessel = { services: ["lychd-vessel.service"], identifiers: ["lychd"] };
  deepStrictEqual(matchesOf([vessel], { user: 1000, all: false }).slice(0, 6), [
    "_UID=1000",
    "SYSLOG_IDENTIFIER=lychd-vessel",
    "+",
    "_UID=1000",
    "_SYSTEMD_USER_UNIT=lychd-vessel.service",
    "SYSLOG_IDENTIFIER=lychd",
  ]);
});

Deno.test("matchesOf() selects everything about the units with all", () => {
  deepStrictEqual(matchesOf(SOURCES, { user: 1000, all: true }), [
    "--user-unit=soulstone-eye.service",
    "--user-unit=soulstone-deep.service",
  ]);
});
