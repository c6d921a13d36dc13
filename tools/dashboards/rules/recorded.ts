/** The names of the recorded series, by the convention level:metric:operations. */
export const RECORDED = {
  silent: "soulstone:up:silent2m",
  state: "soulstone:state:code",
  busySlots: "soulstone:busy_slots:total",
  promptTokens: "soulstone:prompt_tokens:rate2m",
  generationTokens: "soulstone:generation_tokens:rate2m",
  running: "soulstone:requests_running:sum",
  waiting: "soulstone:requests_waiting:sum",
  kvCache: "soulstone:kv_cache_usage_ratio:max",
  timeToFirstToken: "soulstone:time_to_first_token_seconds:quantile5m",
  endToEnd: "soulstone:e2e_request_latency_seconds:quantile5m",
  timePerOutputToken: "soulstone:time_per_output_token_seconds:mean5m",
  failures: "soulstone:failures:increase5m",
} as const;

/** The names of the recorded series of the front door. */
export const RECORDED_OF_VESSEL = {
  swapping: "vessel:swapping:ratio1h",
} as const;
