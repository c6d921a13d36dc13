import type { DoorError } from "./error_answer.ts";

/** Ends the work on a request: its client receives the error. */
export class Refused extends Error {
  override readonly name = "Refused";
  constructor(readonly error: DoorError) {
    super(error.message);
  }
}
