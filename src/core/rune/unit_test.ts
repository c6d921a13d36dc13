import { deepStrictEqual } from "node:assert/strict";
import { startOf } from "../report/mod.ts";
import { readQuadletUnit, readUnit, type Unit, verifyUnit } from "./unit.ts";

const READ: readonly (readonly [text: string, lines: readonly string[]])[] = [
  ["", []],
  ["[Unit]\nA=1\n", ["Unit.A=1@2"]],
  ["\n\n[Unit]\n\nA = 1 \nA=2", ["Unit.A=1@5", "Unit.A=2@6"]],
  ["# c\n; c\n  # c\n[Unit]\n#A=1\nB=#2\n", ["Unit.B=#2@6"]],
  ["[Unit]\nA=one\\\n two\nB=3\n", ["Unit.A=one two@2", "Unit.B=3@4"]],
  ["[Unit]\nA=one\\\n# between\ntwo\n", ["Unit.A=one two@2"]],
  ["[Unit]\nA=\n", ["Unit.A=@2"]],
  ["[Unit]\nA=b=c\n", ["Unit.A=b=c@2"]],
  ["[A]\nx=1\n[B]\nx=2\n[A]\nx=3\n", ["A.x=1@2", "B.x=2@4", "A.x=3@6"]],
  ["[X-Lychd]\nPort=1\n", ["X-Lychd.Port=1@2"]],
];

Deno.test("a unit is read as systemd reads it", () => {
  for (const [text, lines] of READ) {
    const read = readUnit(text);
    deepStrictEqual(
      "lines" in read && read.lines.map((l) => `${l.section}.${l.key}=${l.value}@${l.line}`),
      lines,
      text,
    );
  }
});

const READ_BY_QUADLET: readonly (readonly [text: string, lines: readonly string[]])[] = [
  ["[Container]\nA=one\\\ntwo\nB=3\n", ["Container.A=onetwo@2", "Container.B=3@4"]],
  ["[Container]\nA=one \\\n  two \\  \nthree\n", ["Container.A=one two three@2"]],
  ["[Container]\nA=one \\\n\n# c\n; c\ntwo\n", ["Container.A=one two@2"]],
  ["[Container]\r\nA=1\r\n", ["Container.A=1@2"]],
  ["[Container]\nA=one \\", ["Container.A=one@2"]],
];

Deno.test("a Quadlet unit is read as Quadlet reads it", () => {
  for (const [text, lines] of READ_BY_QUADLET) {
    const read = readQuadletUnit(text);
    deepStrictEqual(
      "lines" in read && read.lines.map((l) => `${l.section}.${l.key}=${l.value}@${l.line}`),
      lines,
      text,
    );
  }
});

Deno.test("Quadlet does not treat a byte order mark as white space", () => {
  deepStrictEqual(readQuadletUnit("\ufeff[Container]\nA=1\n"), { badLine: 1 });
});

const BAD: readonly (readonly [text: string, badLine: number])[] = [
  ["A=1\n", 1],
  ["[Unit]\nno equals\n", 2],
  ["[Unit]\n=1\n", 2],
  ["[Unit\nA=1\n", 1],
  ["[]\nA=1\n", 1],
  ["[Unit]\nA=1\n[a[b]]\n", 3],
];

Deno.test("the number of the first invalid line is returned", () => {
  for (const [text, badLine] of BAD) deepStrictEqual(readUnit(text), { badLine }, text);
});

const FROM = startOf("soulstones/eye.toml");
const EXPECTED: Unit = {
  Unit: { Description: [{ text: "An eye" }], Conflicts: [{ text: "a" }, { text: "b" }] },
  Container: { Image: [{ text: "x", from: FROM }], Exec: [] },
};
const RENDERED = `[Unit]
Description=An eye
Conflicts=a
Conflicts=b

[Container]
Image=x
`;

Deno.test("an equal file returns the place of each line", () => {
  deepStrictEqual(verifyUnit(RENDERED, EXPECTED), { provenance: new Map([[7, FROM]]) });
});

const WRONG: readonly (readonly [claim: string, text: string, wrong: string])[] = [
  ["an added directive", `${RENDERED}Exec=evil\n`, "[Container] Exec=evil"],
  ["a repeated directive", `${RENDERED}Image=x\n`, "[Container] Image=x"],
  ["a lost directive", RENDERED.replace("Conflicts=b\n", ""), "missing: Unit.Conflicts=b"],
  [
    "a lost section",
    "[Unit]\nDescription=An eye\nConflicts=a\nConflicts=b\n",
    "missing: Container.Image=x",
  ],
  ["a changed value", RENDERED.replace("=x", "=y"), "[Container] Image=y"],
  [
    "two values in another order",
    RENDERED.replace("=a\nConflicts=b", "=b\nConflicts=a"),
    "[Unit] Conflicts=b",
  ],
  [
    "an injected line",
    RENDERED.replace("An eye", "An eye\nOnFailure=evil"),
    "[Unit] OnFailure=evil",
  ],
  [
    "an injected section",
    RENDERED.replace("=x", "=x\n[Service]\nExecStart=evil"),
    "[Service]",
  ],
  ["a second section of the same name", `${RENDERED}[Unit]\nAfter=c\n`, "[Unit]"],
  ["a directive in another section", RENDERED.replace("[Container]\n", ""), "[Unit] Image=x"],
  [
    "a line that swallows the next",
    RENDERED.replace("=a\n", "=a\\\n"),
    "[Unit] Conflicts=a Conflicts=b",
  ],
  ["a line that is not a directive", RENDERED.replace("=x", "=x\nevil"), "evil"],
];

for (const [claim, text, wrong] of WRONG) {
  Deno.test(`verifyUnit detects ${claim}`, () => {
    deepStrictEqual(verifyUnit(text, EXPECTED), { wrong });
  });
}
