/** The times of the hand. Tests shorten them. */
export interface HandPace {
  /** Several changes of systemd come together. */
  readonly hintMilliseconds: number;
  /** A render writes the receipt, and then lets systemd load the units. */
  readonly renderMilliseconds: number;
  /** The shortest time between two states in the state file. */
  readonly stateMilliseconds: number;
  /** The shortest time between two states in systemd. */
  readonly statusMilliseconds: number;
  /** The shortest time between two files of figures. */
  readonly metricsMilliseconds: number;
  /** The pause between two looks for clients that left. */
  readonly clientsMilliseconds: number;
  /** The pause between two looks whether all of the user's services are being stopped. */
  readonly shutdownMilliseconds: number;
}

/** The pace of the hand of a door. */
export const HAND_PACE: HandPace = {
  hintMilliseconds: 20,
  renderMilliseconds: 1000,
  stateMilliseconds: 250,
  statusMilliseconds: 1000,
  metricsMilliseconds: 1000,
  clientsMilliseconds: 3000,
  shutdownMilliseconds: 1000,
};
