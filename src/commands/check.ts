import { uriOf } from "../core/codex/mod.ts";
import { covensOf, metricsOf, profileOf } from "../core/compile/mod.ts";
import { countOf } from "../core/report/text.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import type { CommandContext } from "../run/context.ts";
import { printJson } from "../run/say.ts";
import { findingJson, loadCodex, type Loaded } from "../units/codex.ts";

/** `lychd check`: validates the Codex, and prints what it contains. */
export async function check(
  { json }: Extract<Invocation, { command: "check" }>,
  context: CommandContext,
): Promise<ExitCode> {
  const loaded = await loadCodex(context);
  if (json) printJson(context, checkJson(loaded));
  else if (loaded.valid) context.terminal.out(`${summary(loaded)}\n`);
  return loaded.valid ? EXIT.ok : EXIT.codexInvalid;
}

function summary({ codex }: Loaded): string {
  const soulstones = codex?.soulstones ?? [];
  const covens = covensOf(soulstones);
  return `the Codex is valid: ${countOf(soulstones.length, "Soulstone")}, ${
    countOf(covens.length, "Coven")
  }`;
}

function checkJson({ codex, valid, findings }: Loaded) {
  const soulstones = valid ? codex?.soulstones ?? [] : [];
  return {
    valid,
    findings: findings.map(findingJson),
    soulstones: soulstones.map((s) => ({
      name: s.name,
      engine: profileOf(s).name,
      image: s.image,
      port: s.port,
      uri: uriOf(s),
      groups: s.groups,
      capabilities: s.capabilities,
      slot: s.slot ?? null,
      resident: s.resident,
      metrics_path: metricsOf(s)?.path ?? null,
      file: s.file,
    })),
    covens: covensOf(soulstones).map(({ name, members }) => ({ name, members })),
  };
}
