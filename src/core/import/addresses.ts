/** The addresses at which imported containers reach each other: one pod has one localhost. */
import { type Container, join, type PlacedContainer, type Setting, splitPair } from "./setting.ts";

/** The names of the host inside a container. */
const HOST_NAMES: readonly string[] = ["host.containers.internal", "host.docker.internal"];

/** The names of the own network. */
const LOCAL_NAMES: readonly string[] = ["localhost", "127.0.0.1"];

/** The ports of a container, before and now. */
interface Ports {
  readonly container: Container;
  readonly inside: number | undefined;
  readonly outside: number | undefined;
  readonly now: number;
}

/**
 * Returns a function that gives the variables, the command and the commands of the host of a container
 * the new addresses of all containers. It changes no container without names.
 */
export function newAddresses(
  placed: readonly PlacedContainer[],
): (container: Container) => Container {
  const all = placed.map(portsOf);
  const byName = new Map(
    all.flatMap((ports) => (ports.container.hosts ?? []).map((host) => [host, ports] as const)),
  );
  const byOutside = new Map(all.map((ports) => [ports.outside, ports]));
  const byInside = new Map(
    all.map((ports) => [`${networkOf(ports.container)} ${ports.inside}`, ports]),
  );
  const names = [...byName.keys(), ...HOST_NAMES, ...LOCAL_NAMES].map((name) =>
    RegExp.escape(name)
  );
  // A name after one slash is a part of a path.
  const address = new RegExp(`(?<![\\w.-]|(?<!/)/)(${names.join("|")}):(\\d{1,5})(?!\\d)`, "g");

  /** Returns the new port of an address in a setting of `user`, if it changes. */
  function portNow(host: string, port: number, user: Container, section: string) {
    const isLocal = LOCAL_NAMES.includes(host);
    if (section === "Service") return isLocal ? changed(byOutside.get(port), port) : undefined;
    if (isLocal) {
      const network = networkOf(user);
      const other = network === undefined ? undefined : byInside.get(`${network} ${port}`);
      return other?.container.name === user.name ? undefined : changed(other, port);
    }
    if (HOST_NAMES.includes(host)) return byOutside.get(port)?.now;
    const other = byName.get(host);
    if (other === undefined || other.container.name === user.name) return undefined;
    return other.inside === port ? other.now : port;
  }

  function withAddresses(setting: Setting, user: Container): Setting {
    const { section, key, value } = setting;
    const isRead = section === "Service" ||
      section === "Container" && /^(?:Environment|Exec)$/.test(key);
    if (!isRead) return setting;
    const changes = new Set<string>();
    const replaced = (text: string) =>
      text.replace(address, (old, host: string, digits: string) => {
        const now = portNow(host, Number(digits), user, section);
        if (now === undefined) return old;
        changes.add(`${old} is localhost:${now} now`);
        return `localhost:${now}`;
      });
    const [name, text] = key === "Environment" ? splitPair(value) : ["", value];
    const now = key === "Environment" ? `${name}=${replaced(text)}` : replaced(text);
    const words = setting.words?.map(replaced);
    return changes.size === 0
      ? setting
      : { ...setting, value: now, ...words && { words }, change: join(setting.change, ...changes) };
  }

  return (container) =>
    container.hosts === undefined ? container : {
      ...container,
      settings: container.settings.map((setting) => withAddresses(setting, container)),
    };
}

function portsOf({ container, plan, given: { port: now } }: PlacedContainer): Ports {
  const inside = plan.main?.published.inside ?? plan.command.inside;
  const outside = plan.main?.published.outside ??
    (container.onHost === undefined ? undefined : inside);
  return { container, inside, outside, now };
}

/** Returns the pod of a container, or the host, whose localhost it shares; nothing for its own network. */
function networkOf({ pod, onHost }: Container): string | undefined {
  return pod ?? (onHost === undefined ? undefined : "host");
}

function changed(ports: Ports | undefined, port: number): number | undefined {
  return ports === undefined || ports.now === port ? undefined : ports.now;
}
