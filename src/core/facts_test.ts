import assert from "node:assert/strict";
import { type Facts, linesOf, outputOf, parseFacts, redactFacts, whyUnknown } from "./facts.ts";

const FACTS: Facts = {
  format: 1,
  lychd: "0.1.0",
  environment: { HOME: "/home/lich", XDG_RUNTIME_DIR: "/run/user/1000" },
  commands: {
    id: {
      command: "/usr/bin/id",
      exit: 0,
      stdout: ["uid=1000(lich) gid=1000(lich) groups=1000(lich)"],
      stderr: [],
    },
    subuid: { command: "/usr/bin/cat /etc/subuid", exit: 0, stdout: ["lich:1:2"], stderr: [] },
    kernel: { command: "/usr/bin/cat /proc/version", exit: 0, stdout: ["on crypt"], stderr: [] },
    units: {
      command: "/usr/bin/systemctl --user show -- lychd-pod.service soulstone-lich.service",
      exit: 4,
      stdout: ["Id=lychd-pod.service", "/home/lichen/x", "/home/lich/.config/lychd"],
      stderr: ["/usr/bin/systemctl: no unit of lich"],
    },
    "readable:/home/lich/models": { command: "test -r /home/lich/models", failed: "no answer" },
  },
};

Deno.test("parseFacts() reads facts as JSON", () => {
  assert.deepEqual(parseFacts(JSON.stringify(FACTS)), { facts: FACTS });
});

Deno.test("parseFacts() reports what is wrong with a text", () => {
  const problems: readonly [string, RegExp][] = [
    ["{", /^invalid JSON: /],
    ["[]", /^top level: .*object/],
    [JSON.stringify({ ...FACTS, format: 2 }), /^format: /],
    [JSON.stringify({ ...FACTS, commands: { id: { command: "id" } } }), /^commands\.id/],
    [JSON.stringify({ ...FACTS, more: 1 }), /more/],
  ];
  for (const [text, words] of problems) {
    const read = parseFacts(text);
    assert.ok("problem" in read, text);
    assert.match(read.problem, words);
  }
});

Deno.test("outputOf() requires exit code 0, linesOf() does not", () => {
  assert.equal(outputOf(FACTS, "subuid"), "lich:1:2");
  assert.equal(outputOf(FACTS, "units"), undefined);
  assert.equal(linesOf(FACTS, "units")[0], "Id=lychd-pod.service");
  assert.deepEqual(linesOf(FACTS, "nothing"), []);
  assert.equal(outputOf(FACTS, "readable:/home/lich/models"), undefined);
  assert.equal(whyUnknown(FACTS, "units"), "systemctl: no unit of lich");
  assert.equal(whyUnknown(FACTS, "readable:/home/lich/models"), "test: no answer");
  assert.equal(whyUnknown(FACTS, "nothing"), "the facts do not include `nothing`");
});

Deno.test("redactFacts() replaces home, user and host only as whole words", () => {
  const redacted = redactFacts(FACTS, { home: "/home/lich", user: "lich", host: "crypt" });
  const text = JSON.stringify(redacted);
  // A Soulstone may have the name of the user: the name of its unit is a different word.
  assert.doesNotMatch(text.replaceAll("soulstone-lich.service", ""), /\blich\b|crypt/);
  assert.match(text, /lychd-pod\.service/);
  assert.match(text, /\/home\/lichen\/x/);
  assert.match(text, /"readable:\/home\/user\/models"/);
  assert.equal(redacted.environment["HOME"], "/home/user");
  assert.deepEqual(redacted.commands["subuid"], {
    command: "/usr/bin/cat /etc/subuid",
    exit: 0,
    stdout: ["user:1:2"],
    stderr: [],
  });
});

Deno.test("redactFacts() keeps a user name that is a common word", () => {
  assert.deepEqual(redactFacts(FACTS, { user: "systemd", host: "lychd" }), FACTS);
});

Deno.test("redactFacts() keeps the distribution and the ids of facts", () => {
  const commands = {
    "os-release": { command: "cat", exit: 0, stdout: ["ID=crypt"], stderr: [] },
    disk: { command: "df", exit: 0, stdout: ["1 /home/disk"], stderr: [] },
  };
  const facts = { ...FACTS, commands };
  const redacted = redactFacts(facts, { home: "/home/disk", user: "disk", host: "crypt" });
  assert.deepEqual(redacted.commands["os-release"], commands["os-release"]);
  assert.deepEqual(Object.keys(redacted.commands).sort(), ["disk", "os-release"]);
  assert.match(JSON.stringify(redacted.commands["disk"]), /1 \/home\/user/);
});
