import { command } from "../../report/mod.ts";
import { type Check, ok, skipped, warning } from "../check.ts";
import { propertiesOf } from "../read/units.ts";

/** What TabbyAPI's own compose file asks for is without limit; llama.cpp's --mlock needs a model's size. */
const MEMLOCK_NEEDED = 2 ** 30;

/** Whether engines that lock memory may. */
export const HOST_MEMLOCK: Check = {
  id: "host.memlock",
  about: "engines that lock their memory may lock enough",
  why: "the model is then swapped out, or the engine stops with “failed to mlock”",
  run({ facts, codex }) {
    const text = propertiesOf(facts, "user-manager").get("")?.get("DefaultLimitMEMLOCK");
    if (text === undefined) return [skipped("the user's systemd does not answer")];
    const isEnough = text === "infinity" || Number(text) >= MEMLOCK_NEEDED;
    const shown = text === "infinity" ? "no limit" : `${Math.floor(Number(text) / 2 ** 20)} MiB`;
    const lockers = codex.kind === "none"
      ? []
      : codex.codex.soulstones.filter((s) =>
        s.exec?.includes("--mlock") === true || s.env["LLAMA_ARG_MLOCK"] !== undefined
      );
    if (isEnough || lockers.length === 0) return [ok(`locked memory: ${shown}`)];
    const folder = "/etc/systemd/system/user@.service.d";
    return [warning(
      `${lockers.map((s) => s.name).join(", ")} locks memory, but the limit is ${shown}`,
      command`sudo mkdir -p ${folder} && printf '[Service]\nLimitMEMLOCK=infinity\n' | sudo tee ${folder}/memlock.conf    # then reboot`,
    )];
  },
};
