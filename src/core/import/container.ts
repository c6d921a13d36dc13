/**
 * From the settings of one container, as Quadlet names them, to a Soulstone in the making. Both
 * importers end here: what `podman run` is told has a name in Quadlet too.
 */
import { FIRST_FREE_PORT } from "../codex/mod.ts";
import { type Command, readCommand } from "./command.ts";
import type { Draft, Proposal, Way } from "./draft.ts";
import type { Ledger } from "./ledger.ts";
import { proposalsFor } from "./keys.ts";
import { type GivenPort, parsePublished, type Published } from "./ports.ts";
import { all, type Container, join, passed, type PortPlan, type Setting } from "./setting.ts";

/** The image of a container, or nothing: then it can be no Soulstone. */
export function imageOf({ settings }: Container): string | undefined {
  return only(settings, "Image")?.value;
}

/** Finds out where a container's engine listens, and where it should. */
export function planPort(container: Container): PortPlan {
  const { settings } = container;
  const published = all(settings, "PublishPort").flatMap((setting) => {
    const read = parsePublished(setting.value);
    return "problem" in read ? [] : [{ setting, published: read }];
  });
  const command = readCommand({
    image: imageOf(container) ?? "",
    hasEntrypoint: only(settings, "Entrypoint") !== undefined,
    words: only(settings, "Exec")?.words,
    env: all(settings, "Environment").map(({ value }) => splitPair(value)),
    published: [...published.map((p) => p.published.inside), container.onHost?.port]
      .filter((port) => port !== undefined),
  });
  const main = published.find((p) => p.published.inside === command.inside) ?? published[0];
  const outside = main?.published.outside ?? container.onHost?.port;
  const inside = main?.published.inside ?? command.inside;
  // What cannot be told to listen elsewhere stays where it is, unless only root could publish that.
  const wish = command.canMove || inside === undefined || inside < FIRST_FREE_PORT
    ? outside ?? inside
    : inside;
  return { command, main, wish };
}

/** The Soulstone that a container becomes, listening on `given`. */
export function draftOf(
  container: Container,
  plan: PortPlan,
  given: GivenPort,
  ledger: Ledger,
): Draft {
  const { name, settings } = container;
  const isExposed = plan.main !== undefined || container.onHost !== undefined;
  notePorts(container, plan, given, ledger);
  return {
    name,
    heading: container.heading,
    fixed: [
      { path: ["port"], value: given.port },
      ...plan.command.engine === undefined
        ? []
        : [{ path: ["engine"], value: plan.command.engine }],
      ...isExposed ? [] : [{ path: ["port_expose"], value: false }],
      ...container.fixed,
    ],
    proposals: [
      ...commandProposals(container, plan, given),
      ...settings.filter((setting) => !isReadTogether(setting))
        .flatMap((setting) => proposalsFor(setting, { container, plan, given, ledger })),
      ...container.proposals,
    ],
  };
}

/** Settings of which one cannot be understood without the others: command, variables and ports. */
function isReadTogether({ section, key }: Setting): boolean {
  return section === "Container" && /^(?:Environment|Exec|PublishPort)$/.test(key);
}

/** The first setting of a key of the container. */
function only(settings: readonly Setting[], key: string): Setting | undefined {
  return all(settings, key)[0];
}

function splitPair(pair: string): [string, string] {
  const equals = pair.indexOf("=");
  return [pair.slice(0, equals), pair.slice(equals + 1)];
}

/** Enters what became of the published ports. */
function notePorts(
  { name: soulstone, settings }: Container,
  { main, command }: PortPlan,
  { port, why }: GivenPort,
  ledger: Ledger,
): void {
  for (const setting of all(settings, "PublishPort")) {
    const read = parsePublished(setting.value);
    if ("problem" in read) {
      ledger.note(setting.item, "lost", { soulstone, why: read.problem });
    } else if (setting !== main?.setting) {
      ledger.note(setting.item, "lost", { soulstone, why: "a Soulstone has one port" });
    } else {
      const changes = portChanges(read, port, why, command);
      const isUnheard = read.inside !== port && !command.canMove;
      const outcome = isUnheard ? "lost" : changes.length === 0 ? "carried" : "changed";
      ledger.note(setting.item, outcome, {
        soulstone,
        to: `${soulstone}.port`,
        why: changes.join("; "),
      });
    }
  }
}

/** What is different for those who reach a published port, and for the engine. */
function portChanges(
  { address, outside, inside }: Published,
  port: number,
  why: string | undefined,
  command: Command,
): string[] {
  const isLocal = address !== undefined && /^(?:127\.|::1$|localhost$)/.test(address);
  const reached = outside === undefined
    ? [`it is reached at ${port} from now on, no longer at a port by chance`]
    : outside === port
    ? []
    : [`it is reached at ${port} from now on, not at ${outside}`];
  const listens = inside === port
    ? []
    : command.canMove
    ? [`it listens on ${port} in the pod, not on ${inside}`]
    : [`it must be told to listen on ${port}, not on ${inside}: \`exec\` or \`env\` say how`];
  return [
    ...reached,
    ...why === undefined ? [] : [why],
    ...listens,
    ...isLocal ? [] : [
      "lychd publishes on 127.0.0.1, not on " +
      `${address ?? "every address"}: \`bind_address\` of lychd.toml says where`,
    ],
  ];
}

/** Both the words and the variables tell an engine its port, so they are read together. */
function commandProposals(
  { settings }: Container,
  { command }: PortPlan,
  { port }: GivenPort,
): Proposal[] {
  const exec = only(settings, "Exec");
  const env = command.env(port);
  const variables = all(settings, "Environment").map((setting, i): Proposal => {
    const [name, value] = env[i] ?? splitPair(setting.value);
    const how = value === splitPair(setting.value)[1] ? setting.how : `it is told port ${port}`;
    return {
      item: setting.item,
      ways: [
        { assign: [{ path: ["env", name], value }], how },
        passed(setting, how, `${name}=${value}`),
      ],
    };
  });
  if (exec === undefined) return variables;
  const ways = command.forms(port).map((fields): Way => ({
    assign: [
      ...fields.model === undefined ? [] : [{ path: ["model"], value: fields.model }],
      ...fields.exec === undefined ? [] : [{ path: ["exec"], value: fields.exec }],
    ],
    how: join(exec.how, ...command.changes(port)),
  }));
  return [{ item: exec.item, ways }, ...variables];
}
