import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { readScript } from "./shell.ts";

const KNOWN = new Map([["HOME", "/home/lich"], ["N", "5"]]);

/** Returns a script as one line for each command. */
function shown(script: string): string[] | undefined {
  return readScript(script, KNOWN)?.map((
    { words, variables, unreadVariables, redirections, unread },
  ) =>
    [words, [...variables, ...unreadVariables.map((pair) => `?${pair}`)], redirections].map((
      part,
    ) => part.join("|")).join(" ; ") +
    (unread === undefined ? "" : ` ; ${unread}`)
  );
}

const SCRIPTS: readonly (readonly [script: string, ...commands: string[]])[] = [
  ["", ...[]],
  ["exec server -m /a.gguf", "exec|server|-m|/a.gguf ;  ; "],
  ["server 'a b' \"c d\"e f\\ g ''", "server|a b|c de|f g| ;  ; "],
  [`server --x '{"a": 1}' "{\\"b\\": $N}"`, `server|--x|{"a": 1}|{"b": 5} ;  ; `],
  ["A=1 B='x y' server", "server ; A=1|B=x y ; "],
  ["export A=1 B; server $A", " ; A=1 ; ", "server|1 ;  ; "],
  ["A=/m; server $A/x", "server|/m/x ;  ; "],
  ["A='-p 1  -q'; server $A\"$A\"x", "server|-p|1|-q-p 1  -qx ;  ; "],
  ["M=$(ls); N=6; server $M $N", "server|$M|6 ;  ;  ; $M"],
  ["export A=1 P=$P:/x; B=$Q C=2 server", " ; A=1|?P=$P:/x ; ", "server ; C=2|?B=$Q ; "],
  ["server ~/x $HOME/y --z=~/z a~", "server|/home/lich/x|/home/lich/y|--z=/home/lich/z|a~ ;  ; "],
  ["server >>log 2>&1 </dev/null &", "server ;  ; >>log|2>&1|</dev/null"],
  ["server -n 2 > log", "server|-n|2 ;  ; >log"],
  ["server &>log | tee x", "server ;  ; &>log", "tee|x ;  ; "],
  ["a && b || c; d\ne", "a ;  ; ", "b ;  ; ", "c ;  ; ", "d ;  ; ", "e ;  ; "],
  ["server \\\n  -a # -b\n# c", "server|-a ;  ; "],
  ["server a#b", "server|a#b ;  ; "],
  ["server ${env.X} $X", "server|${env.X}|$X ;  ;  ; $X"],
  ["server $(date) x", "server|$(date)|x ;  ;  ; $(date)"],
  ['server "${N:-1}"', "server|${N:-1} ;  ;  ; ${N:-1}"],
  ["server `date` *.gguf", "server|`date`|*.gguf ;  ;  ; `"],
  ["server /m/*.gguf", "server|/m/*.gguf ;  ;  ; *"],
  ["server '*' \"it's\"", "server|*|it's ;  ; "],
  ["server 'open", "server|'open ;  ;  ; '"],
  ["(server)", "(server) ;  ;  ; ("],
  ["server <<END\nx\nEND", "server|<<END ;  ;  ; <<", "x ;  ; ", "END ;  ; "],
];

Deno.test("the commands of a script are read as a shell reads them", () => {
  for (const [script, ...commands] of SCRIPTS) deepStrictEqual(shown(script), commands, script);
});

Deno.test("a script with conditions, loops or functions is not read", () => {
  for (
    const script of ["if true; then a; fi", "while true; do a; done", "! a", "[[ -f x ]] && a"]
  ) strictEqual(shown(script), undefined, script);
});

Deno.test("a word of the shell's syntax is a word where it is not the first", () => {
  deepStrictEqual(shown("server if"), ["server|if ;  ; "]);
});
