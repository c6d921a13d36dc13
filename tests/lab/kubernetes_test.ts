/**
 * Runs a rendered Deployment with `podman kube play`: a smoke test that the pod starts and answers. Podman
 * ignores GPUs, replicas, affinity and typos, and leaves `$$` as it is, so it proves none of those.
 */
import { strictEqual } from "node:assert/strict";
import { dirname, join } from "node:path/posix";
import { codexFiles, engine, ENGINE_IMAGE, lychd, must } from "./host_codex.ts";
import { labTest, labUp, lichShell, putTree } from "./lab.ts";

/** A cluster cannot pull from `localhost/`. */
const IMAGE = "registry.lan/fake-engine:1";

labTest("podman kube play of a rendered Deployment answers requests", async () => {
  await labUp();
  await using shell = await lichShell();
  const folder = await Deno.makeTempDir({ prefix: "lychd-lab-" });
  const files = codexFiles({
    eye: {
      ...engine(8780, {
        image: IMAGE,
        groups: ["vision"],
        volumes: ["/home/lich/models:/models:ro", "kube-cache:/cache"],
      }, ["--model", "my-eye", "--load-seconds", "1"]),
    },
  });
  try {
    for (const [path, text] of Object.entries(files)) {
      await Deno.mkdir(dirname(join(folder, "codex", path)), { recursive: true });
      await Deno.writeTextFile(join(folder, "codex", path), text);
    }
    const tree = join(folder, "tree");
    const options = ["--target", "kubernetes", "--output", tree];
    const { code, stderr } = await lychd("render", "--codex", join(folder, "codex"), ...options);
    strictEqual(code, 0, stderr);
    await putTree(tree, "/home/lich/cluster");
    const play = "podman kube play --quiet --network pasta";
    await must(
      shell,
      `mkdir -p models && echo weights >models/x
       podman tag ${ENGINE_IMAGE} ${IMAGE}
       ${play} --publish 8780:8780 cluster/base/soulstone-eye.yaml`,
    );
    const container = "soulstone-eye-pod-engine";
    const answer = await must(
      shell,
      `for i in $(seq 100); do curl -fsS http://127.0.0.1:8780/v1/models && exit; sleep 0.2; done
       podman logs ${container}; exit 1`,
    );
    strictEqual(JSON.parse(answer).data[0].id, "my-eye");
    strictEqual(await must(shell, `podman exec ${container} cat /models/x`), "weights\n");
  } finally {
    await must(
      shell,
      `podman kube down cluster/base/soulstone-eye.yaml >/dev/null 2>&1
       podman volume rm --force kube-cache >/dev/null 2>&1
       podman rmi ${IMAGE} >/dev/null 2>&1
       rm -rf cluster models`,
    );
    await Deno.remove(folder, { recursive: true });
  }
});
