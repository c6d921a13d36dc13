/**
 * The parts of prom-client that the door needs. Its main module also loads a cluster, a pushgateway and
 * the figures of a process, which open files that the sandbox may not open.
 *
 * @module
 */
import type * as prometheus from "prom-client/";
import counter from "prom-client/lib/counter.js";
import gauge from "prom-client/lib/gauge.js";
import histogram from "prom-client/lib/histogram.js";
import registry from "prom-client/lib/registry.js";

// The modules have no types of their own.

/** A number that only grows. */
export const Counter = counter as unknown as typeof prometheus.Counter;

/** A number of now. */
export const Gauge = gauge as unknown as typeof prometheus.Gauge;

/** The distribution of numbers. */
export const Histogram = histogram as unknown as typeof prometheus.Histogram;

/** A list of all of them, which writes their text. */
export const Registry = registry as unknown as typeof prometheus.Registry;
