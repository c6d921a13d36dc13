/**
 * The directives of systemd 257 that may stand in a service or a Quadlet unit: what the manager
 * lists as its configuration items, and which of them add up, by its man pages.
 *
 * @module
 */

function names(list: string): ReadonlySet<string> {
  return new Set(list.trim().split(/\s+/));
}

/** Every directive that systemd 257 reads in these sections, obsolete ones too, sorted. */
export const SYSTEMD_KEYS: Readonly<Record<"Unit" | "Service" | "Install", ReadonlySet<string>>> = {
  Unit: names(`
    After AllowIsolate AssertACPower AssertArchitecture AssertCPUFeature AssertCPUPressure
    AssertCPUs AssertCapability AssertControlGroupController AssertCredential
    AssertDirectoryNotEmpty AssertEnvironment AssertFileIsExecutable AssertFileNotEmpty
    AssertFirstBoot AssertGroup AssertHost AssertIOPressure AssertKernelCommandLine
    AssertKernelVersion AssertMemory AssertMemoryPressure AssertNeedsUpdate AssertOSRelease
    AssertPathExists AssertPathExistsGlob AssertPathIsDirectory AssertPathIsEncrypted
    AssertPathIsMountPoint AssertPathIsReadWrite AssertPathIsSymbolicLink AssertSecurity
    AssertUser AssertVirtualization Before BindTo BindsTo CollectMode ConditionACPower
    ConditionArchitecture ConditionCPUFeature ConditionCPUPressure ConditionCPUs
    ConditionCapability ConditionControlGroupController ConditionCredential
    ConditionDirectoryNotEmpty ConditionEnvironment ConditionFileIsExecutable
    ConditionFileNotEmpty ConditionFirmware ConditionFirstBoot ConditionGroup ConditionHost
    ConditionIOPressure ConditionKernelCommandLine ConditionKernelVersion ConditionMemory
    ConditionMemoryPressure ConditionNeedsUpdate ConditionOSRelease ConditionPathExists
    ConditionPathExistsGlob ConditionPathIsDirectory ConditionPathIsEncrypted
    ConditionPathIsMountPoint ConditionPathIsReadWrite ConditionPathIsSymbolicLink
    ConditionSecurity ConditionUser ConditionVirtualization Conflicts DefaultDependencies
    Description Documentation FailureAction FailureActionExitStatus IgnoreOnIsolate
    JobRunningTimeoutSec JobTimeoutAction JobTimeoutRebootArgument JobTimeoutSec
    JoinsNamespaceOf OnFailure OnFailureIsolate OnFailureJobMode OnSuccess OnSuccessJobMode
    PartOf PropagateReloadFrom PropagateReloadTo PropagatesReloadTo PropagatesStopTo
    RebootArgument RefuseManualStart RefuseManualStop ReloadPropagatedFrom Requires
    RequiresMountsFor RequiresOverridable Requisite RequisiteOverridable SourcePath
    StartLimitAction StartLimitBurst StartLimitInterval StartLimitIntervalSec
    StopPropagatedFrom StopWhenUnneeded SuccessAction SuccessActionExitStatus
    SurviveFinalKillSignal Upholds Wants WantsMountsFor
  `),
  Service: names(`
    AllowedCPUs AllowedMemoryNodes AmbientCapabilities AppArmorProfile BPFProgram
    BindLogSockets BindPaths BindReadOnlyPaths BlockIOAccounting BlockIODeviceWeight
    BlockIOReadBandwidth BlockIOWeight BlockIOWriteBandwidth BusName CPUAccounting CPUAffinity
    CPUQuota CPUQuotaPeriodSec CPUSchedulingPolicy CPUSchedulingPriority
    CPUSchedulingResetOnFork CPUShares CPUWeight CacheDirectory CacheDirectoryMode
    CapabilityBoundingSet ConfigurationDirectory ConfigurationDirectoryMode CoredumpFilter
    CoredumpReceive DefaultMemoryLow DefaultMemoryMin DefaultStartupMemoryLow Delegate
    DelegateSubgroup DeviceAllow DevicePolicy DisableControllers DynamicUser Environment
    EnvironmentFile ExecCondition ExecPaths ExecReload ExecSearchPath ExecStart ExecStartPost
    ExecStartPre ExecStop ExecStopPost ExitType ExtensionDirectories ExtensionImagePolicy
    ExtensionImages FailureAction FileDescriptorStoreMax FileDescriptorStorePreserve
    FinalKillSignal Group GuessMainPID IOAccounting IODeviceLatencyTargetSec IODeviceWeight
    IOReadBandwidthMax IOReadIOPSMax IOSchedulingClass IOSchedulingPriority IOWeight
    IOWriteBandwidthMax IOWriteIOPSMax IPAccounting IPAddressAllow IPAddressDeny
    IPCNamespacePath IPEgressFilterPath IPIngressFilterPath IgnoreSIGPIPE ImportCredential
    InaccessibleDirectories InaccessiblePaths KeyringMode KillMode KillSignal LimitAS
    LimitCORE LimitCPU LimitDATA LimitFSIZE LimitLOCKS LimitMEMLOCK LimitMSGQUEUE LimitNICE
    LimitNOFILE LimitNPROC LimitRSS LimitRTPRIO LimitRTTIME LimitSIGPENDING LimitSTACK
    LoadCredential LoadCredentialEncrypted LockPersonality LogExtraFields LogFilterPatterns
    LogLevelMax LogNamespace LogRateLimitBurst LogRateLimitIntervalSec LogsDirectory
    LogsDirectoryMode ManagedOOMMemoryPressure ManagedOOMMemoryPressureDurationSec
    ManagedOOMMemoryPressureLimit ManagedOOMPreference ManagedOOMSwap MemoryAccounting
    MemoryDenyWriteExecute MemoryHigh MemoryKSM MemoryLimit MemoryLow MemoryMax MemoryMin
    MemoryPressureThresholdSec MemoryPressureWatch MemorySwapMax MemoryZSwapMax
    MemoryZSwapWriteback MountAPIVFS MountFlags MountImagePolicy MountImages NFTSet NUMAMask
    NUMAPolicy NetworkNamespacePath Nice NoExecPaths NoNewPrivileges NonBlocking NotifyAccess
    OOMPolicy OOMScoreAdjust OpenFile PAMName PIDFile PassEnvironment PermissionsStartOnly
    Personality PrivateDevices PrivateIPC PrivateMounts PrivateNetwork PrivatePIDs PrivateTmp
    PrivateUsers ProcSubset ProtectClock ProtectControlGroups ProtectHome ProtectHostname
    ProtectKernelLogs ProtectKernelModules ProtectKernelTunables ProtectProc ProtectSystem
    ReadOnlyDirectories ReadOnlyPaths ReadWriteDirectories ReadWritePaths RebootArgument
    ReloadSignal RemainAfterExit RemoveIPC Restart RestartForceExitStatus RestartKillSignal
    RestartMaxDelaySec RestartMode RestartPreventExitStatus RestartSec RestartSteps
    RestrictAddressFamilies RestrictFileSystems RestrictNamespaces RestrictNetworkInterfaces
    RestrictRealtime RestrictSUIDSGID RootDirectory RootDirectoryStartOnly RootEphemeral
    RootHash RootHashSignature RootImage RootImageOptions RootImagePolicy RootVerity
    RuntimeDirectory RuntimeDirectoryMode RuntimeDirectoryPreserve RuntimeMaxSec
    RuntimeRandomizedExtraSec SELinuxContext SecureBits SendSIGHUP SendSIGKILL SetCredential
    SetCredentialEncrypted SetLoginEnvironment Slice SmackProcessLabel SocketBindAllow
    SocketBindDeny Sockets StandardError StandardInput StandardInputData StandardInputText
    StandardOutput StartLimitAction StartLimitBurst StartLimitInterval StartupAllowedCPUs
    StartupAllowedMemoryNodes StartupBlockIOWeight StartupCPUShares StartupCPUWeight
    StartupIOWeight StartupMemoryHigh StartupMemoryLow StartupMemoryMax StartupMemorySwapMax
    StartupMemoryZSwapMax StateDirectory StateDirectoryMode SuccessExitStatus
    SupplementaryGroups SyslogFacility SyslogIdentifier SyslogLevel SyslogLevelPrefix
    SystemCallArchitectures SystemCallErrorNumber SystemCallFilter SystemCallLog TTYColumns
    TTYPath TTYReset TTYRows TTYVHangup TTYVTDisallocate TasksAccounting TasksMax
    TemporaryFileSystem TimeoutAbortSec TimeoutCleanSec TimeoutSec TimeoutStartFailureMode
    TimeoutStartSec TimeoutStopFailureMode TimeoutStopSec TimerSlackNSec Type UMask
    USBFunctionDescriptors USBFunctionStrings UnsetEnvironment User UtmpIdentifier UtmpMode
    WatchdogSec WatchdogSignal WorkingDirectory
  `),
  Install: names(`
    Alias Also DefaultInstance RequiredBy UpheldBy WantedBy
  `),
};

/**
 * The directives of which several lines add up in systemd 257; an empty line clears them, except
 * dependencies between units, which nothing clears.
 */
export const SYSTEMD_LISTS: ReadonlySet<string> = names(`
  After Alias AllowedCPUs AllowedMemoryNodes Also AmbientCapabilities AssertACPower
  AssertArchitecture AssertCPUFeature AssertCPUPressure AssertCPUs AssertCapability
  AssertControlGroupController AssertCredential AssertDirectoryNotEmpty AssertEnvironment
  AssertFileIsExecutable AssertFileNotEmpty AssertFirstBoot AssertGroup AssertHost
  AssertIOPressure AssertKernelCommandLine AssertKernelVersion AssertMemory AssertMemoryPressure
  AssertNeedsUpdate AssertOSRelease AssertPathExists AssertPathExistsGlob AssertPathIsDirectory
  AssertPathIsEncrypted AssertPathIsMountPoint AssertPathIsReadWrite AssertPathIsSymbolicLink
  AssertSecurity AssertUser AssertVirtualization BPFProgram Before BindPaths BindReadOnlyPaths
  BindTo BindsTo BlockIODeviceWeight BlockIOReadBandwidth BlockIOWriteBandwidth CPUAffinity
  CacheDirectory CapabilityBoundingSet ConditionACPower ConditionArchitecture
  ConditionCPUFeature ConditionCPUPressure ConditionCPUs ConditionCapability
  ConditionControlGroupController ConditionCredential ConditionDirectoryNotEmpty
  ConditionEnvironment ConditionFileIsExecutable ConditionFileNotEmpty ConditionFirmware
  ConditionFirstBoot ConditionGroup ConditionHost ConditionIOPressure ConditionKernelCommandLine
  ConditionKernelVersion ConditionMemory ConditionMemoryPressure ConditionNeedsUpdate
  ConditionOSRelease ConditionPathExists ConditionPathExistsGlob ConditionPathIsDirectory
  ConditionPathIsEncrypted ConditionPathIsMountPoint ConditionPathIsReadWrite
  ConditionPathIsSymbolicLink ConditionSecurity ConditionUser ConditionVirtualization
  ConfigurationDirectory Conflicts CoredumpFilter Delegate DeviceAllow DisableControllers
  Documentation Environment EnvironmentFile ExecCondition ExecPaths ExecReload ExecSearchPath
  ExecStart ExecStartPost ExecStartPre ExecStop ExecStopPost ExtensionDirectories
  ExtensionImages IODeviceLatencyTargetSec IODeviceWeight IOReadBandwidthMax IOReadIOPSMax
  IOWriteBandwidthMax IOWriteIOPSMax IPAddressAllow IPAddressDeny IPEgressFilterPath
  IPIngressFilterPath ImportCredential InaccessibleDirectories InaccessiblePaths
  JoinsNamespaceOf LoadCredential LoadCredentialEncrypted LogExtraFields LogFilterPatterns
  LogsDirectory MountImages NFTSet NUMAMask NoExecPaths OnFailure OnSuccess OpenFile PartOf
  PassEnvironment PropagateReloadFrom PropagateReloadTo PropagatesReloadTo PropagatesStopTo
  ReadOnlyDirectories ReadOnlyPaths ReadWriteDirectories ReadWritePaths ReloadPropagatedFrom
  RequiredBy Requires RequiresMountsFor RequiresOverridable Requisite RequisiteOverridable
  RestartForceExitStatus RestartPreventExitStatus RestrictAddressFamilies RestrictFileSystems
  RestrictNamespaces RestrictNetworkInterfaces RootImageOptions RuntimeDirectory SecureBits
  SetCredential SetCredentialEncrypted SocketBindAllow SocketBindDeny Sockets StandardInputData
  StandardInputText StartupAllowedCPUs StartupAllowedMemoryNodes StateDirectory
  StopPropagatedFrom SuccessExitStatus SupplementaryGroups SystemCallArchitectures
  SystemCallFilter SystemCallLog TemporaryFileSystem UnsetEnvironment UpheldBy Upholds WantedBy
  Wants WantsMountsFor
`);

/** The [Service] keys whose value systemd 257 reads as a command line, expanding `$` in it. */
export const SYSTEMD_COMMANDS: ReadonlySet<string> = names(`
  ExecCondition ExecReload ExecStart ExecStartPost ExecStartPre ExecStop ExecStopPost
`);
