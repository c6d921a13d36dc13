/** Simulates a GPU on the lab's host with a CDI specification. */
import assert from "node:assert/strict";
import { lichExec } from "./lab.ts";

/** A specification like those of nvidia-ctk, with `/dev/null` as the device node. */
export const SPECIFICATION = `cdiVersion: "0.5.0"
kind: nvidia.com/gpu
devices:
  - name: "0"
    containerEdits:
      deviceNodes:
        - path: /dev/null
  - name: all
    containerEdits:
      deviceNodes:
        - path: /dev/null
`;

/** Writes the specification that Podman reads, or removes it if `text` is undefined. */
export async function writeSpecification(text: string | undefined): Promise<void> {
  const file = "/etc/cdi/nvidia.yaml";
  const script = text === undefined ? `rm -f ${file}` : `mkdir -p /etc/cdi && cat > ${file}`;
  const { code, stderr } = await lichExec(["sh", "-c", script], { root: true, stdin: text ?? "" });
  assert.equal(code, 0, stderr);
}
