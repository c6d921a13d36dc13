// deno-lint-ignore no-console -- what `deno task bench` compares with
console.log("hello");
