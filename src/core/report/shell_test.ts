import { strictEqual } from "node:assert/strict";
import { command } from "./shell.ts";

Deno.test("each value of a command is one word of it, or the words of its list", () => {
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
