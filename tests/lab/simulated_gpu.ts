/** A simulated GPU of NVIDIA on the lab's host: a program that prints its memory, and its devices. */
import assert from "node:assert/strict";
import { GPU_FOLDER } from "./host_codex.ts";
import { lichExec } from "./lab.ts";

/** The file that the simulated nvidia-smi prints. */
export const SMI = `${GPU_FOLDER.host}/smi`;
const SPECIFICATION = `cdiVersion: "0.5.0"
kind: nvidia.com/gpu
devices:
  - name: all
    containerEdits:
      env: [LYCHD_TEST_GPU=all]
`;

/** Installs a simulated GPU of NVIDIA, or removes it. */
export async function simulateGpu(isPresent: boolean): Promise<void> {
  const script = isPresent
    ? `mkdir -p /etc/cdi && cat > /etc/cdi/nvidia.yaml &&
       printf '#!/bin/sh\\ncat ${SMI}\\n' > /usr/bin/nvidia-smi && chmod 755 /usr/bin/nvidia-smi`
    : "rm -f /etc/cdi/nvidia.yaml /usr/bin/nvidia-smi";
  const { code, stderr } = await lichExec(["sh", "-c", script], {
    root: true,
    stdin: isPresent ? SPECIFICATION : "",
  });
  assert.equal(code, 0, stderr);
}
