/**
 * Checks the dashboard of the front door, and what the one of Covens shows of it: a real Prometheus reads the file that a real front writes under
 * load, and answers the queries of Grafana.
 */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { DASHBOARDS, FOLDER, interpolate, queryingPanels } from "./dashboards.ts";
import { Door, TOKENS, vesselJob } from "./door.ts";
import { findProgramFolders, Prometheus, versionOf, waitUntil } from "./prometheus.ts";
import { withoutStandIn } from "./stand_in_zero.ts";

const RANGE_SECONDS = 120;
const BOARD = DASHBOARDS.get("lychd-vessel.json")!;
const VALUES = { soulstone: ".+", model: ".*", rateInterval: "15s", range: `${RANGE_SECONDS}s` };

for (const folder of findProgramFolders()) {
  Deno.test(`every query of the front door's dashboard has data, by Prometheus ${versionOf(folder)}`, async (t) => {
    await using door = await Door.start();
    await using prometheus = await Prometheus.start({
      folder,
      assets: door.assets,
      config: (address) => ({
        global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
        rule_files: [`${FOLDER}rules.yml`],
        scrape_configs: [vesselJob(address)],
      }),
    });
    const now = async (query: string) => (await prometheus.now(query))[0]?.values[0] ?? 0;
    await waitUntil("each kind of event was scraped twice", async () => {
      const swaps = await now("count(sum by (to) (lychd_vessel_swaps_total) >= 2)");
      const scrapes = await now('count_over_time(up{job="lychd-vessel"}[1m])');
      return swaps === 3 && scrapes >= 20 && await now("vessel:swapping:ratio1h") > 0;
    });
    door.wait();
    await waitUntil("a request waits", async () => {
      return await now("lychd_vessel_oldest_queued_timestamp_seconds") > 0;
    });

    const lines: string[] = [];
    const ofDoor = [
      ...queryingPanels(BOARD),
      ...queryingPanels(DASHBOARDS.get("lychd-covens.json")!),
    ]
      .map((panel) => ({
        ...panel,
        targets: panel.targets!.filter(({ expr }) => /\b(lychd_vessel_|vessel:)/.test(expr)),
      }));
    for (const { id, title, targets } of ofDoor) {
      for (const { refId, expr, instant } of targets) {
        const query = interpolate(withoutStandIn(expr), VALUES);
        const series = instant
          ? await prometheus.now(query)
          : await prometheus.over(query, RANGE_SECONDS);
        const filled = series.filter(({ values }) => values.some(Number.isFinite));
        const label = `${id} ${title} ${refId}`;
        lines.push(`${label.padEnd(40)} ${filled.length}`);
        await t.step(label, () => assert.notEqual(filled.length, 0, query));
      }
    }
    // deno-lint-ignore no-console
    console.log([BOARD.title, ...lines, ""].join("\n"));

    await t.step("the numbers are right, also those of the first events", async () => {
      const swaps = queryingPanels(BOARD).find(({ title }) => title === "Swaps")!.targets![0]!.expr;
      const figures = {
        answered: 'sum(lychd_vessel_requests_total{code="2xx"})',
        input: "sum(lychd_vessel_input_tokens_total)",
        cached: "sum(lychd_vessel_cached_input_tokens_total)",
        output: "sum(lychd_vessel_output_tokens_total)",
        broken: "sum(lychd_vessel_upstream_errors_total)",
        unknown: 'lychd_vessel_rejected_total{reason="model_not_found"}',
        left: 'lychd_vessel_cancelled_total{stage="under_way"}',
        swaps: "sum(lychd_vessel_swaps_total)",
      };
      let shown: Record<string, number> = {};
      const caused = () => {
        const { answered } = door.caused;
        const tokens = Object.entries(TOKENS).map(([name, count]) => [name, count * answered]);
        return { ...door.caused, ...Object.fromEntries(tokens) };
      };
      await waitUntil("Prometheus has the last figures", async () => {
        const values = Object.entries(figures).map(async (
          [name, query],
        ) => [name, await now(query)]);
        shown = Object.fromEntries(await Promise.all(values));
        return isDeepStrictEqual(shown, caused());
      }).catch(() => assert.deepEqual(shown, caused()));
      // `increase` extrapolates to the ends of the window.
      const counted = await now(`sum(${interpolate(swaps, VALUES)})`);
      assert.ok(Math.abs(counted - shown.swaps!) <= 0.3 * shown.swaps! + 1, `${counted}`);
    });

    await t.step("only series of the front door are kept", async () => {
      const names = '{job="lychd-vessel",__name__!~"lychd_vessel_.+|up|scrape_.+|ALERTS.*"}';
      assert.deepEqual((await prometheus.now(names)).map(({ metric }) => metric["__name__"]), [
        "vessel:swapping:ratio1h",
      ]);
    });
  });
}
