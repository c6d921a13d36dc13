// Tests of the lab and of the stand-in engine, so that no other test fails because of them. The last
// tests shut the lab down and boot it again; LYCHD_LAB_KEEP=1 skips them.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import {
  getTree,
  labDown,
  labStatus,
  labTest,
  labTraces,
  labUp,
  labWipe,
  lichExec,
  type LichShell,
  lichShell,
  putTree,
  shellQuote,
  skipReason,
} from "./lab.ts";

const IMAGE = "localhost/fake-engine:latest";
const PORT = 19100;
const URL_BASE = `http://127.0.0.1:${PORT}`;

/** Arguments that the engine must ignore, although some look like its options. */
const HOSTILE = [
  "two  words",
  'quo"te',
  "it's",
  "back\\slash\\\\",
  "$HOME ${PATH} $(id) `id`",
  "%h %% %n %",
  "line\nfeed\ttab\rreturn",
  "; rm -rf / && true | false > x",
  "",
  "ünï¢ødé 🜏 --port=",
];

// The units of an earlier file of tests may have failed after it ended.
if (skipReason() === undefined) {
  await labUp();
  await labWipe();
}

// ------------------------------------------------------------- the host ----

labTest("host: both managers of systemd are running", async () => {
  for (const root of [true, false]) {
    const systemctl = root ? "systemctl" : "systemctl --user";
    assert.equal(
      await output(`${systemctl} list-units --failed --plain --no-legend`, { root }),
      "",
    );
    assert.equal(await output(`${systemctl} is-system-running`, { root }), "running\n");
  }
  assert.match(await output("ps -o comm= -p 1"), /^systemd$/m);
});

labTest("host: Podman is rootless, with overlay, systemd and cgroup v2", async () => {
  const { host, store } = JSON.parse(await output("podman info --format json"));
  assert.equal(host.security.rootless, true);
  assert.equal(host.cgroupManager, "systemd");
  assert.equal(host.cgroupVersion, "v2");
  assert.equal(store.graphDriverName, "overlay");
});

labTest("host: the Quadlet generator and the tools of the tests are installed", async () => {
  const generator = "/usr/lib/systemd/user-generators/podman-user-generator";
  assert.match(await output(`readlink -f ${generator}`), /\/podman\/quadlet$/m);
  assert.match(await output("/usr/libexec/podman/quadlet -version"), /^\d+\.\d+/);
  const tools = ["busybox", "curl", "ip", "nft", "pasta", "prometheus", "promtool", "ps", "strace"];
  for (const tool of tools) {
    assert.equal(
      (await lichExec(["sh", "-c", `PATH=$PATH:/usr/sbin:/sbin; command -v ${tool}`])).code,
      0,
      tool,
    );
  }
});

labTest("host: lich has a home and a lingering manager, and can read the journal", async () => {
  assert.equal(
    await output("id -un; pwd; echo $XDG_RUNTIME_DIR"),
    "lich\n/home/lich\n/run/user/1000\n",
  );
  assert.match(await output("loginctl show-user lich -p Linger"), /Linger=yes/);
  assert.notEqual(await output("journalctl --user -n 1 -o cat"), "");
});

// -------------------------------------------------------- lab and lab.ts ----

labTest("lichExec() passes every argument byte for byte", async () => {
  const { stdoutBytes } = await lichExec(["printf", "%s\\0", ...HOSTILE]);
  assert.deepEqual(words(stdoutBytes), HOSTILE);
});

labTest("lichExec() passes stdin and returns stdout, stderr and the exit code", async () => {
  const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => index % 256);
  assert.deepEqual((await lichExec(["cat"], { stdin: bytes })).stdoutBytes, bytes);
  const { code, stdout, stderr } = await lichExec(["sh", "-c", "echo out; echo err >&2; exit 7"]);
  assert.deepEqual({ code, stdout, stderr }, { code: 7, stdout: "out\n", stderr: "err\n" });
  assert.equal((await lichExec(["true"], { stdin: "not read" })).code, 0);
});

labTest("lichExec() kills a command inside the lab after the timeout", async () => {
  assert.equal((await lichExec(["sleep", "98765"], { timeoutSeconds: 0.2 })).code, 124);
  assert.equal((await lichExec(["pgrep", "-fx", "sleep 98765"])).code, 1);
});

labTest("lichExec() does not pass the host's environment", async () => {
  Deno.env.set("HOSTS_OWN", "1");
  const names = (await output("env")).trim().split("\n").map((line) => line.split("=")[0]).sort();
  Deno.env.delete("HOSTS_OWN");
  const expected = "DBUS_SESSION_BUS_ADDRESS HOME LANG LOGNAME PATH TERM USER XDG_RUNTIME_DIR";
  assert.deepEqual(names.filter((name) => !["PWD", "SHLVL", "_", "OLDPWD"].includes(name!)), [
    ...expected.split(" "),
  ]);
});

labTest("lichShell() separates the outputs of scripts, whatever they print", async () => {
  await using shell = lichShell();
  const first = await shell.run("cd /tmp; printf 'no newline'; echo err >&2; exit 3");
  assert.deepEqual([first.code, first.stdout, first.stderr], [3, "no newline", "err\n"]);
  assert.equal((await shell.run("pwd")).stdout, "/home/lich\n");
  assert.notEqual((await shell.run("if")).code, 0);
  assert.equal((await shell.run("sleep 5", { timeoutSeconds: 0.1 })).code, 124);
  const script = `printf '%s\\0' ${HOSTILE.map(shellQuote).join(" ")}`;
  assert.deepEqual(words((await shell.run(script)).stdoutBytes), HOSTILE);
  const large = await shell.run("head -c 3000000 /dev/zero");
  assert.equal(large.stdoutBytes.length, 3_000_000);
  const many = await Promise.all(Array.from({ length: 50 }, (_, n) => shell.run(`echo ${n}`)));
  assert.deepEqual(
    many.map(({ stdout }) => Number(stdout)),
    Array.from({ length: 50 }, (_, n) => n),
  );
});

labTest("putTree() replaces a tree, and getTree() copies it back", async () => {
  const here = await mkdtemp(`${tmpdir()}/lab-`);
  try {
    await mkdir(`${here}/a/b`, { recursive: true });
    await writeFile(`${here}/a/b/file`, "content", { mode: 0o640 });
    await symlink("b/file", `${here}/a/link`);
    await lichExec(["mkdir", "-p", "host-test/a"]);
    await lichExec(["touch", "host-test/a/old"]);
    await putTree(`${here}/a`, "/home/lich/host-test/a");
    assert.equal(
      await output("cd host-test && find . -printf '%p %u %m\\n' | sort"),
      ". lich 755\n./a lich 755\n./a/b lich 755\n./a/b/file lich 640\n./a/link lich 777\n",
    );
    await getTree("/home/lich/host-test/a", `${here}/back`);
    assert.equal(await readFile(`${here}/back/b/file`, "utf8"), "content");
    assert.equal(await readlink(`${here}/back/link`), "b/file");
    await putTree(`${here}/a/b/file`, "/home/lich/host-test/single");
    assert.equal(await output("cat host-test/single"), "content");
    await putTree(`${here}/a/b/file`, "/etc/host-test");
    assert.equal(
      await output("stat -c %U /etc/host-test; rm /etc/host-test", { root: true }),
      "root\n",
    );
  } finally {
    await rm(here, { recursive: true });
    await lichExec(["rm", "-rf", "host-test"]);
  }
});

// --------------------------------------------------------- the engine ----

labTest("engine: --port is required", async () => {
  const { code, stderr } = await lichExec(["podman", "run", "--rm", IMAGE, "--model", "x"]);
  assert.equal(code, 2);
  assert.match(stderr, /--port is required/);
});

labTest("engine: arguments and environment arrive byte for byte", async () => {
  const env = ["-e", `HOSTILE=${HOSTILE.join("\u{1}")}`];
  await withEngine(
    [...HOSTILE, "--unknown", "-p", "--", "--port", "1"],
    { env },
    async (shell) => {
      assert.deepEqual(words((await get(shell, "/argv")).stdoutBytes), [
        ...["/bin/sh", "/engine", "--port", String(PORT)],
        ...[...HOSTILE, "--unknown", "-p", "--", "--port", "1"],
      ]);
      const environ = words((await get(shell, "/env")).stdoutBytes);
      assert(environ.includes(`HOSTILE=${HOSTILE.join("\u{1}")}`));
    },
  );
});

labTest("engine: /mounts returns its mountinfo", async () => {
  await withEngine([], { env: ["-v", "/home/lich:/seen:ro"] }, async (shell) => {
    assert.match((await get(shell, "/mounts")).stdout, / \/seen ro/);
  });
});

labTest("engine: /v1/models names the model; other pages return 404, methods 405", async () => {
  await withEngine(["--model", 'a "b" \\c'], {}, async (shell) => {
    assert.equal(JSON.parse((await get(shell, "/v1/models")).stdout).data[0].id, 'a "b" \\c');
    assert.equal(await status(shell, "/none"), 404);
    assert.equal(await status(shell, "/health", "-X DELETE"), 405);
    assert.equal(await status(shell, "/health?query=1"), 200);
  });
});

labTest("engine: a chat echoes the last user message", async () => {
  await withEngine(["--model", "m"], {}, async (shell) => {
    for (const content of ["hello", 'brace } quote " \\ new\nline ü 🜏', "", " spaces  inside "]) {
      const answer = JSON.parse(
        await chat(shell, {
          messages: [
            { role: "system", content: "system" },
            { role: "user", content: "earlier" },
            { role: "assistant", content: "before" },
            { content, role: "user" },
            { role: "assistant", content: "after" },
          ],
        }),
      );
      assert.equal(answer.choices[0].message.content, content);
      assert.equal(answer.model, "m");
    }
    const parts = [{ type: "text", text: "one " }, { type: "text", text: "two" }];
    const answer = JSON.parse(await chat(shell, { messages: [{ role: "user", content: parts }] }));
    assert.equal(answer.choices[0].message.content, "one two");
  });
});

labTest("engine: a stream sends word by word, slowly, and ends with [DONE]", async () => {
  await withEngine([], {}, async (shell) => {
    const before = performance.now();
    const body = await chat(shell, {
      stream: true,
      messages: [{ role: "user", content: 'five words with "a" quote' }],
    });
    const elapsedMs = performance.now() - before;
    const events = body.split("\n\n").filter((event) => event !== "");
    assert.equal(events.pop(), "data: [DONE]");
    const chunks = events.map((event) => JSON.parse(event.replace(/^data: /, "")).choices[0]);
    const text = chunks.map((choice) => choice.delta.content ?? "").join("");
    assert.equal(text, 'five words with "a" quote');
    assert.equal(chunks.at(-1).finish_reason, "stop");
    assert(elapsedMs > 500, `${elapsedMs} ms`);
    // The first word arrives long before the last one.
    const early = await shell.run(
      `curl -sN -m 0.25 ${URL_BASE}/v1/chat/completions -d '{"stream":true,"messages":[{"role":"user","content":"a b c d e f g"}]}'`,
    );
    assert.match(early.stdout, /"content":"a"/);
    assert.doesNotMatch(early.stdout, /"content":" g"/);
  });
});

labTest("engine: concurrent requests do not wait for each other", async () => {
  await withEngine([], {}, async (shell) => {
    const stream = `curl -sfN ${URL_BASE}/v1/chat/completions ` +
      `-d '{"stream":true,"messages":[{"role":"user","content":"a b c d e"}]}' >/dev/null`;
    const first = performance.now();
    assert.equal((await shell.run(stream)).code, 0);
    const before = performance.now();
    const { code } = await shell.run(
      `for n in 1 2 3 4; do ${stream} & jobs="$jobs $!"; done
       sleep 0.25; curl -s ${URL_BASE}/metrics | grep -q 'running{.*} 4$' || exit 9
       for job in $jobs; do wait $job || exit 8; done`,
    );
    assert.equal(code, 0);
    const [one, four] = [before - first, performance.now() - before];
    assert(four < 3 * one, `${four} ms, and one alone ${one} ms`);
  });
});

labTest("engine: /metrics is valid Prometheus text, and its counters increase", async () => {
  await withEngine(["--model", 'a "b"'], {}, async (shell) => {
    const page = (await get(shell, "/metrics")).stdout;
    assert.equal((await lichExec(["promtool", "check", "metrics"], { stdin: page })).code, 0);
    await chat(shell, { messages: [{ role: "user", content: "three more words" }] });
    const after = (await get(shell, "/metrics")).stdout;
    assert.match(page, /^fake_engine_requests_total\{model_name="a \\"b\\""\} 0$/m);
    assert.match(after, /^fake_engine_requests_total\{model_name="a \\"b\\""\} 1$/m);
    assert.match(after, /^fake_engine_tokens_total\{.*\} 3$/m);
    assert.match(after, /^fake_engine_requests_running\{.*\} 0$/m);
  });
});

labTest("engine: /health and chats return 503 until --load-seconds have passed", async () => {
  await withEngine(["--load-seconds", "5"], {}, async (shell) => {
    assert.equal(await status(shell, "/health"), 503);
    assert.equal(await status(shell, "/v1/chat/completions", "-d {}"), 503);
    assert.equal(await status(shell, "/v1/models"), 200);
    await shell.run(`until curl -sf -o /dev/null ${URL_BASE}/health; do sleep 0.1; done`);
    assert.equal(await status(shell, "/health"), 200);
    assert.equal(await status(shell, "/health", "--head"), 200);
  });
});

labTest("engine: health checks work with its own wget and sh", async () => {
  await withEngine([], {}, async (shell) => {
    for (const options of ["-q -O /dev/null", "--spider -q"]) {
      const command = `wget ${options} ${URL_BASE}/health || exit 1`;
      const { code } = await shell.run(`podman exec host-test sh -c ${shellQuote(command)}`);
      assert.equal(code, 0, options);
    }
  });
});

labTest("engine: --health fail keeps /health at 503", async () => {
  await withEngine(["--health", "fail"], {}, async (shell) => {
    await shell.run("sleep 0.3");
    assert.equal(await status(shell, "/health"), 503);
    assert.equal(await status(shell, "/v1/models"), 200);
  });
});

labTest("engine: --health flap changes /health every 3 s", async () => {
  await withEngine(["--health=flap"], {}, async (shell) => {
    assert.equal(await status(shell, "/health"), 200);
    await shell.run("sleep 3");
    assert.equal(await status(shell, "/health"), 503);
    await shell.run("sleep 3");
    assert.equal(await status(shell, "/health"), 200);
  });
});

labTest("engine: it exits on SIGTERM immediately, or after --stop-seconds", async () => {
  await withEngine([], {}, async (shell) => {
    assert((await stopMs(shell)) < KILL_MS / 2);
  });
  await withEngine(["--load-seconds", "60"], {}, async (shell) => {
    assert((await stopMs(shell)) < KILL_MS / 2, "while it loads");
  });
  await withEngine(["--stop-seconds", "1.5"], {}, async (shell) => {
    const elapsed = await stopMs(shell);
    assert(elapsed > 1500 && elapsed < KILL_MS / 2, `${elapsed} ms`);
  });
});

labTest("engine: with --ignore-term only SIGKILL stops it", async () => {
  await withEngine(["--ignore-term"], {}, async (shell) => {
    await shell.run("podman kill --signal TERM host-test; sleep 0.2");
    assert.equal(await status(shell, "/health"), 200);
    const elapsed = await stopMs(shell, 1);
    assert(elapsed > 1000, `${elapsed} ms`);
  });
});

labTest("engine: with --exit-after it exits with --exit-code", async () => {
  const before = performance.now();
  const argv = ["podman", "run", "--rm", IMAGE, "--port", "1", "--exit-after", "0.5"];
  assert.equal((await lichExec([...argv, "--exit-code", "42"])).code, 42);
  assert(performance.now() - before > 500);
  assert.equal((await lichExec(argv)).code, 1);
});

labTest("engine: it exits with status 1 if its port is in use", async () => {
  await withEngine([], {}, async () => {
    const argv = ["podman", "run", "--rm", "--network", "host", IMAGE, "--port", String(PORT)];
    const { code, stderr } = await lichExec(argv, { timeoutSeconds: 5 });
    assert.equal(code, 1);
    assert.match(stderr, /Address already in use/);
  });
});

labTest("engine: with --host 127.0.0.1 it answers only on loopback", async () => {
  const address = (await labStatus()).address;
  const remote = `http://${address}:${PORT}/health`;
  await withEngine([], {}, async (shell) => {
    assert.equal((await shell.run(`curl -sf ${remote}`)).stdout, "ok");
  });
  await withEngine(["--host", "127.0.0.1"], {}, async (shell) => {
    assert.equal((await get(shell, "/health")).stdout, "ok");
    assert.notEqual((await shell.run(`curl -sf ${remote}`)).code, 0);
  });
});

labTest("engine: --gpu logs start, ready, term and gone, but no gone after SIGKILL", async () => {
  await lichExec(["mkdir", "-p", "host-test-gpu"]);
  const gpu = ["--gpu", "/gpu", "--load-seconds", "0.2", "--stop-seconds", "0.2"];
  const env = ["-v", "/home/lich/host-test-gpu:/gpu"];
  try {
    await withEngine([...gpu, "--model", "first one"], { env }, async (shell) => {
      await shell.run("sleep 0.4");
      await stopMs(shell);
    });
    await withEngine([...gpu, "--model", "second"], { env }, async (shell) => {
      await shell.run("sleep 0.4; podman kill --signal KILL host-test");
    });
    const lines = (await output("cat host-test-gpu/log")).trim().split("\n").map((line) => {
      const [, uptime, epochUs, event, name] = /^(\d+\.\d\d) (\d{16}) (\w+) (.*)$/.exec(line)!;
      return { uptimeSeconds: Number(uptime), epochUs: Number(epochUs), event, name };
    });
    assert.deepEqual(lines.map(({ event, name }) => `${event} ${name}`), [
      ...["start", "ready", "term", "gone"].map((event) => `${event} first one`),
      ...["start", "ready"].map((event) => `${event} second`),
    ]);
    const times = lines.map(({ uptimeSeconds }) => uptimeSeconds);
    assert.deepEqual(times, times.toSorted((a, b) => a - b));
    assert(lines[1]!.epochUs - lines[0]!.epochUs > 200_000);
    assert(lines[3]!.epochUs - lines[2]!.epochUs > 200_000);
  } finally {
    await lichExec(["rm", "-rf", "host-test-gpu"]);
  }
});

labTest("engine: starting a unit with Notify=healthy returns when it is ready", async () => {
  await using shell = lichShell();
  const unit = `[Unit]
Description=Stand-in engine of the lab's own test
[Container]
Image=${IMAGE}
Network=host
Exec=--port ${PORT} --load-seconds 1
Notify=healthy
HealthCmd=wget -q -O /dev/null ${URL_BASE}/health
HealthStartupCmd=wget -q -O /dev/null ${URL_BASE}/health
HealthStartupInterval=1s
HealthInterval=30s
[Quadlet]
DefaultDependencies=false
`;
  const folder = "~/.config/containers/systemd/host-test";
  const put = `mkdir -p ${folder} && printf %s ${shellQuote(unit)} >${folder}/host-test.container`;
  assert.equal((await shell.run(`${put} && systemctl --user daemon-reload`)).code, 0);
  try {
    const before = performance.now();
    const { code, stderr } = await shell.run("systemctl --user start host-test", {
      timeoutSeconds: 20,
    });
    assert.equal(code, 0, stderr);
    assert(performance.now() - before > 1000);
    assert.equal(await status(shell, "/health"), 200);
    assert.equal((await shell.run("systemctl --user stop host-test")).code, 0);
    assert.notEqual((await get(shell, "/health")).code, 0);
  } finally {
    await shell.run(
      `systemctl --user stop host-test; rm -rf ${folder}; systemctl --user daemon-reload`,
    );
  }
});

// --------------------------------------------------------- wipe and down ----

if (Deno.env.get("LYCHD_LAB_KEEP") === undefined) {
  labTest("wipe: removes everything of lich except the image", async () => {
    await lichExec([
      "sh",
      "-c",
      `mkdir -p .config/containers/systemd .local/state/lychd
       printf '[Container]\\nImage=${IMAGE}\\nExec=--port ${PORT}\\n' >.config/containers/systemd/left.container
       systemctl --user daemon-reload; systemctl --user start left; podman volume create left
       podman run -d --name left ${IMAGE} --port 1`,
    ]);
    assert.equal(await output("systemctl --user is-active left"), "active\n");
    await labWipe();
    assert.equal(
      await output("podman ps -aq; podman volume ls -q; find . -name 'left*'; ls .local"),
      "share\n",
    );
    assert.equal((await lichExec(["podman", "image", "exists", IMAGE])).code, 0);
    assert.equal((await lichExec(["systemctl", "--user", "cat", "left"])).code, 1);
  });

  labTest("down: leaves no process, mount, interface or cgroup", async () => {
    assert.notDeepEqual(await labTraces(), []);
    await lichExec(["podman", "run", "-d", "--rm", IMAGE, "--port", "1"]);
    const client = new Deno.Command(fileURLToPath(new URL("./lab", import.meta.url)), {
      args: ["exec", "--", "sleep", "1000"],
    }).spawn();
    await labDown();
    await client.status;
    assert.deepEqual(await labTraces(), []);
    assert.equal((await labStatus()).up, false);
    await labDown(); // a second call succeeds
  });

  labTest("down: cleans up after an up that was killed", async () => {
    try {
      for (const delayMs of [30, 60, 100, 200, 400]) {
        const up = new Deno.Command(fileURLToPath(new URL("./lab", import.meta.url)), {
          args: ["up"],
          stdout: "null",
          stderr: "null",
        }).spawn();
        await new Promise((resolve) => setTimeout(resolve, delayMs));
        up.kill("SIGKILL");
        await up.status;
        await labDown();
        assert.deepEqual(await labTraces(), [], `killed after ${delayMs} ms`);
      }
    } finally {
      await labUp();
    }
    assert.equal((await labStatus()).up, true);
  });
}

// ------------------------------------------------------------------------

async function output(script: string, options: { root?: boolean } = {}): Promise<string> {
  const { stdout } = await lichExec(["sh", "-c", script], options);
  return stdout;
}

/** Splits a text of words, each followed by NUL. */
function words(bytes: Uint8Array): string[] {
  return new TextDecoder().decode(bytes).split("\0").slice(0, -1);
}

function get(shell: LichShell, path: string) {
  return shell.run(`curl -s ${URL_BASE}${path}`);
}

async function status(shell: LichShell, path: string, options = ""): Promise<number> {
  const script = `curl -s -o /dev/null -w '%{http_code}' ${options} ${URL_BASE}${shellQuote(path)}`;
  return Number((await shell.run(script)).stdout);
}

async function chat(shell: LichShell, body: unknown): Promise<string> {
  const script = `curl -sN ${URL_BASE}/v1/chat/completions -d ${shellQuote(JSON.stringify(body))}`;
  return (await shell.run(script)).stdout;
}

/** After so long Podman kills an engine that does not end by itself. */
const KILL_MS = 8000;

async function stopMs(shell: LichShell, timeoutSeconds = KILL_MS / 1000): Promise<number> {
  const before = performance.now();
  await shell.run(`podman stop -t ${timeoutSeconds} host-test`);
  return performance.now() - before;
}

/** Runs an engine on the lab's network while `body` runs. */
async function withEngine(
  flags: string[],
  options: { env?: string[] },
  body: (shell: LichShell) => Promise<void>,
): Promise<void> {
  await using shell = lichShell();
  const run = [
    "podman",
    "run",
    "-d",
    "--rm",
    "--replace",
    "--name",
    "host-test",
    "--network",
    "host",
  ];
  const argv = [...run, ...options.env ?? [], IMAGE, "--port", String(PORT), ...flags];
  const started = await shell.run(argv.map(shellQuote).join(" "));
  assert.equal(started.code, 0, started.stderr);
  try {
    const wait = `until curl -s -o /dev/null ${URL_BASE}/v1/models; do sleep 0.02; done`;
    assert.equal(
      (await shell.run(wait, { timeoutSeconds: 30 })).code,
      0,
      "the engine does not listen",
    );
    await body(shell);
  } finally {
    await shell.run("podman rm -f -t 0 host-test");
  }
}
