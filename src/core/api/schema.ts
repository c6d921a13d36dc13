/**
 * The JSON that clients get from `/lychd/v1/` of the front door. Descriptions are for docs/door.md. The
 * front uses only the types: it makes this JSON itself, and tests check it with the schemas.
 *
 * @module
 */
import * as z from "zod/mini";

const about = z.describe;
const strings = z.array(z.string());
const count = z.int().check(z.gte(0));
const seconds = z.number().check(z.gte(0));
const time = z.iso.datetime();
const mebibytes = z.number().check(z.gte(0));

/** A part of a swap that takes time. */
const swapPhase = z.enum(["stop", "memory", "start", "healthy"]);

const problem = z.strictObject({
  why: z.string(),
  command: z.string().check(about("The command that helps.")),
  log: z.nullable(strings).check(
    about("The last lines of its log; null without keys, because engines log prompts."),
  ),
});

const soulstone = z.strictObject({
  name: z.string(),
  state: z.enum(["down", "starting", "ready", "stopping", "crashed"]),
  since: z.nullable(time).check(about("When this state began; null if that is not known.")),
  kind: z.string().check(about("The kind of its engine, such as `vllm`.")),
  description: z.optional(z.string()).check(about("That of the Codex.")),
  covens: strings,
  resident: z.boolean().check(about("True if it runs with every Coven.")),
  capabilities: strings,
  names: strings.check(about("Its other names: aliases, and the id that the engine serves.")),
  port: count,
  vram_mib: z.nullable(mebibytes).check(about("The GPU memory that the Codex declares.")),
  vram_used_mib: z.nullable(mebibytes).check(
    about("The GPU memory that its processes use; measured while a client follows the events."),
  ),
  under_way: count,
  waiting: count,
  ready_in_seconds: count.check(about("An estimate; 0 if it is ready.")),
  problem: z.nullable(problem),
});

const swap = z.strictObject({
  phase: swapPhase,
  soulstones: strings.check(about("Those that the phase waits for.")),
  phases: z.array(z.strictObject({
    phase: swapPhase,
    soulstones: strings,
    since: time,
    seconds: z.nullable(seconds).check(about("Null for the last one, which is under way.")),
  })),
  estimate_seconds: count.check(about("An estimate of the time that is left.")),
});

const portal = z.strictObject({
  name: z.string(),
  address: z.string().check(about("Its host and port.")),
  prefer: z.enum(["local", "portal", "fallback"]),
  models: z.array(z.strictObject({
    id: z.string(),
    loaded: z.boolean().check(about("False if it has to load the model first.")),
  })).check(about("The first 100.")),
  under_way: count,
  problem: z.nullable(z.strictObject({ code: z.string(), why: z.string() })).check(
    about("Why it cannot be used now."),
  ),
});

/** The state of the door: GET `/lychd/v1/status`, and the event `state`. */
export const statusSchema = z.strictObject({
  phase: z.enum(["steady", "draining", "swapping", "held"]),
  held: z.boolean().check(about("True after `lychd summon --hold`.")),
  goal: z.nullable(z.union([
    z.strictObject({ kind: z.enum(["coven", "soulstone"]), name: z.string() }),
    z.strictObject({ kind: z.literal("capabilities"), names: strings }),
  ])),
  swap: z.nullable(swap),
  soulstones: z.array(soulstone),
  covens: z.array(z.strictObject({ name: z.string(), soulstones: strings })),
  portals: z.array(portal),
  requests: z.array(z.strictObject({
    id: z.string(),
    soulstone: z.string().check(about("The Soulstone, or the Portal.")),
    portal: z.boolean().check(about("True if a Portal answers it.")),
    endpoint: z.string(),
    state: z.enum(["under_way", "waiting"]),
    since: time,
    client: z.nullable(z.string()).check(about("The name of its key.")),
  })).check(about("The 100 oldest ones.")),
  links: z.strictObject({
    grafana: z.nullable(z.string()),
    prometheus: z.nullable(z.string()),
  }),
});

/** A request that has ended: the event `request`, and an item of {@linkcode requestsSchema}. */
export const requestSchema = z.strictObject({
  id: z.string(),
  time: time.check(about("Its end.")),
  client: z.nullable(z.string()).check(about("The name of its key.")),
  soulstone: z.string().check(about("The Soulstone, or the Portal.")),
  portal: z.boolean().check(about("True if a Portal answered it.")),
  endpoint: z.string(),
  queue_seconds: seconds.check(about("From its arrival until it was sent, or ended.")),
  first_token_seconds: z.nullable(seconds).check(
    about("From its arrival until the first event of a stream."),
  ),
  seconds: seconds.check(about("From its arrival until its end.")),
  input_tokens: z.nullable(count),
  output_tokens: z.nullable(count).check(about("Null if the answer does not have the number.")),
  tokens_per_second: z.nullable(seconds).check(
    about(
      "Output tokens in the time since the first event of a stream; without a stream, since the " +
        "request was sent to its engine.",
    ),
  ),
  result: z.string().check(
    about("The status of the answer, `cancelled`, or the code of an error."),
  ),
});

/** GET `/lychd/v1/requests`. */
export const requestsSchema = z.strictObject({
  requests: z.array(requestSchema).check(about("The last 200 that ended, newest first.")),
});

/** The event `sample`. */
export const sampleSchema = z.strictObject({
  time,
  gpus: z.array(z.strictObject({
    name: z.string(),
    memory_used_mib: mebibytes,
    memory_mib: mebibytes,
    power_watts: z.nullable(z.number()),
    utilization: z.nullable(z.number()).check(about("From 0 to 1.")),
  })),
  tokens_per_second: seconds.check(about("Of all engines, since the last sample.")),
  under_way: count,
  waiting: count,
});

/** GET `/lychd/v1/plan`. */
export const planSchema = z.strictObject({
  starts: strings,
  stops: strings,
  keeps: strings,
  lines: strings.check(about("The same in words, as `lychd plan` prints it.")),
  requests_under_way: count.check(about("At the engines that stop; the stop waits for them.")),
});

/** The event `line` of GET `/lychd/v1/logs/NAME`. */
export const logLineSchema = z.strictObject({ time, text: z.string() });

/** The state of the door. */
export type Status = z.infer<typeof statusSchema>;
/** A request that has ended. */
export type EndedRequest = z.infer<typeof requestSchema>;
/** The last requests that have ended. */
export type EndedRequests = z.infer<typeof requestsSchema>;
/** The load of the GPUs and of the door. */
export type Sample = z.infer<typeof sampleSchema>;
/** The effects of a summon or a banish. */
export type Plan = z.infer<typeof planSchema>;
/** A line of a log. */
export type LogLine = z.infer<typeof logLineSchema>;
