/** The addresses at which imported containers reach each other: one pod has one localhost. */
import { type Container, join, type PlacedContainer, type Setting, splitPair } from "./setting.ts";

/** The names of the host inside a container. */
const HOST_NAMES = ["host.containers.internal", "host.docker.internal"];

/**
 * Returns a container whose variables, command and commands of the host use the new addresses of all
 * containers. Of a container without names, nothing changes.
 */
export function withNewAddresses(
  { container }: Pick<PlacedContainer, "container">,
  all: readonly PlacedContainer[],
): Container {
  if (container.hosts === undefined) return container;
  return {
    ...container,
    settings: container.settings.map((setting) => {
      const moves = all.flatMap((other) => movesOf(other, container, setting));
      return moves.reduce(withMove, setting);
    }),
  };
}

/** An address that changes. */
interface Move {
  readonly hosts: readonly string[];
  /** The old port; undefined for any other port of the container. */
  readonly port: number | undefined;
  readonly now: number | undefined;
}

/** Returns the addresses of a container that a setting of `user` can name, and that change. */
function movesOf(
  { container, plan, given: { port: now } }: PlacedContainer,
  user: Container,
  { section, key }: Setting,
): Move[] {
  const { hosts = [], pod, onHost } = container;
  const inside = plan.main?.published.inside ?? plan.command.inside;
  const outside = plan.main?.published.outside ?? (onHost === undefined ? undefined : inside);
  const local = ["localhost", "127.0.0.1"];
  const moved = (names: readonly string[], port: number | undefined): Move[] =>
    port === undefined || names.length === 0 ? [] : [{ hosts: names, port, now }];
  if (section === "Service") return moved(local, outside).filter((move) => move.port !== now);
  if (section !== "Container" || !/^(?:Environment|Exec)$/.test(key)) return [];
  const isLocal = container !== user &&
    (pod !== undefined && pod === user.pod || onHost !== undefined && user.onHost !== undefined);
  return [
    ...moved(container === user ? [] : hosts, inside),
    ...container === user ? [] : [{ hosts, port: undefined, now: undefined }],
    ...moved(HOST_NAMES, outside),
    ...isLocal ? moved(local, inside).filter((move) => move.port !== now) : [],
  ];
}

/** Replaces an address in the value and in the words of a setting. */
function withMove(setting: Setting, { hosts, port, now }: Move): Setting {
  const names = hosts.map((host) => RegExp.escape(host)).join("|");
  if (names === "") return setting;
  // A name after one slash is a part of a path.
  const address = new RegExp(
    `(?<![\\w.-]|(?<!/)/)(?:${names}):(${port ?? "\\d{1,5}"})(?!\\d)`,
    "g",
  );
  const changes = new Set<string>();
  const replaced = (text: string) =>
    text.replace(address, (old, digits: string) => {
      const address = `localhost:${now ?? digits}`;
      changes.add(`${old} is ${address} now`);
      return address;
    });
  const value = setting.key === "Environment"
    ? `${splitPair(setting.value)[0]}=${replaced(splitPair(setting.value)[1])}`
    : replaced(setting.value);
  const words = setting.words?.map(replaced);
  return changes.size === 0
    ? setting
    : { ...setting, value, ...words && { words }, change: join(setting.change, ...changes) };
}
