/** Checks the states of the engines in a cluster, from the metrics of its Deployments, with promtool. */
import { ok } from "node:assert/strict";
import { join } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { loadAll } from "js-yaml";
import { findProgramFolders, versionOf } from "../dashboards/prometheus.ts";

const RULES = fileURLToPath(
  new URL("../kubernetes/two-covens-and-a-resident/tree/watchers/rules.yaml", import.meta.url),
);

/** The replicas of a Deployment while it is started and stopped: wanted, present, ready. */
const REPLICAS = {
  spec_replicas: "0 1 1 0 0",
  status_replicas: "0 1 1 1 0",
  status_replicas_ready: "0 0 1 1 0",
} as const;

/** The codes of the recorded states: stopped, starting, running, stopping, stopped. */
const CODES = [0, 1, 2, 4, 0];

interface Rules {
  readonly spec: { readonly groups: readonly { readonly name: string }[] };
}

for (const folder of findProgramFolders()) {
  Deno.test(`a Deployment has the states of a Soulstone, by promtool ${versionOf(folder)}`, async () => {
    const [{ spec }] = loadAll(Deno.readTextFileSync(RULES)) as [Rules];
    const temporary = await Deno.makeTempDir();
    try {
      const labels = '{namespace="lychd",deployment="soulstone-eye"}';
      const test = {
        rule_files: ["rules.json"],
        evaluation_interval: "10s",
        // Otherwise promtool evaluates the groups in any order.
        group_eval_order: spec.groups.map(({ name }) => name),
        tests: [{
          interval: "10s",
          input_series: Object.entries(REPLICAS).map(([name, values]) => ({
            series: `kube_deployment_${name}${labels}`,
            values,
          })),
          promql_expr_test: CODES.map((value, i) => ({
            expr: 'soulstone:state:code{soulstone="eye"}',
            eval_time: `${i * 10}s`,
            exp_samples: [{
              labels:
                'soulstone:state:code{soulstone="eye",covens="vision-ritual",engine_kind="vllm"}',
              value,
            }],
          })),
        }],
      };
      // JSON is YAML.
      Deno.writeTextFileSync(join(temporary, "rules.json"), JSON.stringify(spec));
      Deno.writeTextFileSync(join(temporary, "test.json"), JSON.stringify(test));
      const { success, stdout, stderr } = await new Deno.Command(join(folder, "promtool"), {
        args: ["test", "rules", join(temporary, "test.json")],
      }).output();
      const text = new TextDecoder();
      ok(success, text.decode(stdout) + text.decode(stderr));
    } finally {
      await Deno.remove(temporary, { recursive: true });
    }
  });
}
