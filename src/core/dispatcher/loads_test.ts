/** The three loads on which the policy was chosen, each for an hour with swaps of 30 seconds. */
import { ok } from "node:assert/strict";
import { inventoryOf, POLICY, randomFrom, SimulatedHost } from "./simulated_host.ts";

const HOUR = 3_600_000;
const SWAP = 30_000;

/** A client that sends one request after the other. Times are milliseconds. */
interface Client {
  readonly engine: string;
  readonly answer: number;
  readonly pause: number;
}

const client = (engine: string, answerSeconds: number, pauseSeconds: number): Client => {
  return { engine, answer: answerSeconds * 1000, pause: pauseSeconds * 1000 };
};

interface Load {
  readonly clients: readonly Client[];
  /** The number of answers, the share of time in swaps, and the longest wait in seconds. */
  readonly answers: number;
  readonly share: number;
  readonly longest: number;
}

const LOADS: Readonly<Record<string, Load>> = {
  "four agents on three Covens": {
    clients: [client("a", 6, 1), client("b", 4, 1), client("b", 4, 1), client("c", 10, 2)],
    answers: 586,
    share: 0.20,
    longest: 348,
  },
  "four clients of one engine, and one of another": {
    clients: [...Array(4).fill(client("a", 8, 0.5)), client("b", 5, 5)],
    answers: 1094,
    share: 0.31,
    longest: 192,
  },
  "embeddings in a loop, and two chats": {
    clients: [...Array(2).fill(client("a", 10, 10)), ...Array(4).fill(client("b", 0.05, 0.2))],
    answers: 34_626,
    share: 0.31,
    longest: 193,
  },
};

for (const [name, load] of Object.entries(LOADS)) {
  Deno.test(`${name}: answers, share of swaps and longest wait are those of the policy`, () => {
    const { answers, share, longest } = simulate(load.clients);
    const near = (value: number, expected: number) => Math.abs(value - expected) <= 0.1 * expected;
    const words = JSON.stringify({ answers, share, longest });
    ok(near(answers, load.answers), words);
    ok(near(share, load.share), words);
    ok(near(longest, load.longest), words);
  });
}

function simulate(clients: readonly Client[]) {
  const random = randomFrom(1);
  const host = new SimulatedHost(inventoryOf({ a: ["A"], b: ["B"], c: ["C"] }), POLICY, {
    swapMilliseconds: () => SWAP,
    fails: () => false,
  });
  const waits: number[] = [];
  const sent = new Map<string, number>();
  let count = 0;
  const send = (i: number) => {
    const engine = clients[i]?.engine ?? "";
    const id = `${i}-${count++}`;
    sent.set(id, host.now);
    host.send({ kind: "arrived", id, engine, wish: { kind: "soulstone", name: engine } });
  };
  host.onRequest = ({ kind, id }) => {
    ok(kind === "forward", `${id}: ${kind}`);
    const i = Number(id.split("-")[0]);
    const { answer, pause } = clients[i] ?? { answer: 0, pause: 0 };
    host.at(host.now + answer * (0.7 + 0.6 * random()), () => {
      host.underWay.delete(id);
      waits.push(host.now - (sent.get(id) ?? 0));
      sent.delete(id);
      host.send({ kind: "ended", id });
      host.at(host.now + pause * (0.5 + random()), () => send(i));
    });
  };
  host.change({});
  for (const i of clients.keys()) host.at(3000 * random(), () => send(i));
  host.run(HOUR);
  const open = [...sent.values()].map((time) => HOUR - time);
  return {
    answers: waits.length,
    share: host.swaps.length * SWAP / HOUR,
    longest: Math.round(waits.concat(open).reduce((most, wait) => Math.max(most, wait), 0) / 1000),
  };
}
