/** The settings that are of no model. */
import type { Ledger } from "../ledger.ts";
import { KNOWN, type SwapConfig } from "./config.ts";
import { START_LIMIT_SECONDS, STOP_LIMIT_SECONDS, whyCut } from "../seconds.ts";
import { fillMacros } from "./macros.ts";
import { type Entry, numberOf, type Reader, textOf } from "./reader.ts";

/** Why what llama-swap does to requests is lost. */
export const NO_PROXY = "clients speak to the engine itself, and nothing in between";
/** Why what llama-swap tells of models is lost. */
export const NO_LIST = "there is no list of models: each engine has its own uri";

/** What holds for every model that says nothing else. */
export interface Top {
  /** The port of the first model that asks for one. */
  readonly startPort: number;
  /** How long a start may take; nothing when it is not said. */
  readonly waitSeconds: number | undefined;
  /** From SIGTERM to SIGKILL; nothing when it is not said. */
  readonly stopSeconds: number | undefined;
  /** After what time an idle engine is unloaded; 0 for never. */
  readonly ttlSeconds: number;
}

/** Why a setting is lost. */
const LOST: Readonly<Record<string, string>> = {
  apiKeys: "each engine has a key of its own: give it as a secret",
  includeAliasesInList: NO_LIST,
  peers: "a Soulstone is an engine of this host",
  profiles: NO_PROXY,
  selectors: NO_PROXY,
  sendLoadingState: NO_PROXY,
  upstream: NO_PROXY,
};

/** Reads what holds for every model, and enters what becomes of each setting. */
export function readTop({ settings, macros }: SwapConfig, reader: Reader): Top {
  const { ledger } = reader;
  for (const { item } of macros) {
    ledger.note(item, "carried", { why: "filled in where it is used" });
  }
  const number = (key: string) => {
    const entry = settings.get(key);
    if (entry === undefined) return undefined;
    const text = textOf(entry.node, `\`${key}\``, reader) ?? "";
    return numberOf(fillMacros(text, macros.map(({ macro }) => macro)), entry, reader);
  };
  const ttlSeconds = number("globalTTL") ?? 0;
  for (const entry of settings.values()) {
    const { key, item } = entry;
    if (ledger.has(item)) continue;
    switch (key) {
      case "startPort":
        ledger.note(item, "carried", { to: "port" });
        break;
      case "unloadTimeout": {
        const isCut = (number(key) ?? 0) > STOP_LIMIT_SECONDS;
        ledger.note(item, isCut ? "changed" : "carried", {
          to: "stop_timeout_seconds",
          why: isCut ? whyCut(STOP_LIMIT_SECONDS) : undefined,
        });
        break;
      }
      case "healthCheckTimeout":
        ledger.note(item, "changed", {
          to: "start_timeout_seconds",
          why: "only where it is longer than lychd waits by itself, for the pull of an image too" +
            ((number(key) ?? 0) > START_LIMIT_SECONDS ? `; ${whyCut(START_LIMIT_SECONDS)}` : ""),
        });
        break;
      case "globalTTL":
        noteTtl(ttlSeconds, entry, undefined, ledger);
        break;
      default:
        ledger.note(item, "lost", { why: whyLost(key) });
    }
  }
  return {
    startPort: number("startPort") || 5800,
    waitSeconds: number("healthCheckTimeout"),
    stopSeconds: number("unloadTimeout") || undefined,
    ttlSeconds,
  };
}

function whyLost(key: string): string {
  if (Object.hasOwn(LOST, key)) return LOST[key] ?? "";
  return KNOWN.has(key) ? "it is about llama-swap itself" : "lychd has no field for it";
}

/** Enters what becomes of the time after which llama-swap unloads an idle engine. */
export function noteTtl(
  seconds: number,
  { item }: Entry,
  soulstone: string | undefined,
  ledger: Ledger,
): void {
  if (seconds === 0) {
    ledger.note(item, "carried", { soulstone, why: "no engine is unloaded" });
  } else ledger.note(item, "lost", { soulstone, why: "no engine is unloaded for being idle" });
}
