import { outputOf } from "../../facts.ts";
import { command } from "../../report/mod.ts";
import { type Check, ok, skipped, warning } from "../check.ts";
import { devicesOf } from "../wants.ts";
import { installCommand, osOf } from "../read/os.ts";

/** Whether SELinux lets containers use devices. */
export const HOST_SELINUX: Check = {
  id: "host.selinux",
  about: "SELinux lets containers use devices",
  why: "else CUDA finds no device although its nodes are there",
  run({ facts, codex }) {
    const enforce = outputOf(facts, "selinux")?.trim();
    if (enforce === undefined) return [skipped("there is no SELinux")];
    if (enforce !== "1") return [ok("SELinux is permissive")];
    // The present and the pending value: `0 0`.
    const isOn = outputOf(facts, "selinux-devices")?.trim().startsWith("1") === true;
    if (isOn) return [ok("SELinux is enforcing, container_use_devices is on")];
    const confined = codex.kind === "none"
      ? undefined
      : codex.codex.soulstones.filter((s) =>
        devicesOf(s, codex.codex.settings).length > 0 &&
        s.quadlet["Container"]?.["SecurityLabelDisable"] !== true
      );
    if (confined?.length === 0) {
      return [ok("SELinux is enforcing; no engine with a device is confined")];
    }
    if (outputOf(facts, "selinux-devices") === undefined) {
      return [warning(
        "SELinux is enforcing, and has no rule for containers",
        installCommand(osOf(facts), "container-selinux"),
      )];
    }
    return [warning(
      "SELinux is enforcing, and container_use_devices is off",
      command`sudo setsebool -P container_use_devices on`,
    )];
  },
};
