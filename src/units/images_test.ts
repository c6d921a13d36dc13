import { deepStrictEqual } from "node:assert/strict";
import { inventoryOf } from "../core/orchestrator/from_codex_test.ts";
import { HostError } from "../host/host.ts";
import { findPrograms } from "../run/programs.ts";
import { memoryHost } from "../testing/memory_host.ts";
import { missingImages, missingImageText } from "./images.ts";

const { engines } = await inventoryOf(
  ["eye", "owl", "sage"].map((name, i) =>
    `[${name}]\nimage = "localhost/${name === "sage" ? "b" : "a"}:1"\nport = ${9000 + i}\n`
  ).join(""),
);

/** Returns the missing images, given the exit code of Podman for each image, and its calls. */
async function missing(codes: Readonly<Record<string, number>>, podman = true) {
  const calls: string[] = [];
  const host = memoryHost({}, (program, args) => {
    calls.push(args.join(" "));
    const code = codes[args.at(-1) ?? ""];
    if (code === undefined) throw new HostError("timeout", program, "no answer");
    return Promise.resolve({ code, stdout: "", stderr: "" });
  });
  const programs = { ...findPrograms(() => false), ...podman && { podman: "/podman" } };
  return { found: await missingImages({ host, programs }, engines), calls };
}

Deno.test("an image that Podman does not have is missing for all engines of it", async () => {
  deepStrictEqual(await missing({ "localhost/a:1": 1, "localhost/b:1": 0 }), {
    found: [{ image: "localhost/a:1", soulstones: ["eye", "owl"] }],
    calls: ["image exists -- localhost/a:1", "image exists -- localhost/b:1"],
  });
});

Deno.test("no image is called missing if Podman fails, hangs or does not exist", async () => {
  deepStrictEqual((await missing({ "localhost/a:1": 125 })).found, []);
  deepStrictEqual(await missing({}, false), { found: [], calls: [] });
});

Deno.test("the hint for a missing image names its engine without ambiguity, and nothing for a local image", async () => {
  const eye = '[eye]\nimage = "x"\nport = 9000\n';
  const hintOf = async (more: string, image: string) =>
    missingImageText({ image, soulstones: ["eye", "owl"] }, await inventoryOf(eye + more));
  deepStrictEqual(await hintOf("", "docker.io/a:1"), {
    message: "Podman does not have the image of eye, owl: docker.io/a:1",
    hint: "lychd pull eye",
  });
  for (const more of ['groups = ["eye"]\n', 'capabilities = ["eye"]\n']) {
    deepStrictEqual((await hintOf(more, "docker.io/a:1")).hint, "lychd pull soulstone:eye");
  }
  deepStrictEqual((await hintOf("", "localhost/a:1")).hint, undefined);
});
