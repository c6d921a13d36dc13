import { strictEqual } from "node:assert/strict";
import { cudaOf } from "./cuda.ts";

const IMAGES: Readonly<Record<string, number | undefined>> = {
  "docker.io/vllm/vllm-openai:v0.33.0": 13,
  "docker.io/vllm/vllm-openai:v0.20.0": 13,
  "docker.io/vllm/vllm-openai:v0.19.1": 12,
  "docker.io/vllm/vllm-openai:v0.19.1-cu130": 13,
  "docker.io/vllm/vllm-openai:v0.22.0-cu129-ubuntu2404": 12,
  "docker.io/vllm/vllm-openai:latest": 13,
  "vllm/vllm-openai": 13,
  "registry.example:5000/vllm/vllm-openai:v0.10.0": 12,
  "docker.io/vllm/vllm-openai@sha256:012345": undefined,
  "docker.io/vllm/vllm-openai:v0.33.0@sha256:012345": 13,
  "docker.io/rocm/vllm:latest": undefined,
  "docker.io/lmsysorg/sglang:v0.5.10": 12,
  "docker.io/lmsysorg/sglang:v0.5.23": 13,
  "docker.io/lmsysorg/sglang:v0.5.23-rocm720-mi35x": undefined,
  "ghcr.io/ggml-org/llama.cpp:server": undefined,
  "ghcr.io/ggml-org/llama.cpp:server-cuda": 12,
  "ghcr.io/ggml-org/llama.cpp:server-cuda-b7200": 12,
  "ghcr.io/ggml-org/llama.cpp:server-cuda13": 13,
  "ghcr.io/theroyallab/tabbyapi:latest": 12,
  "ghcr.io/theroyallab/tabbyapi:cu13": 13,
  "docker.io/nvidia/cuda:13.0.1-runtime-ubuntu24.04": 13,
  "docker.io/pytorch/pytorch:2.8.0-cuda12.9-cudnn9-runtime": 12,
  "localhost/fake-engine:latest": undefined,
};

for (const [image, cuda] of Object.entries(IMAGES)) {
  Deno.test(`${image} contains ${cuda === undefined ? "an unknown CUDA" : `CUDA ${cuda}`}`, () => {
    strictEqual(cudaOf(image), cuda);
  });
}
