/** What is wrong with a Codex, and how it is said. */
export type { Code } from "./catalogue.ts";
export type { Finding, Place, Position, Severity } from "./finding.ts";
export { finding, hasErrors, sortFindings, startOf } from "./finding.ts";
export { formatCount, formatReport, type ReportOptions } from "./frame.ts";
export { type Palette, PLAIN } from "./palette.ts";
export { countOf } from "./words.ts";
export { type Command, command, shellWord } from "./shell.ts";
export { trimEnd, trimEnds } from "./trim.ts";
export { nearest } from "./nearest.ts";
export { printable, printableLines, quoted } from "./printable.ts";
