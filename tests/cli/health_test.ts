/** Tests which addresses the health sandbox of `summon` contacts for hostile code in the first one. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { cli, EYE, NO_WATCHERS } from "./cli.ts";
import { RENDER } from "./inscription.ts";

const GATE = import.meta.resolve("../../src/sandbox/gate.ts");
const SOURCE = import.meta.resolve("../../src/sandbox");
const CONFIG = new URL(import.meta.resolve("../../deno.json")).pathname;

/** Returns code that requests more than a summon may: another port and another path. */
function hostile(ports: readonly number[]): string {
  return `self.onmessage = async () => {
  const answers = [];
  for (const port of ${JSON.stringify(ports)}) {
    const { port1, port2 } = new MessageChannel();
    const endpoint = { port, path: "/shutdown" };
    const endpoints = [endpoint];
    const places = { enginePorts: [port], endpoints };
    self.postMessage({ wanted: "prober", ...places, channel: port2 }, { transfer: [port2] });
    answers.push(await new Promise((done) => {
      port1.onmessage = ({ data }) => done(data.ok);
      port1.postMessage({ id: 0, port, endpoint, endpoints });
    }));
    port1.close();
  }
  console.log(JSON.stringify(answers));
  self.postMessage(0);
};
`;
}

Deno.test({
  name: "a hostile sandbox can contact only the health endpoints of engines",
  ignore: Boolean(Deno.env.get("LYCHD_BINARY")),
  async fn() {
    const requests: string[] = [];
    const listen = (name: string) =>
      Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
        requests.push(`${name} ${new URL(url).pathname}`);
        return new Response("", { status: 200 });
      });
    await using engine = listen("the engine");
    await using other = listen("another program");
    const ports = [other.addr.port, engine.addr.port];
    await using test = cli().codex({
      "lychd.toml": NO_WATCHERS,
      "soulstones/eye.toml": EYE.replace("8780", `${engine.addr.port}`),
    }).write("hostile.js", hostile(ports));
    test.write(
      "main.js",
      `import { gate } from "${GATE}";
const find = (name) =>
  name === "worker" ? "file://${test.dir}/hostile.js" : \`${SOURCE}/\${name}.ts\`;
Deno.exit(await gate(Deno.args, find));
`,
    );
    strictEqual((await test.run(RENDER)).code, 0);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", `--config=${CONFIG}`, "main.js", "summon", "eye"],
      cwd: test.dir,
      env: { XDG_CONFIG_HOME: test.config },
    }).output();
    strictEqual(
      new TextDecoder().decode(stdout),
      "[false,true]\n",
      new TextDecoder().decode(stderr),
    );
    deepStrictEqual(requests, ["the engine /health"]);
  },
});
