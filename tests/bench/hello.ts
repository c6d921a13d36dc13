// deno-lint-ignore no-console -- `deno task bench` compares lychd with it
console.log("hello");
