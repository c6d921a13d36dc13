/** The times of the front that have no setting. Tests shorten them. */
export interface Pace {
  /** A stream that waits longer for its engine gets its first bytes from the door. */
  readonly silentMilliseconds: number;
  /** The pause between two events for a client that waits. */
  readonly commentMilliseconds: number;
  /** The pause before a wrong key is answered. */
  readonly wrongKeyMilliseconds: number;
  /** The time that each body has to arrive, besides that for its size. */
  readonly bodyMilliseconds: number;
  /** The longest time until the hand gets figures that have changed. */
  readonly metricsMilliseconds: number;
  /** The time for a connection to a Portal, and for its list of models. */
  readonly connectMilliseconds: number;
  readonly portalAnswerMilliseconds: number;
  /** The pause before the next question to a Portal: after an answer, and after a failure. */
  readonly portalLookMilliseconds: number;
  readonly portalAgainMilliseconds: number;
  /** The silence of a Portal after which the door looks whether it is still there. */
  readonly portalSilentMilliseconds: number;
}

/** The pace of the door: clients give up after 30 seconds of silence, and proxies after 60. */
export const PACE: Pace = {
  silentMilliseconds: 5000,
  commentMilliseconds: 10_000,
  wrongKeyMilliseconds: 1000,
  bodyMilliseconds: 20_000,
  metricsMilliseconds: 5000,
  connectMilliseconds: 5000,
  portalAnswerMilliseconds: 8000,
  portalLookMilliseconds: 15_000,
  portalAgainMilliseconds: 5000,
  portalSilentMilliseconds: 15_000,
};
