/** What the Watchers are given as it is: part of the program, so that no read permission is needed. */
import covens from "../../../../dashboards/lychd-covens.json" with { type: "text" };
import rules from "../../../../dashboards/rules.yml" with { type: "text" };
import llamacpp from "../../../../dashboards/soulstone-llamacpp.json" with { type: "text" };
import sglang from "../../../../dashboards/soulstone-sglang.json" with { type: "text" };
import vllm from "../../../../dashboards/soulstone-vllm.json" with { type: "text" };
import observe from "../../../../templates/observe.sh" with { type: "text" };

/** Grafana's dashboards, by the names of their files. */
export const DASHBOARDS: Readonly<Record<string, string>> = {
  "lychd-covens.json": covens,
  "soulstone-llamacpp.json": llamacpp,
  "soulstone-sglang.json": sglang,
  "soulstone-vllm.json": vllm,
};

/** Prometheus' recording and alerting rules. */
export const RULES: string = rules;

/** What the observer runs. */
export const OBSERVE_SCRIPT: string = observe;
