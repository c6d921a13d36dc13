/** Writes metrics in the text formats of the libraries that the engines use. */

export type Labels = Readonly<Record<string, string | number>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** A histogram with these labels, of `count` exponentially distributed observations. */
export interface Observed {
  readonly labels: Labels;
  readonly count: number;
  readonly mean: number;
}

/** All series of one name. */
export type Family =
  & { readonly name: string; readonly help: string }
  & (
    | { readonly type: "counter" | "gauge"; readonly samples: readonly Sample[] }
    | {
      readonly type: "histogram";
      readonly buckets: readonly number[];
      readonly observed: readonly Observed[];
    }
  );

/** The content negotiation of a library. */
export type Negotiation = "text" | "prometheus_client";

/** Returns the response to a scrape that accepts `accept`. */
export function exposition(
  families: readonly Family[],
  accept: string,
  negotiation: Negotiation,
): Response {
  const format = negotiation === "text" ? PLAIN : negotiate(accept);
  const lines = families.flatMap((family) => familyLines(family, format));
  if (format.openMetrics) lines.push("# EOF");
  return new Response(lines.join("\n") + "\n", { headers: { "content-type": format.contentType } });
}

interface Format {
  readonly contentType: string;
  readonly openMetrics: boolean;
  readonly escapeColons: boolean;
}

const PLAIN: Format = {
  contentType: "text/plain; version=0.0.4; charset=utf-8",
  openMetrics: false,
  escapeColons: false,
};

/**
 * Works like `choose_encoder` of prometheus_client 0.26: a client that requests OpenMetrics 1.0 without
 * UTF-8 gets `_` for each `:` in a name.
 */
function negotiate(accept: string): Format {
  for (const part of accept.split(",")) {
    const [type, ...parameters] = part.split(";").map((word) => word.trim());
    if (type !== "application/openmetrics-text") continue;
    if (!parameters.includes("version=1.0.0")) continue;
    const utf8 = parameters.includes("escaping=allow-utf-8");
    const escaping = utf8 ? "allow-utf-8" : "underscores";
    return {
      contentType:
        `application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=${escaping}`,
      openMetrics: true,
      escapeColons: !utf8,
    };
  }
  return PLAIN;
}

function familyLines(family: Family, { openMetrics, escapeColons }: Format): string[] {
  const named = (name: string) => escapeColons ? name.replaceAll(":", "_") : name;
  const series = (name: string, labels: Labels, value: number) =>
    `${named(name)}${labelText(labels)} ${value}`;
  const { name, help, type } = family;
  // OpenMetrics names the family of a counter without its suffix.
  const declared = named(openMetrics && type === "counter" ? name.replace(/_total$/, "") : name);
  const head = [`# HELP ${declared} ${help}`, `# TYPE ${declared} ${type}`];
  if (type !== "histogram") {
    return [...head, ...family.samples.map(({ labels, value }) => series(name, labels, value))];
  }
  const body = family.observed.flatMap(({ labels, count, mean }) => [
    ...family.buckets.map((le) =>
      series(
        `${name}_bucket`,
        { ...labels, le: Number.isInteger(le) ? le.toFixed(1) : le },
        Math.floor(count * (1 - Math.exp(-le / mean))),
      )
    ),
    series(`${name}_bucket`, { ...labels, le: "+Inf" }, Math.floor(count)),
    series(`${name}_count`, labels, Math.floor(count)),
    series(`${name}_sum`, labels, Math.floor(count) * mean),
  ]);
  return [...head, ...body];
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => {
    const escaped = String(value).replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n");
    return `${name}="${escaped}"`;
  });
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}
