import { profileOf } from "../../compile/mod.ts";
import { type Facts, hasFailed, outputOf, whyUnknown } from "../../facts.ts";
import { type Command, command, countOf, formatCount, shellWord } from "../../report/mod.ts";
import { QUADLET_KEYS, type QuadletGroup } from "../../rune/mod.ts";
import {
  type Check,
  type CodexState,
  error,
  ok,
  skipped,
  type Subject,
  unknown,
  type Verdict,
  warning,
  withCodex,
  withSoulstones,
} from "../check.ts";
import { imageNamesOf, podmanVersionOf } from "../read/podman.ts";
import { firstFreePortOf, heldPorts, holderOf, lowPortsOf } from "../read/ports.ts";
import { filesOf } from "../read/system.ts";
import { isOlder } from "../read/version.ts";
import { MEMORY } from "./memory.ts";
import { labelVerdict } from "./selinux.ts";

/** The approximate size of a pull in GB, by engine, for images that include the libraries of a GPU. */
const PULL_GB: Readonly<Record<string, number>> = {
  vllm: 10,
  sglang: 15,
  llamacpp: 2,
  tabbyapi: 5,
  ollama: 2,
};

const CONTAINER_ACCESS = "a rootless container has no more permissions than the user";

/** The checks of the Codex on this host. */
export const CODEX_CHECKS: readonly Check[] = [
  {
    id: "codex.valid",
    about: "the Codex is valid",
    why: "lychd renders nothing from a Codex with errors",
    run: withCodex(({ codex: { shown, codex, findings } }) => {
      const fix = command`lychd check --codex ${shown}`;
      const what = `${shown}: ${formatCount(findings)}`;
      if (findings.some(({ severity }) => severity === "error")) return error(what, fix);
      return findings.length > 0
        ? warning(what, fix, "it works, but maybe not as intended")
        : ok(`${shown}: ${countOf(codex.soulstones.length, "Soulstone")}, no problems`);
    }),
  },
  {
    id: "codex.keys",
    about: "Podman supports every key that the Codex passes through",
    why: "the generator skips a unit with a key that it does not know",
    run: withSoulstones(({ facts, codex }) => {
      const version = podmanVersionOf(facts);
      if (version === undefined) return skipped("Podman's version is unknown");
      const keys = passedKeys(codex);
      if (keys.length === 0) return skipped("the Codex passes no keys through");
      const unsupported = keys.filter(({ since }) => isOlder(version, since));
      if (unsupported.length === 0) {
        return ok(`Podman ${version.join(".")} supports ${countOf(keys.length, "key")}`);
      }
      return unsupported.map(({ soulstone, section, key, since }) =>
        error(
          `${soulstone}: ${section}.${key} needs Podman ${since}, but this is ${version.join(".")}`,
          command`lychd check    # then use PodmanArgs= in quadlet.${section} instead`,
        )
      );
    }),
  },
  {
    id: "codex.ports",
    about: "ports are free or used by lychd, and may be published",
    why: "the pod publishes all ports; if it cannot start, no engine can",
    run: withSoulstones((subject) => {
      const low = lowPorts(subject);
      const used = usedPorts(subject);
      return low.length === 0 ? used : [...low, ...used.filter(({ state }) => state !== "ok")];
    }),
  },
  {
    id: "codex.images",
    about: "every image is pulled",
    why: "the first start pulls it, within the startup timeout of the engine",
    run: withSoulstones((subject) => {
      const { facts, needs } = subject;
      const missing = missingImages(subject);
      if (missing === undefined) return unknown(facts, "podman-images");
      if (missing.length === 0) return ok(`${countOf(needs.images.length, "image")}, all pulled`);
      return missing.map((image) => {
        if (image.startsWith("localhost/")) {
          return error(
            `${image} does not exist, and no registry has it`,
            command`podman build --tag ${image} .`,
            "an engine cannot start without its image",
          );
        }
        const gb = pullGb(subject, image);
        const size = gb === undefined ? "" : ` (about ${gb} GB)`;
        return warning(`${image} is not pulled yet${size}`, pullCommand(subject, image));
      });
    }),
  },
  {
    id: "codex.secrets",
    about: "Podman has every secret of the Codex",
    why: "an engine does not start without its secrets",
    run: withSoulstones(({ facts, needs: { secrets } }) => {
      if (secrets.length === 0) return skipped("the Codex uses no secrets");
      const output = outputOf(facts, "podman-secrets");
      if (output === undefined) return unknown(facts, "podman-secrets");
      const existing = output.split("\n").map((line) => line.trim());
      const missing = secrets.filter((name) => !existing.includes(name));
      if (missing.length === 0) return ok(`Podman has ${countOf(secrets.length, "secret")}`);
      return missing.map((name) =>
        error(
          `the secret ${name} does not exist`,
          command`podman secret create ${name} -    # reads it from stdin`,
        )
      );
    }),
  },
  {
    id: "codex.volumes",
    about: "engines may read every mounted file and folder",
    why: "Podman does not start a container whose mount is missing",
    run: withSoulstones((subject) => pathVerdicts(subject, "volume")),
  },
  {
    id: "codex.models",
    about: "every model file exists and is in a volume",
    why: "the engine exits at startup, and systemd restarts it again and again",
    run: withSoulstones((subject) => {
      const { needs, codex } = subject;
      const unmounted = needs.unmounted.map(({ path, soulstone }) =>
        warning(
          `${soulstone} loads ${path}, which is in none of its volumes`,
          command`lychd check --codex ${codex.shown}    # then add its folder to the volumes`,
          "the engine does not find it unless the image contains it",
        )
      );
      const verdicts = pathVerdicts(subject, "model");
      return unmounted.length > 0
        ? [...unmounted, ...verdicts.filter(({ state }) => state !== "skipped")]
        : verdicts;
    }),
  },
  MEMORY,
];

/** Returns the Quadlet keys that a Codex passes through, and the version of Podman that added each. */
function passedKeys(codex: CodexState) {
  const soulstones = codex.kind === "none" ? [] : codex.codex.soulstones;
  return soulstones.flatMap(({ name, quadlet }) =>
    Object.entries(quadlet).flatMap(([section, values]) =>
      Object.keys(values).map((key) => ({
        soulstone: name,
        section,
        key,
        since: QUADLET_KEYS[section as QuadletGroup]?.[key]?.since,
      }))
    )
  );
}

/** Returns true if the Codex passes keys through that this Podman does not support. */
export function hasUnknownKeys(facts: Facts, codex: CodexState): boolean {
  const version = podmanVersionOf(facts);
  return passedKeys(codex).some(({ since }) => isOlder(version, since));
}

function usedPorts({ facts, needs }: Subject): readonly Verdict[] {
  const fact = facts.commands["ports"];
  if (fact === undefined || outputOf(facts, "ports") === undefined) {
    return [unknown(facts, "ports")];
  }
  const unasked = needs.ports.find(({ port }) => !fact.command.includes(`:${port}`));
  if (unasked !== undefined) return [skipped(`the facts do not include port ${unasked.port}`)];
  const held = heldPorts(facts, needs);
  const byOthers = held.filter(({ isOurs }) => !isOurs);
  if (byOthers.length > 0) {
    return byOthers.map((listener) => {
      const { what, fix } = holderOf(facts, listener);
      const why = listener.owner === "vessel" ? "the front door cannot listen there" : undefined;
      return error(`port ${listener.port} of ${listener.owner} is in use by ${what}`, fix, why);
    });
  }
  const ours = needs.ports.filter(({ port }) => held.some((l) => l.port === port)).length;
  const all = countOf(needs.ports.length, "port");
  const rest = needs.ports.length - ours;
  return [
    ok(
      ours === 0
        ? `${all}, free`
        : `${all}, ${rest === 0 ? "" : `${rest} free, ${ours} `}in use by lychd`,
    ),
  ];
}

function lowPorts({ facts, needs }: Subject): Verdict[] {
  const low = lowPortsOf(needs);
  if (low.length === 0) return [];
  const first = firstFreePortOf(facts);
  if (first === undefined) return [unknown(facts, "unprivileged-ports")];
  const refused = low.filter(({ port }) => port < first);
  const [lowest] = refused;
  if (lowest === undefined) return [];
  const which = refused.map(({ port, owner }) => `${port} of ${owner}`).join(", ");
  return [error(
    `only root may publish ports below ${first} on this host: ${which}`,
    command`sudo sysctl -w net.ipv4.ip_unprivileged_port_start=${lowest.port}    # until the next boot; or use other ports`,
  )];
}

/** Returns the command that pulls an image: for a Soulstone that runs it, otherwise for everything. */
function pullCommand({ codex }: Subject, image: string): Command {
  if (codex.kind === "none") return command`lychd pull`;
  const { shown, codex: { soulstones } } = codex;
  const user = soulstones.find((soulstone) => soulstone.image === image);
  return user === undefined
    ? command`lychd pull --codex ${shown}`
    : command`lychd pull ${user.name} --codex ${shown}`;
}

/** Returns the approximate size of a pull in GB, if the engine of the image is known. */
export function pullGb({ codex }: Subject, image: string): number | undefined {
  if (codex.kind === "none") return undefined;
  const soulstone = codex.codex.soulstones.find((s) => s.image === image);
  return soulstone && PULL_GB[profileOf(soulstone).name];
}

/** Returns the images of the Codex that Podman does not have; undefined if that is unknown. */
export function missingImages({ facts, needs }: Subject): string[] | undefined {
  const names = imageNamesOf(facts);
  return names && needs.images.filter((image) => ![...names].some((name) => isImage(image, name)));
}

/**
 * Returns true if `full`, a name from Podman, is the image that the operator wrote as `written`: with or
 * without a registry and a tag.
 *
 * @example
 * ```ts
 * import { isImage } from "./codex.ts";
 * isImage("vllm/vllm-openai", "docker.io/vllm/vllm-openai:latest"); // true
 * ```
 */
export function isImage(written: string, full: string): boolean {
  const hasTag = /[:@][^/]*$/.test(written);
  // If there are both a tag and a digest, Podman uses the digest.
  const name = hasTag ? written.replace(/:[^:/@]+@/, "@") : `${written}:latest`;
  const first = name.split("/")[0] ?? "";
  const isFull = name.includes("/") && (/[.:]/.test(first) || first === "localhost");
  return full === name || !isFull && full.endsWith(`/${name}`);
}

/** Checks the models, or the other volumes, of a Codex. */
function pathVerdicts(subject: Subject, role: "model" | "volume"): readonly Verdict[] {
  const { facts, needs } = subject;
  const paths = needs.paths.filter((needed) => needed.role === role);
  if (paths.length === 0) return [skipped(`no ${role} of the Codex is a path on the host`)];
  const fact = facts.commands["codex-paths"];
  if (fact === undefined || "failed" in fact) return [skipped(whyUnknown(facts, "codex-paths"))];
  const unasked = paths.find(({ path }) => !fact.command.includes(shellWord(path)));
  if (unasked !== undefined) return [skipped(`the facts do not include ${unasked.path}`)];
  const files = filesOf(facts, "codex-paths");
  const verdicts = paths.flatMap((needed): Verdict[] => {
    const { path, soulstone } = needed;
    const parent = path.slice(0, path.lastIndexOf("/")) || "/";
    if (fact.stderr.some((line) => line.includes(path) && /permission denied/i.test(line))) {
      return [error(
        `${soulstone}: the user may not enter a folder above ${path}`,
        command`sudo setfacl --modify u:$USER:x ${parent}`,
        CONTAINER_ACCESS,
      )];
    }
    if (!files.has(path)) {
      const isFile = role === "model" || /\.[A-Za-z]\w*$/.test(path);
      return [error(
        `${soulstone}: ${path} does not exist`,
        isFile ? command`ls -l ${parent}` : command`mkdir -p ${path}`,
      )];
    }
    if (hasFailed(facts, `readable:${path}`)) {
      return [error(
        `${soulstone}: the user may not read ${path}`,
        command`sudo setfacl --recursive --modify u:$USER:rX ${path}`,
        CONTAINER_ACCESS,
      )];
    }
    const denied = labelVerdict(subject, needed);
    return denied === undefined ? [] : [denied];
  });
  return verdicts.length > 0 ? verdicts : [ok(`the user can read ${countOf(paths.length, role)}`)];
}
