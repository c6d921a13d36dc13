import { deepStrictEqual } from "node:assert/strict";
import { parseVolume, type Volume } from "./volume.ts";

const READ: readonly (readonly [
  text: string,
  kind: Volume["source"]["kind"],
  source: string,
  target: string,
  options?: string,
])[] = [
  ["/srv/models:/models", "path", "/srv/models", "/models"],
  ["/srv/models:/models:ro,Z", "path", "/srv/models", "/models", "ro,Z"],
  ["~/models:/models:ro", "home", "models", "/models", "ro"],
  ["~/:/home", "home", "", "/home"],
  ["named-volume_1.x:/data", "volume", "named-volume_1.x", "/data"],
  ["/with space:/a]b=c", "path", "/with space", "/a]b=c"],
  ["/%h$HOME:/x", "path", "/%h$HOME", "/x"],
  ["/a:/b:rw,z,U,rshared,nodev", "path", "/a", "/b", "rw,z,U,rshared,nodev"],
];

Deno.test("a volume is parsed into source, target and options", () => {
  for (const [text, kind, source, target, options] of READ) {
    deepStrictEqual(parseVolume(text), {
      volume: { source: { kind, text: source }, target, options },
    });
  }
});

const SOURCE = "the source must be an absolute path, ~/..., or the name of a volume";
const TARGET = "the target must be an absolute path";

const REFUSED: readonly (readonly [text: string, problem: string])[] = [
  ["", "`:` between source and target is missing"],
  ["/models", "`:` between source and target is missing"],
  ["/a:b", TARGET],
  ["/a:", TARGET],
  ["/a:/", "the target must not be the root folder"],
  ["/a:/b:ro:rw", "it contains more than two `:`"],
  ["/a:/b:rx", "Podman has no option `rx`"],
  ["/a:/b:ro,", "Podman has no option ``"],
  ["./a:/b", SOURCE],
  ["a/b:/c", SOURCE],
  [":/c", SOURCE],
  ["~:/c", SOURCE],
  ["~root/x:/c", SOURCE],
  ["-a:/c", SOURCE],
  ["models.volume:/c", SOURCE],
  ["/a\n:/b", "it contains a control character"],
  ["/a\0:/b", "it contains a control character"],
];

Deno.test("an invalid volume is refused with the reason", () => {
  for (const [text, problem] of REFUSED) deepStrictEqual(parseVolume(text), { problem }, text);
});
