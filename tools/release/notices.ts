/** Writes THIRD_PARTY_NOTICES.txt: `deno task notices`. */
import { type Package, packagesOf } from "./sbom.ts";

const RULE = `\n\n${"-".repeat(70)}\n\n`;

/** Returns the license texts of all that is in the binary, each text once. */
export function noticesOf(packages: readonly Package[]): string {
  const users = Map.groupBy(packages, ({ licenseText }) => licenseText);
  const sections = [...users].map(([text, group]) => {
    const names = group.map(({ name, version, license }) => `${name} ${version}, ${license}`);
    return `${names.join("\n")}\n\n${text}`;
  });
  const runtime = Deno.readTextFileSync(new URL("runtime_licenses.txt", import.meta.url));
  return [
    "The binary of lychd contains these packages, and Deno, which runs them.",
    ...sections,
    runtime,
  ]
    .join(RULE);
}

if (import.meta.main) {
  await Deno.writeTextFile(
    new URL("../../THIRD_PARTY_NOTICES.txt", import.meta.url),
    noticesOf(await packagesOf()),
  );
}
