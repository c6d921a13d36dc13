/**
 * Turns the settings of one container into the candidate for a Soulstone. Both importers use it:
 * options of `podman run` have Quadlet names too.
 */
import { FIRST_FREE_PORT } from "../codex/mod.ts";
import { type CommandFields, EVERYWHERE, readCommand } from "./command.ts";
import { proposalsFor } from "./keys.ts";
import { type GivenPort, parsePorts, type Published } from "./ports.ts";
import type { Alternative, Assignment, Candidate, Proposal } from "./resolve.ts";
import {
  all,
  type Container,
  join,
  passed,
  type PlacedContainer,
  type PortPlan,
  type Setting,
  splitPair,
} from "./setting.ts";

/** Finds the port at which a container's engine listens, and the port that it should have. */
export function planPort(container: Container): PortPlan {
  const published = all(container, "PublishPort").flatMap((setting) => {
    const read = parsePorts(setting.value);
    return "problem" in read ? [] : read.map((published) => ({ setting, published }));
  });
  const [entrypoint] = all(container, "Entrypoint");
  const command = readCommand({
    image: all(container, "Image")[0]?.value ?? "",
    engine: container.engine,
    entrypoint: entrypoint && splitEntrypoint(entrypoint.value),
    words: all(container, "Exec")[0]?.words,
    env: all(container, "Environment").map(({ value }) => splitPair(value)),
    published: [...published.map((p) => p.published.inside), container.onHost?.port]
      .filter((port) => port !== undefined),
  });
  const main = isOnHost(container)
    ? undefined
    : published.find((p) => p.published.inside === command.inside) ?? published[0];
  const outside = main?.published.outside ?? container.onHost?.port;
  const inside = main?.published.inside ?? command.inside;
  // An engine that cannot be moved keeps its port, unless only root can publish that.
  const wish = command.canMove || inside === undefined || inside < FIRST_FREE_PORT
    ? outside ?? inside
    : inside;
  return { command, main, wish };
}

/** Returns true for a container in the network of the host, which publishes no ports. */
export function isOnHost(container: Pick<Container, "settings">): boolean {
  return all(container, "Network").some(({ value }) => value === "host");
}

/** Returns the words of an entrypoint, which is one word or a list in JSON. */
function splitEntrypoint(value: string): readonly string[] {
  const words = /^\[.*\]$/s.test(value) ? value.match(/(?<=")[^",]*(?=")/g) : null;
  return words ?? [value];
}

/** Returns the candidate for the Soulstone of a container. */
export function candidateOf(placed: PlacedContainer): Candidate {
  const { container, plan, given } = placed;
  const { engine } = plan.command;
  const isExposed = plan.main !== undefined || container.onHost !== undefined;
  const more = container.moreFields?.(plan, given);
  recordPorts(placed);
  return {
    name: container.name,
    heading: container.heading,
    fixed: [
      { path: ["port"], value: given.port },
      ...engine === undefined ? [] : [{ path: ["engine"], value: engine }],
      ...isExposed ? [] : [{ path: ["port_expose"], value: false }],
      ...container.fixed,
      ...commandItem(container) === undefined
        ? addedVariables(plan.command.forms(given.port)[0])
        : [],
      ...more?.fixed ?? [],
    ],
    proposals: [
      ...commandProposals(placed),
      // The command, its variables and ports depend on each other and are read together.
      ...container.settings.filter(({ section, key }) =>
        section !== "Container" || !/^(?:Environment|Exec|PublishPort)$/.test(key)
      ).flatMap((setting) => proposalsFor(setting, placed)),
      ...more?.proposals ?? [],
    ],
  };
}

/** Records what became of the published ports. */
function recordPorts({ container, plan: { main, command }, given, report }: PlacedContainer): void {
  for (const setting of all(container, "PublishPort")) {
    const read = parsePorts(setting.value);
    if ("problem" in read) report.lost(setting.item, read.problem);
    else if (isOnHost(container)) {
      report.record(setting.item, "carried", {
        why: "it has no effect in the network of the host",
      });
    } else if (setting !== main?.setting) report.lost(setting.item, "a Soulstone has one port");
    else {
      const { published } = main;
      const changes = [
        ...read.length === 1 ? [] : [`a Soulstone has one port: ${published.inside} of these`],
        ...portChanges(published, given, command.canMove),
      ];
      const isUnreached = published.inside !== given.port && !command.canMove;
      const outcome = isUnreached ? "lost" : changes.length === 0 ? "carried" : "changed";
      report.record(setting.item, outcome, { to: "port", why: changes.join("; ") });
    }
  }
}

/** Returns the differences for clients of a published port, and for the engine. */
function portChanges(
  { address, outside, inside }: Published,
  { port, why }: GivenPort,
  canMove: boolean,
): string[] {
  const isLocal = address !== undefined && /^(?:127\.|::1$|localhost$)/.test(address);
  const published = address ?? "every address";
  return [
    ...outside === port ? [] : [`the new port is ${port} instead of ${outside ?? "a random one"}`],
    ...why === undefined ? [] : [why],
    ...inside === port
      ? []
      : canMove
      ? [`it listens on ${port} in the pod instead of ${inside}`]
      : [`set its port to ${port} instead of ${inside} in \`exec\` or \`env\``],
    ...isLocal ? [] : [
      `lychd publishes on 127.0.0.1 instead of ${published}: see \`bind_address\` of lychd.toml`,
    ],
  ];
}

/** Reads words and variables together, because both can set the port of an engine. */
function commandProposals(
  { container, plan: { command }, given, report }: PlacedContainer,
): Proposal[] {
  const exec = commandItem(container);
  const env = command.env(given.port);
  const variables = all(container, "Environment").flatMap((setting, i): Proposal[] => {
    const variable = env[i];
    if (variable === undefined) {
      const isSame = ["", String(given.port)]
        .includes(setting.value.replace(/^\w+=(?:0\.0\.0\.0|\[?::\]?)?:?/, ""));
      report.record(setting.item, isSame ? "carried" : "changed", {
        to: "port",
        why: `lychd makes it listen on all addresses of the pod at port ${given.port}`,
      });
      return [];
    }
    const [name, value] = variable;
    const isMoved = value !== splitPair(setting.value)[1];
    const move = value === "0.0.0.0" ? EVERYWHERE : `it gets port ${given.port}`;
    const change = join(setting.change, isMoved ? move : undefined);
    return [{
      item: setting.item,
      alternatives: [
        { assign: [{ path: ["env", name], value }], change },
        passed(setting, change, `${name}=${value}`),
      ],
    }];
  });
  if (exec === undefined) return variables;
  const alternatives = command.forms(given.port).map((
    { env: added = {}, ...fields },
  ): Alternative => ({
    assign: [
      ...Object.entries(fields).map(([field, value]) => ({ path: [field], value })),
      ...addedVariables({ env: added }),
    ],
    change: join(exec.change, ...command.changes(given.port)),
  }));
  return [{ item: exec.item, alternatives }, ...variables];
}

/** Returns the setting with the command of a container. */
function commandItem(container: Container): Setting | undefined {
  return all(container, "Exec")[0] ?? all(container, "Entrypoint")[0];
}

/** Returns the variables that a command gets. */
function addedVariables({ env = {} }: Pick<CommandFields, "env"> = {}): Assignment[] {
  return Object.entries(env).map(([name, value]) => ({ path: ["env", name], value }));
}
