/** A GPU for the lab's host, as far as Podman and lychd look. */
import assert from "node:assert/strict";
import { lichExec } from "./lab.ts";

/** A specification as nvidia-ctk writes one, for a GPU that is another node. */
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

/** Puts a specification where Podman reads it, or takes it away. */
export async function writeSpecification(text: string | undefined): Promise<void> {
  const file = "/etc/cdi/nvidia.yaml";
  const script = text === undefined ? `rm -f ${file}` : `mkdir -p /etc/cdi && cat > ${file}`;
  const { code, stderr } = await lichExec(["sh", "-c", script], { root: true, stdin: text ?? "" });
  assert.equal(code, 0, stderr);
}
