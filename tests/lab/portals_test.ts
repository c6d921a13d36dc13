/** Tests of Portals with two hosts: two labs that a cable joins, each with its front door. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { assertWhole, chat, DOOR, installDoor } from "./door.ts";
import {
  engine,
  freshHost,
  must,
  reboot,
  run,
  tomlString,
  waitUntil,
  writeCodex,
} from "./host_codex.ts";
import {
  labDown,
  type LabOptions,
  labStatus,
  labTest,
  labUp,
  lichExec,
  type LichShell,
  lichShell,
} from "./lab.ts";

/** The second host. `deno task test:lab` has at most four labs at once, and a lab has a digit. */
const OTHER: LabOptions = {
  number: Number(Deno.env.get("LAB_OTHER") ?? Number(Deno.env.get("LAB_NUMBER") ?? 1) + 4),
};
const [HERE_ADDRESS, OTHER_ADDRESS] = ["10.98.0.1", "10.98.0.2"];
const KEY = "sesame-open-the-door";
const DIGEST = "sha256:" + new Uint8Array(
  await crypto.subtle.digest("SHA-256", new TextEncoder().encode(KEY)),
).toHex();
const CERTIFICATES = fileURLToPath(new URL("../../src/testing/certificates", import.meta.url));
const PORTALS = "~/.config/lychd/portals";

/** Runs a program of the machine with the labs. */
async function host(program: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await new Deno.Command(program, { args, stderr: "piped" }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
}

/** Joins the two hosts by a cable of their own. */
async function join(): Promise<void> {
  const [here, other] = await Promise.all([labStatus(), labStatus(OTHER)]);
  const pids = [String(here.pid), String(other.pid)] as const;
  const name = `cable${OTHER.number}`;
  // Of a run before, while both stayed up. Without one end, the other is gone too.
  await new Deno.Command("nsenter", {
    args: ["-t", pids[0], "-n", "ip", "link", "del", name],
    stderr: "null",
  }).output();
  await host(
    "ip",
    ...["link", "add", name, "netns", pids[0], "type", "veth", "peer", "name", name, "netns"],
    pids[1],
  );
  for (const [pid, address] of [[pids[0], HERE_ADDRESS], [pids[1], OTHER_ADDRESS]] as const) {
    const ip = (...words: string[]) => host("nsenter", "-t", pid, "-n", "ip", ...words);
    await ip("addr", "add", `${address}/24`, "dev", name);
    await ip("link", "set", name, "up");
  }
}

/** Renders a Portal on this host, with these lines in its file. */
async function renderPortal(shell: LichShell, ...lines: string[]): Promise<void> {
  await must(
    shell,
    `mkdir -p ${PORTALS} && printf '%s\\n' ${
      lines.map((line) => `'${line}'`).join(" ")
    } >${PORTALS}/other.toml`,
  );
  const { code, stderr } = await run(shell, "render");
  assert.equal(code, 0, stderr);
}

interface Known {
  readonly models: readonly { readonly id: string }[];
  readonly under_way: number;
  readonly problem: { readonly code: string; readonly why: string } | null;
}

async function portal(shell: LichShell): Promise<Known | undefined> {
  const { stdout } = await shell.run(`curl -s -m 5 ${DOOR}/lychd/v1/status`);
  return stdout === "" ? undefined : JSON.parse(stdout).portals[0];
}

function known(shell: LichShell, what: string, isIt: (portal: Known) => boolean): Promise<void> {
  return waitUntil(what, 60, async () => {
    const found = await portal(shell);
    return found !== undefined && isIt(found);
  });
}

/** Starts both hosts: `near` here, and `far` on the other one, whose door needs a key. */
async function twoHosts(shell: LichShell): Promise<void> {
  await using other = lichShell(OTHER);
  await freshHost(other, OTHER);
  await writeCodex({ far: engine(8780, {}, ["--model", "far"]) }, {
    vessel: { enabled: true, bind_address: "0.0.0.0", keys: { here: DIGEST } },
  }, OTHER);
  const rendered = await run(other, "render");
  assert.equal(rendered.code, 0, rendered.stderr);
  await must(shell, `rm -rf ${PORTALS}`);
  await installDoor(shell, { near: engine(8780, {}, ["--model", "near"]) });
  await must(shell, `printf ${KEY} | podman secret create --replace other-key -`);
}

/** The lines of the Portal, which comes first for `near` too. */
const PORTAL = [
  `url = ${tomlString(`http://${OTHER_ADDRESS}:8081`)}`,
  'key_secret = "other-key"',
  'prefer = "portal"',
  'aliases = { near = "far" }',
];

labTest("a model of another host is listed, used, streamed and cancelled", async () => {
  await Promise.all([labUp(), labUp(OTHER)]);
  await using shell = lichShell();
  await join();
  await twoHosts(shell);
  await renderPortal(shell, ...PORTAL);
  await known(shell, "the list of the other door", ({ models }) => models.length > 0);
  const { data } = JSON.parse(await must(shell, `curl -sf ${DOOR}/v1/models`));
  assert.deepEqual(
    data.map(({ id, portals }: { id: string; portals: string[] }) => [id, portals]),
    [["near", ["other"]], ["far", ["other"]]],
  );
  // The door writes its state a moment after it knows it.
  await waitUntil("the Portal in the list", 10, async () => {
    return /PORTAL\nPortal other: 1 model\n/.test((await run(shell, "list")).stdout);
  });
  assert.match((await run(shell, "status")).stdout, /Portal other: 1 model\n/);
  assertWhole(await chat("far", 5), 5);
  assertWhole(await chat("near", 3), 3);
  assert.equal((await run(shell, "doctor", "--only", "vessel.portals")).code, 0);
  const streaming = chat("far", 600);
  await known(shell, "the stream", ({ under_way }) => under_way === 1);
  const { requests } = JSON.parse(await must(shell, `curl -sf ${DOOR}/lychd/v1/status`));
  await must(
    shell,
    `curl -sf -X POST -H 'content-type: application/json' -d '{}' ${DOOR}/lychd/v1/cancel/${
      requests[0].id
    }`,
  );
  assert.match((await streaming).stdout, /the request was cancelled by id/);
  await using other = lichShell(OTHER);
  await waitUntil("the end on the other host", 10, async () => {
    const status = await must(
      other,
      `curl -sf -H 'authorization: Bearer ${KEY}' ${DOOR}/lychd/v1/status`,
    );
    return JSON.parse(status).requests.length === 0;
  });
  const ended = JSON.parse(await must(shell, `curl -sf ${DOOR}/lychd/v1/requests`)).requests;
  assert.deepEqual(
    ended.map((r: Record<string, unknown>) => [r.soulstone, r.portal, r.result]),
    [["other", true, "cancelled"], ["other", true, "200"], ["other", true, "200"]],
  );
  assert.equal(await must(shell, "podman ps -q"), "");
});

labTest("after a start of this host, the key is read before any container has run", async () => {
  await reboot();
  await using shell = lichShell();
  await known(shell, "the list", ({ problem, models }) => problem === null && models.length > 0);
});

labTest(
  "without the power of the other host a stream ends with an error, this host answers, and then the other again",
  async () => {
    await using shell = lichShell();
    const streaming = chat("far", 600);
    await known(shell, "the stream", ({ under_way }) => under_way === 1);
    await new Promise((wake) => setTimeout(wake, 3000));
    await labDown(OTHER);
    const { stdout } = await streaming;
    assert.match(stdout, /"w5"|w5/);
    assert.match(stdout, /data: \{"error":\{"message":"the Portal `other` gave no whole answer: /);
    await known(shell, "the problem", ({ problem }) => problem?.code === "portal_unreachable");
    assertWhole(await chat("near", 3), 3);
    assert.notEqual(await must(shell, "podman ps -q"), "");
    const refused = await chat("far");
    assert.notEqual(refused.code, 0);
    assert.match(refused.stdout, /"code":"portal_unreachable"/);
    const doctor = await run(shell, "doctor", "--only", "vessel.portals");
    assert.equal(doctor.code, 5, doctor.stdout);
    assert.match(doctor.stdout, /the Portal other cannot be used: 10\.98\.0\.2:8081/);
    await labUp(OTHER);
    await join();
    await known(
      shell,
      "the way back",
      ({ problem, models }) => problem === null && models.length > 0,
    );
    assertWhole(await chat("far", 3), 3);
  },
);

labTest("a wrong key, and a certificate that is not trusted, are refused with words", async () => {
  await using shell = lichShell();
  const restart = "systemctl --user restart lychd-vessel.service";
  await must(
    shell,
    `printf wrong-key-of-lab | podman secret create --replace other-key - && ${restart}`,
  );
  await known(shell, "the wrong key", ({ problem }) => problem?.code === "portal_key");
  const refused = await chat("far");
  assert.match(refused.stdout, /it refuses the key in the Podman secret other-key \(status 401\)/);
  assert.match(
    (await run(shell, "doctor", "--only", "vessel.portals")).stdout,
    /fix: podman secret create --replace other-key - && systemctl --user restart/,
  );
  await must(shell, `printf ${KEY} | podman secret create --replace other-key - && ${restart}`);
  const journal = await must(shell, "journalctl --user -q --no-pager -o cat");
  assert.ok(!journal.includes(KEY) && !journal.includes("wrong-key-of-lab"));

  const here = (await labStatus()).address?.replace(/\.2$/, ".1") ?? "";
  await lichExec([
    "sh",
    "-c",
    `sed -i '/other.example/d' /etc/hosts; echo '${here} other.example' >>/etc/hosts`,
  ], {
    root: true,
  });
  const target = (await labStatus(OTHER)).address ?? "";
  for (
    const [file, hasCa, why] of [
      ["other-name.pem", true, undefined],
      ["other-name.pem", false, /it is not from a CA that this host or `ca_file` trusts/],
      ["server.pem", true, /it is for another name/],
      ["expired.pem", true, /it is for another name|it has expired/],
    ] as const
  ) {
    await using server = forward(file, target);
    const ca = await Deno.readTextFile(`${CERTIFICATES}/ca.pem`);
    await must(shell, `printf '%s' '${ca}' >${PORTALS}/home.pem`);
    await renderPortal(
      shell,
      `url = "https://other.example:${server.port}"`,
      'key_secret = "other-key"',
      ...hasCa ? ['ca_file = "home.pem"'] : [],
      'models = ["far"]',
    );
    if (why === undefined) {
      await known(shell, "the Portal with TLS", ({ problem }) => problem === null);
      assertWhole(await chat("far", 3), 3);
    } else {
      await waitUntil("the certificate", 60, async () => {
        // The front of the render before may answer first.
        const { stdout } = await chat("far");
        return stdout.includes(`other.example:${server.port}`) && why.test(stdout);
      });
      await known(shell, "the problem", ({ problem }) => why.test(problem?.why ?? ""));
    }
  }
  await labDown(OTHER);
});

/** Speaks TLS with a certificate in front of the door of the other host. */
function forward(certificate: string, target: string) {
  const listener = Deno.listenTls({
    hostname: "0.0.0.0",
    port: 0,
    cert: Deno.readTextFileSync(`${CERTIFICATES}/${certificate}`),
    key: Deno.readTextFileSync(`${CERTIFICATES}/server.key`),
  });
  const accepting = (async () => {
    for await (const client of listener) {
      const pass = async () => {
        await client.handshake();
        const door = await Deno.connect({ hostname: target, port: 8081 });
        await Promise.allSettled([
          client.readable.pipeTo(door.writable),
          door.readable.pipeTo(client.writable),
        ]);
      };
      pass().catch(() => {});
    }
  })();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting.catch(() => {});
    },
  };
}
