/** Findings, their messages, and the text of reports. */
export type { Code } from "./catalogue.ts";
export type { Finding, Place, Position, Severity } from "./finding.ts";
export { finding, hasErrors, sortFindings, startOf } from "./finding.ts";
export { formatCount, formatReport, type ReportOptions } from "./frame.ts";
export { type Palette, PLAIN } from "./palette.ts";
export { isSecretName, maskWords, secretsIn } from "./secrets.ts";
export { type Command, command, type CommandPart, shellWord } from "./shell.ts";
export { countOf, trimEnd, trimEnds, WIDTH, wrap } from "./text.ts";
export { nearest } from "./nearest.ts";
export { printable, printableJson, printableLines, printableToml, quoted } from "./printable.ts";
