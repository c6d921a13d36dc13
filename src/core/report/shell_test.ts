import { strictEqual } from "node:assert/strict";
import { printable } from "./printable.ts";
import { command, shellWord } from "./shell.ts";

const WORDS: Readonly<Record<string, string>> = {
  "/srv/models": "/srv/models",
  "": "''",
  "/srv/my models; rm x": "'/srv/my models; rm x'",
  "it's $HOME": `'it'\\''s $HOME'`,
  "back\\slash": "'back\\slash'",
  "ä": "'ä'",
  "a\nb": "$'a\\nb'",
  "a\\nb\t'\u001b1": "$'a\\\\nb\\t\\'\\0331'",
  "ä\u202e1": "$'ä\\342\\200\\2561'",
};

for (const [word, quoted] of Object.entries(WORDS)) {
  Deno.test(`a shell reads ${JSON.stringify(word)} from ${quoted}`, () => {
    strictEqual(shellWord(word), quoted);
    // A terminal gets it as it is.
    strictEqual(printable(quoted), quoted);
  });
}

Deno.test("each value of a command becomes one word, or the words of its list", () => {
  const name = "lich; evil|sh #";
  strictEqual(command`loginctl enable-linger ${name}`.line, `loginctl enable-linger '${name}'`);
  strictEqual(command`rm ${["/a b", "it's", "/c"]}`.line, `rm '/a b' 'it'\\''s' /c`);
  strictEqual(
    command`grep -l ${"x"} ${["/a b", "/c"].map((f) => command`${f}/*`)}`.line,
    "grep -l x '/a b'/* /c/*",
  );
  strictEqual(command`printf 'a\n' && kill ${12}`.line, "printf 'a\\n' && kill 12");
  strictEqual(command`${command`sudo rm ${"a b"}`} && ${""}`.line, "sudo rm 'a b' && ''");
});
