import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { FileStatus } from "../host/host.ts";
import { memoryHost } from "../testing/memory_host.ts";
import { foreignBelow } from "./folders.ts";

/** What `foreignBelow` says of a unit below `/my conf` where one of the folders is otherwise. */
function judged(folder: string, status: Partial<FileStatus>, ownGroups: readonly number[] = []) {
  const host = memoryHost({ "/my conf/systemd/user/x.target": "" });
  const real = host.lstat;
  host.lstat = (path) => {
    const found = real(path);
    return found && { ...found, owner: 1000, ...path === folder ? status : {} };
  };
  const paths = ["systemd/user/x.target", "systemd/user/x.target.d/none/x.conf"];
  return foreignBelow({ host, user: 1000, ownGroups }, "/my conf", paths);
}

Deno.test("a folder is written to if it is the user's, and nobody else may write to it", () => {
  strictEqual(judged("", {}), undefined);
  strictEqual(judged("/my conf/systemd", { mode: 0o770, group: 1000 }, [1000]), undefined);
  // The root is for the gate to judge, and what is no folder on the way is nobody's concern.
  strictEqual(judged("/my conf", { mode: 0o777 }), undefined);
  strictEqual(judged("/my conf/systemd/user/x.target", { mode: 0o666 }), undefined);
});

Deno.test("a folder is not written to if somebody else may, or owns it, or it is a link", () => {
  const at = "/my conf/systemd";
  deepStrictEqual(judged(at, { mode: 0o777 }), {
    problem: `everybody may write to ${at}, and put something else in the place of yours`,
    hint: `chmod o-w '${at}'`,
  });
  deepStrictEqual(judged(`${at}/user`, { mode: 0o1775, group: 100 }, [1000]), {
    problem: `group 100 may write to ${at}/user, and put something else in the place of yours`,
    hint: `chmod g-w '${at}/user'`,
  });
  deepStrictEqual(judged(at, { owner: 65534 }), {
    problem: `${at} belongs to user 65534, not to 1000`,
    hint: `sudo chown -R 1000 '${at}'`,
  });
  deepStrictEqual(judged(at, { kind: "link", mode: 0o777 }), {
    problem: `${at} is a link, and lychd writes through none`,
    hint: "make it a folder of its own (a link in the place of /my conf itself is fine)",
  });
});
