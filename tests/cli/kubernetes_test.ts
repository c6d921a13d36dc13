import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { cli, EYE, NO_WATCHERS, SAGE } from "./cli.ts";

const RENDER = ["render", "--target", "kubernetes", "--output", "out"];

const TREE = [
  ".lychd-receipt.json",
  "base/kustomization.yaml",
  "base/namespace.yaml",
  "base/network.yaml",
  "base/soulstone-eye.yaml",
  "base/volumes.yaml",
  "covens/vision/kustomization.yaml",
];

const NOTES =
  `note: engines reach each other by Service, such as http://soulstone-eye:8780, not by localhost
note: each host with GPUs needs at least 1 of them, or as many slices by time slicing
note: these go past the exclusivity rule: kubectl delete --force, pods with nodeName, a second scheduler, and a host that is lost while its engines run
`;

const HINT = "hint: kubectl apply -k [DIR]/out/covens/vision\n";

const CODEX = { "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE };

Deno.test("a Codex becomes a tree for kubectl, which only its owner can read", async () => {
  await using test = cli().codex(CODEX);
  await test.expect(RENDER, {
    stdout: "[DIR]/out: 6 to create, 0 to update, 0 to remove, 0 unchanged\n",
    stderr: NOTES + HINT,
  });
  deepStrictEqual(test.files("out"), TREE);
  for (const path of TREE) {
    strictEqual((Deno.statSync(`${test.dir}/out/${path}`).mode ?? 0) & 0o777, 0o600, path);
  }
  const before = test.listing("out");
  await test.expect(RENDER, {
    stdout: "[DIR]/out: 0 to create, 0 to update, 0 to remove, 6 unchanged\n",
    stderr: NOTES + HINT,
  });
  deepStrictEqual(test.listing("out"), before);
});

Deno.test("files that the Codex no longer has are removed, and files of others are kept", async () => {
  await using test = cli().codex({ ...CODEX, "soulstones/sage.toml": SAGE });
  await test.run(RENDER);
  test.write("out/covens/think/README.md", "mine").write("out/mine/kustomization.yaml", "mine");
  Deno.removeSync(`${test.config}/lychd/soulstones/sage.toml`);
  const { stdout } = await test.run(RENDER);
  strictEqual(stdout, "[DIR]/out: 0 to create, 2 to update, 2 to remove, 4 unchanged\n");
  const others = ["covens/think/README.md", "mine/kustomization.yaml"];
  deepStrictEqual(test.files("out"), [...TREE, ...others].sort());
});

Deno.test("--dry-run shows the differences to the folder, and changes nothing", async () => {
  await using test = cli().codex(CODEX);
  const first = await test.run([...RENDER, "--dry-run"]);
  match(first.stdout, /^--- \/dev\/null\n\+\+\+ base\/kustomization\.yaml\n/);
  match(first.stdout, /\n6 to create, 0 to update, 0 to remove, 0 unchanged\n$/);
  deepStrictEqual(test.files().filter((path) => path.startsWith("out")), []);
  await test.run(RENDER);
  const before = test.listing("out");
  strictEqual((await test.run([...RENDER, "--exit-code"])).code, 0);
  test.codex({ "soulstones/eye.toml": EYE.replace("8780", "8790") });
  const changed = await test.run([...RENDER, "--exit-code"]);
  strictEqual(changed.code, 4);
  match(changed.stdout, /\n-\s+containerPort: 8780\n\+\s+containerPort: 8790\n/);
  deepStrictEqual(test.listing("out"), before);
});

Deno.test("--dry-run with --output also shows the differences of units", async () => {
  await using test = cli().codex(CODEX);
  await test.run(["render", "--output", "units"]);
  await test.expect(["render", "--output", "units", "--exit-code"], {
    stdout: "0 to create, 0 to update, 0 to remove, 3 unchanged\n",
  });
});

Deno.test("a file that was edited by hand is not overwritten", async () => {
  await using test = cli().codex(CODEX);
  await test.run(RENDER);
  test.write("out/base/namespace.yaml", "mine");
  await test.expect(RENDER, {
    code: 1,
    stderr: "lychd: [DIR]/out/base/namespace.yaml was edited by hand; nothing was written\n" +
      "hint: move it away, or use another folder\n",
  });
  const { stderr } = await test.run([...RENDER, "--dry-run"]);
  match(stderr, /out\/base\/namespace\.yaml was edited by hand; render will refuse/);
});

Deno.test("a receipt that names files outside of the tree is refused", async () => {
  await using test = cli().codex(CODEX);
  await test.run(RENDER);
  const path = "out/.lychd-receipt.json";
  test.write(path, test.read(path).replace("base/namespace.yaml", "base/../../precious"));
  test.write("precious", "mine");
  const { code, stderr } = await test.run(RENDER);
  strictEqual(code, 1);
  match(stderr, /it names a file that lychd cannot have written/);
  strictEqual(test.read("precious"), "mine");
});

Deno.test("a folder of units is not a folder of objects, nor the other way round", async () => {
  await using test = cli().codex(CODEX);
  await test.run(["render", "--output", "out"]);
  const stderr = "lychd: [DIR]/out is neither empty nor written by lychd; use another folder\n";
  await test.expect(RENDER, { code: 1, stderr });
});

Deno.test("settings without counterpart are refused, and --allow-loss renders without them", async () => {
  const quadlet = '\n[eye.quadlet.Container]\nShmSize = "64m"\n';
  await using test = cli().codex({ ...CODEX, "soulstones/eye.toml": EYE + quadlet });
  const { code, stderr } = await test.run(RENDER);
  strictEqual(code, 3);
  match(stderr, /^error\[kubernetes-loss\]: .*\n +--> \S+soulstones\/eye\.toml:9:1\n/);
  match(stderr, /\nhint: remove it, or render without it by --allow-loss\n/);
  const lossy = await test.run([...RENDER, "--allow-loss"]);
  strictEqual(lossy.code, 0);
  match(lossy.stderr, /^warning\[kubernetes-lost\]/);
});

Deno.test("--json has the files, the notes and the commands for secrets", async () => {
  await using test = cli().codex({
    ...CODEX,
    "soulstones/eye.toml": `${EYE}secrets = ["hf-token,type=env,target=HF_TOKEN"]\n`,
  });
  const { stdout, stderr } = await test.run([...RENDER, "--json"]);
  strictEqual(stderr, "");
  const { folder, files, notes, secrets } = JSON.parse(stdout);
  strictEqual(folder, "[DIR]/out");
  deepStrictEqual(files.map(({ path }: { path: string }) => path), TREE.slice(1));
  strictEqual(notes.length, 3);
  deepStrictEqual(secrets, [
    "podman secret inspect --showsecret --format '{{.SecretData}}' hf-token | head -c -1 | " +
    "kubectl create secret generic hf-token --namespace lychd --from-file=value=/dev/stdin",
  ]);
});
