/**
 * The directives that systemd 257 reads in a service or a Quadlet unit, obsolete ones too: the
 * configuration items that the manager lists, and its man pages.
 *
 * @module
 */

function words(list: string): string[] {
  return list.trim().split(/\s+/);
}

/** The suffixes of both `Condition…=` and `Assert…=`. */
const CONDITIONS = words(`
  ACPower Architecture CPUFeature CPUPressure CPUs Capability ControlGroupController Credential
  DirectoryNotEmpty Environment FileIsExecutable FileNotEmpty FirstBoot Group Host IOPressure
  KernelCommandLine KernelVersion Memory MemoryPressure NeedsUpdate OSRelease PathExists
  PathExistsGlob PathIsDirectory PathIsEncrypted PathIsMountPoint PathIsReadWrite PathIsSymbolicLink
  Security User Virtualization
`);

/** The directives of each section. A star marks a directive whose lines add up. */
const MARKED = {
  Unit: [
    ...CONDITIONS.flatMap((name) => [`Assert${name}*`, `Condition${name}*`]),
    ...words(`
      ConditionFirmware* After* AllowIsolate Before* BindTo* BindsTo* CollectMode Conflicts*
      DefaultDependencies Description Documentation* FailureAction FailureActionExitStatus
      IgnoreOnIsolate JobRunningTimeoutSec JobTimeoutAction JobTimeoutRebootArgument JobTimeoutSec
      JoinsNamespaceOf* OnFailure* OnFailureIsolate OnFailureJobMode OnSuccess* OnSuccessJobMode
      PartOf* PropagateReloadFrom* PropagateReloadTo* PropagatesReloadTo* PropagatesStopTo*
      RebootArgument RefuseManualStart RefuseManualStop ReloadPropagatedFrom* Requires*
      RequiresMountsFor* RequiresOverridable* Requisite* RequisiteOverridable* SourcePath
      StartLimitAction StartLimitBurst StartLimitInterval StartLimitIntervalSec StopPropagatedFrom*
      StopWhenUnneeded SuccessAction SuccessActionExitStatus SurviveFinalKillSignal Upholds* Wants*
      WantsMountsFor*
    `),
  ],
  Service: words(`
    AllowedCPUs* AllowedMemoryNodes* AmbientCapabilities* AppArmorProfile BPFProgram* BindLogSockets
    BindPaths* BindReadOnlyPaths* BlockIOAccounting BlockIODeviceWeight* BlockIOReadBandwidth*
    BlockIOWeight BlockIOWriteBandwidth* BusName CPUAccounting CPUAffinity* CPUQuota
    CPUQuotaPeriodSec CPUSchedulingPolicy CPUSchedulingPriority CPUSchedulingResetOnFork CPUShares
    CPUWeight CacheDirectory* CacheDirectoryMode CapabilityBoundingSet* ConfigurationDirectory*
    ConfigurationDirectoryMode CoredumpFilter* CoredumpReceive DefaultMemoryLow DefaultMemoryMin
    DefaultStartupMemoryLow Delegate* DelegateSubgroup DeviceAllow* DevicePolicy DisableControllers*
    DynamicUser Environment* EnvironmentFile* ExecCondition* ExecPaths* ExecReload* ExecSearchPath*
    ExecStart* ExecStartPost* ExecStartPre* ExecStop* ExecStopPost* ExitType ExtensionDirectories*
    ExtensionImagePolicy ExtensionImages* FailureAction FileDescriptorStoreMax
    FileDescriptorStorePreserve FinalKillSignal Group GuessMainPID IOAccounting
    IODeviceLatencyTargetSec* IODeviceWeight* IOReadBandwidthMax* IOReadIOPSMax* IOSchedulingClass
    IOSchedulingPriority IOWeight IOWriteBandwidthMax* IOWriteIOPSMax* IPAccounting IPAddressAllow*
    IPAddressDeny* IPCNamespacePath IPEgressFilterPath* IPIngressFilterPath* IgnoreSIGPIPE
    ImportCredential* InaccessibleDirectories* InaccessiblePaths* KeyringMode KillMode KillSignal
    LimitAS LimitCORE LimitCPU LimitDATA LimitFSIZE LimitLOCKS LimitMEMLOCK LimitMSGQUEUE LimitNICE
    LimitNOFILE LimitNPROC LimitRSS LimitRTPRIO LimitRTTIME LimitSIGPENDING LimitSTACK
    LoadCredential* LoadCredentialEncrypted* LockPersonality LogExtraFields* LogFilterPatterns*
    LogLevelMax LogNamespace LogRateLimitBurst LogRateLimitIntervalSec LogsDirectory*
    LogsDirectoryMode ManagedOOMMemoryPressure ManagedOOMMemoryPressureDurationSec
    ManagedOOMMemoryPressureLimit ManagedOOMPreference ManagedOOMSwap MemoryAccounting
    MemoryDenyWriteExecute MemoryHigh MemoryKSM MemoryLimit MemoryLow MemoryMax MemoryMin
    MemoryPressureThresholdSec MemoryPressureWatch MemorySwapMax MemoryZSwapMax MemoryZSwapWriteback
    MountAPIVFS MountFlags MountImagePolicy MountImages* NFTSet* NUMAMask* NUMAPolicy
    NetworkNamespacePath Nice NoExecPaths* NoNewPrivileges NonBlocking NotifyAccess OOMPolicy
    OOMScoreAdjust OpenFile* PAMName PIDFile PassEnvironment* PermissionsStartOnly Personality
    PrivateDevices PrivateIPC PrivateMounts PrivateNetwork PrivatePIDs PrivateTmp PrivateUsers
    ProcSubset ProtectClock ProtectControlGroups ProtectHome ProtectHostname ProtectKernelLogs
    ProtectKernelModules ProtectKernelTunables ProtectProc ProtectSystem ReadOnlyDirectories*
    ReadOnlyPaths* ReadWriteDirectories* ReadWritePaths* RebootArgument ReloadSignal RemainAfterExit
    RemoveIPC Restart RestartForceExitStatus* RestartKillSignal RestartMaxDelaySec RestartMode
    RestartPreventExitStatus* RestartSec RestartSteps RestrictAddressFamilies* RestrictFileSystems*
    RestrictNamespaces* RestrictNetworkInterfaces* RestrictRealtime RestrictSUIDSGID RootDirectory
    RootDirectoryStartOnly RootEphemeral RootHash RootHashSignature RootImage RootImageOptions*
    RootImagePolicy RootVerity RuntimeDirectory* RuntimeDirectoryMode RuntimeDirectoryPreserve
    RuntimeMaxSec RuntimeRandomizedExtraSec SELinuxContext SecureBits* SendSIGHUP SendSIGKILL
    SetCredential* SetCredentialEncrypted* SetLoginEnvironment Slice SmackProcessLabel
    SocketBindAllow* SocketBindDeny* Sockets* StandardError StandardInput StandardInputData*
    StandardInputText* StandardOutput StartLimitAction StartLimitBurst StartLimitInterval
    StartupAllowedCPUs* StartupAllowedMemoryNodes* StartupBlockIOWeight StartupCPUShares
    StartupCPUWeight StartupIOWeight StartupMemoryHigh StartupMemoryLow StartupMemoryMax
    StartupMemorySwapMax StartupMemoryZSwapMax StateDirectory* StateDirectoryMode SuccessExitStatus*
    SupplementaryGroups* SyslogFacility SyslogIdentifier SyslogLevel SyslogLevelPrefix
    SystemCallArchitectures* SystemCallErrorNumber SystemCallFilter* SystemCallLog* TTYColumns
    TTYPath TTYReset TTYRows TTYVHangup TTYVTDisallocate TasksAccounting TasksMax
    TemporaryFileSystem* TimeoutAbortSec TimeoutCleanSec TimeoutSec TimeoutStartFailureMode
    TimeoutStartSec TimeoutStopFailureMode TimeoutStopSec TimerSlackNSec Type UMask
    USBFunctionDescriptors USBFunctionStrings UnsetEnvironment* User UtmpIdentifier UtmpMode
    WatchdogSec WatchdogSignal WorkingDirectory
  `),
  Install: words("Alias* Also* DefaultInstance RequiredBy* UpheldBy* WantedBy*"),
};

function unmarked(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.map((name) => name.replace("*", "")).sort());
}

/** Every directive that systemd 257 reads in these sections, sorted. */
export const SYSTEMD_KEYS: Readonly<Record<keyof typeof MARKED, ReadonlySet<string>>> = {
  Unit: unmarked(MARKED.Unit),
  Service: unmarked(MARKED.Service),
  Install: unmarked(MARKED.Install),
};

/**
 * The directives of which several lines add up in systemd 257. An empty line clears them, except
 * dependencies between units, which cannot be cleared.
 */
export const SYSTEMD_LISTS: ReadonlySet<string> = unmarked(
  Object.values(MARKED).flat().filter((name) => name.endsWith("*")),
);

/** The directives of [Service] whose value systemd 257 reads as a command line, expanding `$` in it. */
export const SYSTEMD_COMMANDS: ReadonlySet<string> = new Set(
  [...SYSTEMD_LISTS].filter((name) => /^Exec(?:Condition|Reload|Start|Stop)/.test(name)),
);

/**
 * The directives of [Service] in whose value systemd 257 replaces no specifiers, although it can
 * contain a percent sign: `CPUQuota=50%%` is invalid. Observed with systemd-analyze 252.
 */
export const SYSTEMD_VERBATIM: ReadonlySet<string> = new Set(
  [...SYSTEMD_KEYS.Service].filter((name) =>
    /^(?:CPUQuota|TasksMax|ManagedOOM.*Limit|LogFilterPatterns|(?:Default|Startup)*Memory(?:High|Limit|Low|Max|Min|SwapMax|ZSwapMax))$/
      .test(name)
  ),
);
