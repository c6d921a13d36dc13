/**
 * The keys that Quadlet reads in the units that lychd writes or imports. Sources: podman-systemd.unit(5),
 * the release notes of Podman 4.4 to 6.1, and the behavior of the generator of Podman 5.4.2.
 *
 * @module
 */

/** A section of a Quadlet unit that Podman reads itself. */
export type QuadletGroup = "Container" | "Pod" | "Volume" | "Image" | "Quadlet";

/** One key of Quadlet. */
export interface QuadletKey {
  /** The first Podman version that accepts the key; "4.4" for the keys of the first release. */
  readonly since: string;
  /**
   * The way in which Quadlet reads the value:
   * - `text`: the rest of the line without escapes. Spaces at both ends are lost; so are double
   *   quotes, unless `list`.
   * - `words`: split at spaces and unquoted; escapes such as `\n` are replaced.
   * - `tokens`: split and unquoted; a backslash is an ordinary character.
   * - `pairs`: words of the form `K=V`. The last of equal keys wins; a word without `=` is dropped.
   * - `boolean`: `1`, `yes`, `true` or `on`; anything else is false.
   * - `number`: decimal; anything else is 0.
   */
  readonly value: "text" | "words" | "tokens" | "pairs" | "boolean" | "number";
  /** True if the values of several lines add up and an empty line clears them; otherwise the last wins. */
  readonly list: boolean;
}

type Kind = QuadletKey["value"] | `${QuadletKey["value"]} list`;

/** Builds a table from lists of `KEY` or `KEY@SINCE`, sorted by key. */
function keys(lists: Partial<Record<Kind, string>>): Readonly<Record<string, QuadletKey>> {
  const entries = Object.entries(lists).flatMap(([kind, list]) => {
    const [value, isList] = kind.split(" ") as [QuadletKey["value"], string?];
    return list.trim().split(/\s+/).map((word): [string, QuadletKey] => {
      const [key = "", since = "4.4"] = word.split("@");
      return [key, { since, value, list: isList !== undefined }];
    });
  });
  return Object.fromEntries(entries.sort(([a], [b]) => a < b ? -1 : 1));
}

/** The keys of each section, as Podman 6.1 accepts them. */
export const QUADLET_KEYS: Readonly<
  Record<QuadletGroup, Readonly<Record<string, QuadletKey>>>
> = {
  Container: keys({
    boolean: `
      EnvironmentHost HttpProxy@5.7 NoNewPrivileges ReadOnly ReadOnlyTmpfs@4.8 RunInit
      SecurityLabelDisable SecurityLabelNested@4.6 StartWithPod@5.3 VolatileTmp
    `,
    number: "RemapUidSize",
    "pairs list": "Annotation Environment Label",
    "text list": `
      AddHost@5.3 ContainersConfModule@4.8 DNS@4.7 DNSOption@4.7 DNSSearch@4.7 ExposeHostPort
      GroupAdd@5.1 Network NetworkAlias@5.2 PublishPort Tmpfs@4.5 Ulimit@4.7 Volume
    `,
    text: `
      AppArmor@5.8 AutoUpdate@4.6 CgroupsMode@5.3 ContainerName Entrypoint@5.0 Group HealthCmd@4.5
      HealthInterval@4.5 HealthLogDestination@5.3 HealthMaxLogCount@5.3 HealthMaxLogSize@5.3
      HealthOnFailure@4.5 HealthRetries@4.5 HealthStartPeriod@4.5 HealthStartupCmd@4.5
      HealthStartupInterval@4.5 HealthStartupRetries@4.5 HealthStartupSuccess@4.5
      HealthStartupTimeout@4.5 HealthTimeout@4.5 HostName@4.6 IP@4.5 IP6@4.5 Image ImageVolume@6.1
      LogDriver@4.5 Memory@5.5 Notify PidsLimit@4.7 Pod@5.0 Pull@4.6 ReloadSignal@5.5 RemapUsers
      Retry@5.5 RetryDelay@5.5 Rootfs@4.5 SeccompProfile SecurityLabelFileType SecurityLabelLevel
      SecurityLabelType ServiceName@5.3 ShmSize@4.7 StopSignal@5.2 StopTimeout@5.0 SubGIDMap@4.8
      SubUIDMap@4.8 Timezone User UserNS@4.5 WorkingDir@4.6
    `,
    "tokens list": `
      AddCapability AddDevice DropCapability GIDMap@4.8 LogOpt@5.2 RemapGid RemapUid Sysctl@4.6
      UIDMap@4.8
    `,
    "words list": `
      EnvironmentFile GlobalArgs@4.8 Mask@4.6 Mount@4.5 PodmanArgs Secret@4.5 Unmask@4.6
    `,
    words: "Exec ReloadCmd@5.5",
  }),
  // The importer reads these three. It needs only the lists, and doctor needs ShmSize.
  Pod: keys({
    "pairs list": "Label@5.6",
    "text list": `
      AddHost@5.3 ContainersConfModule@5.0 DNS@5.3 DNSOption@5.3 DNSSearch@5.3 HostName@5.5
      Network@5.0 NetworkAlias@5.2 PublishPort@5.0 Volume@5.0
    `,
    text: "ShmSize@5.4",
    "tokens list": "GIDMap@5.3 RemapGid@5.3 RemapUid@5.3 UIDMap@5.3",
    "words list": "GlobalArgs@5.0 PodmanArgs@5.0",
  }),
  Volume: keys({
    "pairs list": "Label",
    "text list": "ContainersConfModule@4.8",
    "words list": "GlobalArgs@4.8 PodmanArgs@4.6",
  }),
  Image: keys({
    "text list": "ContainersConfModule@4.8",
    "words list": "GlobalArgs@4.8 PodmanArgs@4.8",
  }),
  Quadlet: keys({
    boolean: "DefaultDependencies@5.3",
  }),
};
