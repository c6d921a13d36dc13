import { command } from "../../report/mod.ts";
import { type Check, error, ok, skipped, type Verdict, warning } from "../check.ts";
import { cdiFoldersOf, effectiveDevices, namesIn, specsIn } from "../read/cdi.ts";
import { deviceNames, IDLE, isIdle, regenerate, wanted } from "./cdi.ts";

/** Whether Podman can read what lies there. */
export const CDI_SPECS: Check = {
  id: "cdi.specs",
  about: "every specification can be read",
  why: "Podman passes over a file with a fault and does not say so",
  run(subject) {
    const { facts } = subject;
    if (isIdle(subject)) return [IDLE];
    const { read } = cdiFoldersOf(facts);
    const missing = wanted(subject).some((device) => !effectiveDevices(facts).devices.has(device));
    const verdicts: Verdict[] = [];
    const files = specsIn(facts, read);
    for (const { path, problem } of files) {
      if (problem === undefined) continue;
      const say = missing ? error : warning;
      const fix = /permission denied/i.test(problem)
        ? command`sudo chmod a+r ${path}`
        : regenerate(facts, path);
      verdicts.push(say(`${path}: ${problem}`, fix));
    }
    for (const folder of read) {
      for (const name of namesIn(facts, folder).filter((n) => /\.(?:yml|YAML|JSON)$/.test(n))) {
        const path = `${folder}/${name}`;
        const say = missing ? error : warning;
        verdicts.push(say(
          `${path} is not read: only .yaml and .json are`,
          command`sudo mv ${path} ${
            path.replace(/\.(?:yml|YAML)$/, ".yaml").replace(/\.JSON$/, ".json")
          }`,
        ));
      }
    }
    if (verdicts.length > 0) return verdicts;
    if (files.length === 0) return [skipped(`there is none in ${read.join(" and ")}`)];
    return files.map(({ path, spec }) =>
      ok(`${path}: ${spec?.kind}, ${deviceNames(spec?.devices ?? [])}`)
    );
  },
};
