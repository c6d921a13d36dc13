/**
 * Every key that Quadlet reads, by group: the Podman version that brought it and how its value is
 * read. Sources: podman-systemd.unit(5), release notes and generator sources, Podman 4.4 to 6.1;
 * reading and lists as Podman 5.4.2's generator was seen to do it.
 *
 * @module
 */

/** A section of a Quadlet unit that Podman reads itself, as named in Podman 6.1. */
export type QuadletGroup =
  | "Container"
  | "Pod"
  | "Volume"
  | "Network"
  | "Image"
  | "Build"
  | "Kube"
  | "Quadlet";

/** What a unit writer must know of one Quadlet key; facts of Podman 5.4.2 unless it is newer. */
export interface QuadletKey {
  /** The first Podman version that accepts the key; "4.4" for those of the first release. */
  readonly since: string;
  /**
   * How Quadlet reads the value (Podman 5.4.2):
   * - `text`: the rest of the line, spaces around it trimmed, no escapes; every double quote at its
   *   two ends is lost too, unless `list`.
   * - `words`: split at spaces and unquoted; escapes such as `\n` are undone.
   * - `tokens`: split and unquoted too, but a backslash escapes nothing, not even a quote.
   * - `pairs`: words of the form `K=V`, the last of equal keys wins; a word without `=` is dropped.
   * - `boolean`: `1`, `yes`, `true` or `on`; anything else is false.
   * - `number`: decimal; anything else counts as 0.
   */
  readonly value: "text" | "words" | "tokens" | "pairs" | "boolean" | "number";
  /** Whether several lines add up, an empty one resetting them (Podman 5.4.2); or the last wins. */
  readonly list: boolean;
}

/** The keys of each group that Podman 6.1 accepts, sorted (podman-systemd.unit(5), 4.4 to 6.1). */
export const QUADLET_KEYS: Readonly<
  Record<QuadletGroup, Readonly<Record<string, QuadletKey>>>
> = {
  Container: {
    AddCapability: { since: "4.4", value: "tokens", list: true }, // lower-cased
    AddDevice: { since: "4.4", value: "tokens", list: true }, // -X: only if X exists
    AddHost: { since: "5.3", value: "text", list: true },
    Annotation: { since: "4.4", value: "pairs", list: true },
    AppArmor: { since: "5.8", value: "text", list: false },
    AutoUpdate: { since: "4.6", value: "text", list: false },
    CgroupsMode: { since: "5.3", value: "text", list: false },
    ContainerName: { since: "4.4", value: "text", list: false },
    ContainersConfModule: { since: "4.8", value: "text", list: true },
    DNS: { since: "4.7", value: "text", list: true },
    DNSOption: { since: "4.7", value: "text", list: true },
    DNSSearch: { since: "4.7", value: "text", list: true },
    DropCapability: { since: "4.4", value: "tokens", list: true }, // lower-cased
    Entrypoint: { since: "5.0", value: "text", list: false },
    Environment: { since: "4.4", value: "pairs", list: true },
    EnvironmentFile: { since: "4.4", value: "words", list: true }, // relative to the unit's folder
    EnvironmentHost: { since: "4.4", value: "boolean", list: false },
    Exec: { since: "4.4", value: "words", list: false },
    ExposeHostPort: { since: "4.4", value: "text", list: true }, // must end in a port or range
    GIDMap: { since: "4.8", value: "tokens", list: true },
    GlobalArgs: { since: "4.8", value: "words", list: true },
    Group: { since: "4.4", value: "text", list: false }, // needs User
    GroupAdd: { since: "5.1", value: "text", list: true },
    HealthCmd: { since: "4.5", value: "text", list: false },
    HealthInterval: { since: "4.5", value: "text", list: false },
    HealthLogDestination: { since: "5.3", value: "text", list: false },
    HealthMaxLogCount: { since: "5.3", value: "text", list: false },
    HealthMaxLogSize: { since: "5.3", value: "text", list: false },
    HealthOnFailure: { since: "4.5", value: "text", list: false },
    HealthRetries: { since: "4.5", value: "text", list: false },
    HealthStartPeriod: { since: "4.5", value: "text", list: false },
    HealthStartupCmd: { since: "4.5", value: "text", list: false },
    HealthStartupInterval: { since: "4.5", value: "text", list: false },
    HealthStartupRetries: { since: "4.5", value: "text", list: false },
    HealthStartupSuccess: { since: "4.5", value: "text", list: false },
    HealthStartupTimeout: { since: "4.5", value: "text", list: false },
    HealthTimeout: { since: "4.5", value: "text", list: false },
    HostName: { since: "4.6", value: "text", list: false },
    HttpProxy: { since: "5.7", value: "boolean", list: false },
    IP: { since: "4.5", value: "text", list: false },
    IP6: { since: "4.5", value: "text", list: false },
    Image: { since: "4.4", value: "text", list: false }, // .image and .build name a unit
    ImageVolume: { since: "6.1", value: "text", list: false },
    Label: { since: "4.4", value: "pairs", list: true },
    LogDriver: { since: "4.5", value: "text", list: false },
    LogOpt: { since: "5.2", value: "tokens", list: true },
    Mask: { since: "4.6", value: "words", list: true },
    Memory: { since: "5.5", value: "text", list: false },
    Mount: { since: "4.5", value: "words", list: true }, // each word is CSV; ./x made absolute
    Network: { since: "4.4", value: "text", list: true }, // NAME[:OPTIONS]; NAME may be a unit
    NetworkAlias: { since: "5.2", value: "text", list: true },
    NoNewPrivileges: { since: "4.4", value: "boolean", list: false },
    Notify: { since: "4.4", value: "text", list: false }, // healthy, or a boolean
    PidsLimit: { since: "4.7", value: "text", list: false },
    Pod: { since: "5.0", value: "text", list: false }, // must name a .pod unit
    PodmanArgs: { since: "4.4", value: "words", list: true },
    PublishPort: { since: "4.4", value: "text", list: true },
    Pull: { since: "4.6", value: "text", list: false },
    ReadOnly: { since: "4.4", value: "boolean", list: false },
    ReadOnlyTmpfs: { since: "4.8", value: "boolean", list: false },
    ReloadCmd: { since: "5.5", value: "words", list: false },
    ReloadSignal: { since: "5.5", value: "text", list: false },
    RemapGid: { since: "4.4", value: "tokens", list: true },
    RemapUid: { since: "4.4", value: "tokens", list: true },
    RemapUidSize: { since: "4.4", value: "number", list: false },
    RemapUsers: { since: "4.4", value: "text", list: false }, // double quotes kept
    Retry: { since: "5.5", value: "text", list: false },
    RetryDelay: { since: "5.5", value: "text", list: false },
    Rootfs: { since: "4.5", value: "text", list: false },
    RunInit: { since: "4.4", value: "boolean", list: false },
    SeccompProfile: { since: "4.4", value: "text", list: false },
    Secret: { since: "4.5", value: "words", list: true },
    SecurityLabelDisable: { since: "4.4", value: "boolean", list: false },
    SecurityLabelFileType: { since: "4.4", value: "text", list: false },
    SecurityLabelLevel: { since: "4.4", value: "text", list: false },
    SecurityLabelNested: { since: "4.6", value: "boolean", list: false },
    SecurityLabelType: { since: "4.4", value: "text", list: false },
    ServiceName: { since: "5.3", value: "text", list: false },
    ShmSize: { since: "4.7", value: "text", list: false },
    StartWithPod: { since: "5.3", value: "boolean", list: false },
    StopSignal: { since: "5.2", value: "text", list: false },
    StopTimeout: { since: "5.0", value: "text", list: false },
    SubGIDMap: { since: "4.8", value: "text", list: false },
    SubUIDMap: { since: "4.8", value: "text", list: false },
    Sysctl: { since: "4.6", value: "tokens", list: true },
    Timezone: { since: "4.4", value: "text", list: false },
    Tmpfs: { since: "4.5", value: "text", list: true },
    UIDMap: { since: "4.8", value: "tokens", list: true },
    Ulimit: { since: "4.7", value: "text", list: true },
    Unmask: { since: "4.6", value: "words", list: true },
    User: { since: "4.4", value: "text", list: false },
    UserNS: { since: "4.5", value: "text", list: false },
    VolatileTmp: { since: "4.4", value: "boolean", list: false },
    Volume: { since: "4.4", value: "text", list: true }, // [SOURCE:]TARGET[:OPTIONS]; ./x resolved
    WorkingDir: { since: "4.6", value: "text", list: false },
  },
  Pod: {
    AddHost: { since: "5.3", value: "text", list: true },
    ContainersConfModule: { since: "5.0", value: "text", list: true },
    DNS: { since: "5.3", value: "text", list: true },
    DNSOption: { since: "5.3", value: "text", list: true },
    DNSSearch: { since: "5.3", value: "text", list: true },
    ExitPolicy: { since: "5.6", value: "text", list: false },
    GIDMap: { since: "5.3", value: "tokens", list: true },
    GlobalArgs: { since: "5.0", value: "words", list: true },
    HostName: { since: "5.5", value: "text", list: true },
    IP: { since: "5.3", value: "text", list: false },
    IP6: { since: "5.3", value: "text", list: false },
    Label: { since: "5.6", value: "pairs", list: true },
    Network: { since: "5.0", value: "text", list: true }, // NAME[:OPTIONS]; NAME may be a unit
    NetworkAlias: { since: "5.2", value: "text", list: true },
    PodName: { since: "5.0", value: "text", list: false },
    PodmanArgs: { since: "5.0", value: "words", list: true },
    PublishPort: { since: "5.0", value: "text", list: true },
    RemapGid: { since: "5.3", value: "tokens", list: true },
    RemapUid: { since: "5.3", value: "tokens", list: true },
    RemapUidSize: { since: "5.3", value: "number", list: false },
    RemapUsers: { since: "5.3", value: "text", list: false }, // double quotes kept
    ServiceName: { since: "5.3", value: "text", list: false },
    ShmSize: { since: "5.4", value: "text", list: false },
    StopTimeout: { since: "5.7", value: "text", list: false },
    SubGIDMap: { since: "5.3", value: "text", list: false },
    SubUIDMap: { since: "5.3", value: "text", list: false },
    UIDMap: { since: "5.3", value: "tokens", list: true },
    UserNS: { since: "5.3", value: "text", list: false },
    Volume: { since: "5.0", value: "text", list: true }, // [SOURCE:]TARGET[:OPTIONS]; ./x resolved
  },
  Volume: {
    ContainersConfModule: { since: "4.8", value: "text", list: true },
    Copy: { since: "4.4", value: "boolean", list: false },
    Device: { since: "4.4", value: "text", list: false },
    Driver: { since: "4.8", value: "text", list: false },
    GID: { since: "6.0", value: "text", list: false },
    GlobalArgs: { since: "4.8", value: "words", list: true },
    Group: { since: "4.4", value: "number", list: false },
    Image: { since: "4.8", value: "text", list: false }, // .image and .build name a unit
    Label: { since: "4.4", value: "pairs", list: true },
    Options: { since: "4.4", value: "text", list: false },
    PodmanArgs: { since: "4.6", value: "words", list: true },
    ServiceName: { since: "5.3", value: "text", list: false },
    Type: { since: "4.4", value: "text", list: false },
    UID: { since: "6.0", value: "text", list: false },
    User: { since: "4.4", value: "number", list: false },
    VolumeName: { since: "4.7", value: "text", list: false },
  },
  Network: {
    ContainersConfModule: { since: "4.8", value: "text", list: true },
    DNS: { since: "4.7", value: "text", list: true },
    DisableDNS: { since: "4.4", value: "boolean", list: false },
    Driver: { since: "4.4", value: "text", list: false },
    Gateway: { since: "4.4", value: "text", list: true },
    GlobalArgs: { since: "4.8", value: "words", list: true },
    IPAMDriver: { since: "4.4", value: "text", list: false },
    IPRange: { since: "4.4", value: "text", list: true },
    IPv6: { since: "4.4", value: "boolean", list: false },
    InterfaceName: { since: "5.6", value: "text", list: false },
    Internal: { since: "4.4", value: "boolean", list: false },
    Label: { since: "4.4", value: "pairs", list: true },
    NetworkDeleteOnStop: { since: "5.5", value: "boolean", list: false },
    NetworkName: { since: "4.7", value: "text", list: false },
    Options: { since: "4.4", value: "pairs", list: true },
    PodmanArgs: { since: "4.6", value: "words", list: true },
    ServiceName: { since: "5.3", value: "text", list: false },
    Subnet: { since: "4.4", value: "text", list: true },
  },
  Image: {
    AllTags: { since: "4.8", value: "boolean", list: false },
    Arch: { since: "4.8", value: "text", list: false },
    AuthFile: { since: "4.8", value: "text", list: false },
    CertDir: { since: "4.8", value: "text", list: false },
    ContainersConfModule: { since: "4.8", value: "text", list: true },
    Creds: { since: "4.8", value: "text", list: false },
    DecryptionKey: { since: "4.8", value: "text", list: false },
    GlobalArgs: { since: "4.8", value: "words", list: true },
    Image: { since: "4.8", value: "text", list: false },
    ImageTag: { since: "4.8", value: "text", list: false },
    OS: { since: "4.8", value: "text", list: false },
    PodmanArgs: { since: "4.8", value: "words", list: true },
    Policy: { since: "5.6", value: "text", list: false },
    Retry: { since: "5.5", value: "text", list: false },
    RetryDelay: { since: "5.5", value: "text", list: false },
    ServiceName: { since: "5.3", value: "text", list: false },
    TLSVerify: { since: "4.8", value: "boolean", list: false },
    Variant: { since: "4.8", value: "text", list: false },
  },
  Build: {
    Annotation: { since: "5.2", value: "pairs", list: true },
    Arch: { since: "5.2", value: "text", list: false },
    AuthFile: { since: "5.2", value: "text", list: false },
    BuildArg: { since: "5.7", value: "pairs", list: true },
    ContainersConfModule: { since: "5.2", value: "text", list: true },
    DNS: { since: "5.2", value: "text", list: true },
    DNSOption: { since: "5.2", value: "text", list: true },
    DNSSearch: { since: "5.2", value: "text", list: true },
    Environment: { since: "5.2", value: "pairs", list: true },
    File: { since: "5.2", value: "text", list: false },
    ForceRM: { since: "5.2", value: "boolean", list: false },
    GlobalArgs: { since: "5.2", value: "words", list: true },
    GroupAdd: { since: "5.2", value: "text", list: true },
    IgnoreFile: { since: "5.7", value: "text", list: false },
    ImageTag: { since: "5.2", value: "text", list: true }, // a list since 5.3
    Label: { since: "5.2", value: "pairs", list: true },
    Network: { since: "5.2", value: "text", list: true }, // NAME[:OPTIONS]; NAME may be a unit
    PodmanArgs: { since: "5.2", value: "words", list: true },
    Pull: { since: "5.2", value: "text", list: false },
    Retry: { since: "5.5", value: "text", list: false },
    RetryDelay: { since: "5.5", value: "text", list: false },
    Secret: { since: "5.2", value: "words", list: true },
    ServiceName: { since: "5.3", value: "text", list: false },
    SetWorkingDirectory: { since: "5.2", value: "text", list: false },
    TLSVerify: { since: "5.2", value: "boolean", list: false },
    Target: { since: "5.2", value: "text", list: false },
    Variant: { since: "5.2", value: "text", list: false },
    Volume: { since: "5.2", value: "text", list: true }, // [SOURCE:]TARGET[:OPTIONS]; ./x resolved
  },
  Kube: {
    AutoUpdate: { since: "4.7", value: "tokens", list: true }, // split at the first slash
    ConfigMap: { since: "4.4", value: "tokens", list: true }, // relative to the unit
    ContainersConfModule: { since: "4.8", value: "text", list: true },
    ExitCodePropagation: { since: "4.6", value: "text", list: false },
    GlobalArgs: { since: "4.8", value: "words", list: true },
    KubeDownForce: { since: "4.8", value: "boolean", list: false },
    LogDriver: { since: "4.5", value: "text", list: false },
    LogOpt: { since: "5.2", value: "tokens", list: true },
    Network: { since: "4.4", value: "text", list: true }, // NAME[:OPTIONS]; NAME may be a unit
    PodmanArgs: { since: "4.6", value: "words", list: true },
    PublishPort: { since: "4.4", value: "text", list: true },
    RemapGid: { since: "4.4", value: "tokens", list: true },
    RemapUid: { since: "4.4", value: "tokens", list: true },
    RemapUidSize: { since: "4.4", value: "number", list: false },
    RemapUsers: { since: "4.4", value: "text", list: false }, // double quotes kept
    ServiceName: { since: "5.3", value: "text", list: false },
    SetWorkingDirectory: { since: "4.7", value: "text", list: false },
    UserNS: { since: "4.5", value: "text", list: false },
    Yaml: { since: "4.4", value: "text", list: false }, // relative to the unit; words, list: 5.7
  },
  Quadlet: {
    DefaultDependencies: { since: "5.3", value: "boolean", list: false },
  },
};
