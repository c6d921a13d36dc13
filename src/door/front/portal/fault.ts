import { EngineError, type EngineErrorReason } from "../engine/engine_error.ts";

/** The reasons why a Portal gave no answer, as the codes of errors that clients get. */
export type PortalFaultCode =
  | "portal_unreachable"
  | "portal_certificate"
  | "portal_key"
  | "portal_silent"
  | "portal_broke_off"
  | "portal_answer_not_valid"
  | "portal_error";

/** All codes. */
export const PORTAL_FAULTS: readonly PortalFaultCode[] = [
  "portal_unreachable",
  "portal_certificate",
  "portal_key",
  "portal_silent",
  "portal_broke_off",
  "portal_answer_not_valid",
  "portal_error",
];

const FROM_ENGINES: Readonly<
  Record<Exclude<EngineErrorReason, "cancelled">, readonly [PortalFaultCode, string]>
> = {
  unreachable: ["portal_unreachable", "it accepts no connections"],
  unanswered: ["portal_broke_off", "it closed the connection without an answer"],
  closed: ["portal_broke_off", "it closed the connection before the end of its answer"],
  invalid: ["portal_answer_not_valid", "its answer is not valid HTTP"],
};

/** An answer of a Portal that is missing or not whole. It has nothing that the Portal or a client sent. */
export class PortalFault extends EngineError {
  /** Takes a reason in words that follow the name of the Portal. */
  constructor(readonly code: PortalFaultCode, message: string, options?: ErrorOptions) {
    super("closed", message, options);
  }
}

/** Returns the fault for a failure of the client; a request that this side gave up is thrown again. */
export function portalFault(error: unknown): PortalFault {
  if (error instanceof PortalFault) return error;
  if (!(error instanceof EngineError) || error.reason === "cancelled") throw error;
  const [code, message] = FROM_ENGINES[error.reason];
  return new PortalFault(code, message, { cause: error });
}
