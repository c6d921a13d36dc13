/** The files that the Watchers read unchanged. They are embedded, so no read permission is needed. */
import covens from "../../../../dashboards/lychd-covens.json" with { type: "text" };
import rules from "../../../../dashboards/rules.yml" with { type: "text" };
import llamacpp from "../../../../dashboards/soulstone-llamacpp.json" with { type: "text" };
import sglang from "../../../../dashboards/soulstone-sglang.json" with { type: "text" };
import vllm from "../../../../dashboards/soulstone-vllm.json" with { type: "text" };
import observe from "../../../../templates/observe.sh" with { type: "text" };

/** The dashboards of Grafana, by file name. */
export const DASHBOARDS: Readonly<Record<string, string>> = {
  "lychd-covens.json": covens,
  "soulstone-llamacpp.json": llamacpp,
  "soulstone-sglang.json": sglang,
  "soulstone-vllm.json": vllm,
};

/** The recording and alerting rules of Prometheus. */
export const RULES: string = rules;

/** The script of the observer. */
export const OBSERVE_SCRIPT: string = observe;
