/** The user of a container whose user namespace the pod replaces. */
import type { ImportContext } from "./imported.ts";
import type { ImportReport } from "./report.ts";
import { all, type Container, type Setting } from "./setting.ts";

/**
 * Makes a container with `UserNS=keep-id` run as root, which is the user on the host, as the user of its
 * namespace was. The containers of a pod share its namespace.
 */
export function withoutKeptId<T extends Pick<Container, "name" | "settings">>(
  container: T,
  { user }: Pick<ImportContext, "user">,
  report: ImportReport,
): T {
  const kept = all(container, "UserNS").at(-1);
  const options = /^keep-id(?::(.*))?$/.exec(kept?.value ?? "");
  if (kept === undefined || options === null) return container;
  const id = /(?:^|,)uid=(\d+)/.exec(options[1] ?? "")?.[1] ?? String(user);
  const [given] = all(container, "User").map(({ value }) => value.split(":")[0]);
  if (given !== undefined && given !== id) {
    report.of(container.name).lost(
      kept.item,
      `the containers of a pod share its user namespace, in which user ${given} of the container is ` +
        "another one on the host: check who may read the files that it mounts",
    );
    return { ...container, settings: container.settings.filter((setting) => setting !== kept) };
  }
  const change =
    "the containers of a pod share its user namespace, in which root is your user on the " +
    "host, as the user of the container was; its HOME is /root unless `env` sets it";
  const own = (setting: Setting) =>
    setting.section === "Container" && (setting.key === "User" || setting.key === "Group");
  for (const setting of container.settings.filter(own)) {
    report.of(container.name).record(setting.item, "changed", { to: "quadlet", why: change });
  }
  const settings = container.settings.filter((setting) => !own(setting))
    .flatMap((setting): Setting[] =>
      setting === kept
        ? [{ ...setting, key: "User", value: "0", change }, ...homeOfVolumes(container, kept)]
        : [setting]
    );
  return { ...container, settings };
}

/**
 * Returns the variable with the home folder in which volumes show that the image expects its files. For
 * root it would be /root.
 */
function homeOfVolumes(container: Pick<Container, "settings">, kept: Setting): Setting[] {
  const homes = ["Volume", "Mount"].flatMap((key) => all(container, key)).flatMap(({ value }) =>
    /(?:^[^:]*:|(?:^|,)(?:dst|destination|target)=)(\/home\/[^/:,]+)/.exec(value)?.[1] ?? []
  );
  const [home] = homes;
  const isSet = all(container, "Environment").some(({ value }) => value.startsWith("HOME="));
  if (home === undefined || isSet) return [];
  const change = `HOME of root would be /root, without the files of ${home}`;
  return [{ ...kept, key: "Environment", value: `HOME=${home}`, change }];
}
