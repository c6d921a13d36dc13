import type { Portal } from "../../codex/mod.ts";
import { type PortalState, readState } from "../../dispatcher/state_file.ts";
import { outputOf } from "../../facts.ts";
import { type Command, command, countOf } from "../../report/mod.ts";
import { VESSEL } from "../../rune/mod.ts";
import {
  type Check,
  error,
  ok,
  skipped,
  unknown,
  type Verdict,
  warning,
  withCodex,
} from "../check.ts";

/** The checks of Portals. The front door itself looks at them, so doctor needs no network. */
export const PORTAL_CHECKS: readonly Check[] = [{
  id: "vessel.portals",
  about: "the front door can use each Portal",
  why: "requests for the models of the Portal fail, or wait for an engine here",
  run: withCodex(({ facts, codex: { codex } }) => {
    const { portals, settings: { vessel } } = codex;
    if (portals.length === 0) return skipped("the Codex has no Portal");
    if (!vessel.enabled) return skipped("the Codex does not enable the front door");
    const text = outputOf(facts, "door-state");
    const state = text === undefined ? undefined : readState(text);
    if (state === undefined) return unknown(facts, "door-state");
    return portals.flatMap((portal) => {
      const known = state.portals.find(({ name }) => name === portal.name);
      return known === undefined ? [notRendered(portal)] : verdictsOf(portal, known);
    });
  }),
}];

function notRendered({ name }: Portal): Verdict {
  return warning(`the front door does not know the Portal ${name} yet`, command`lychd render`);
}

function verdictsOf(portal: Portal, state: PortalState): Verdict[] {
  const { name, problem, models, missing } = state;
  if (problem !== undefined) {
    return [
      error(`the Portal ${name} cannot be used: ${problem.why}`, fixOf(portal, problem.code)),
    ];
  }
  return missing.length === 0 ? [ok(`${name}: ${countOf(models, "model")}`)] : [
    warning(
      `the Portal ${name} does not list ${missing.join(", ")}`,
      command`lychd edit ${name}    # name models that it lists`,
    ),
  ];
}

/** Returns the command that fixes a problem, or shows more about it. */
function fixOf({ name, url, key_secret: secret }: Portal, code: string): Command {
  switch (code) {
    case "portal_key":
      return secret === undefined
        ? command`lychd edit ${name}    # set key_secret to a Podman secret with its key`
        : command`podman secret create --replace ${secret} - && systemctl --user restart ${VESSEL.service}    # the key comes from stdin`;
    case "portal_certificate":
      return command`lychd edit ${name}    # ca_file names the CA, in PEM in the same folder; the url has the name of the certificate`;
    case "portal_error":
    case "portal_answer_not_valid":
      return command`lychd edit ${name}    # url is what clients of OpenAI take; models lists its models`;
    default:
      return command`curl --max-time 5 -sS ${url}    # from this host; see also lychd logs vessel`;
  }
}
