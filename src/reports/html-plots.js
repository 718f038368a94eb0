/* eslint-disable @typescript-eslint/ban-ts-comment -- it runs in a browser, whose types the program has no use for */
// @ts-nocheck
// What is plotted stands in the page as JSON; the plots are uPlot's.
(() => {
  "use strict";
  const { forMs, seconds, percentiles } = JSON.parse(document.getElementById("load").textContent);
  const height = 280;

  const colour = (name) => {
    const probe = document.createElement("span");
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
  const isMissing = (value) => value === null || value === undefined;
  const tidy = (value, digits) => String(Number(value.toFixed(digits)));
  const duration = (ms) => {
    if (isMissing(ms)) return "–";
    if (ms < 1) return `${Number(ms.toPrecision(2))} ms`;
    if (ms < 1000) return `${tidy(ms, ms < 100 ? 1 : 0)} ms`;
    return `${tidy(ms / 1000, 2)} s`;
  };
  const clock = (at) => {
    if (isMissing(at)) return "–";
    if (at < 60) return `${tidy(at, 1)} s`;
    const [hours, minutes, rest] = [Math.floor(at / 3600), Math.floor(at / 60) % 60, Math.floor(at % 60)];
    const two = (part) => String(part).padStart(2, "0");
    return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
  };
  const count = (value) => (isMissing(value) ? "–" : value.toLocaleString("en"));

  const axis = (values, size) => ({
    values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : values(tick))),
    stroke: colour("muted"),
    grid: { stroke: colour("line"), width: 1 },
    ticks: { stroke: colour("line"), width: 1 },
    font: "12px system-ui, sans-serif",
    ...(size === undefined ? {} : { size }),
  });
  const line = (label, name, value, more) => ({
    label,
    stroke: colour(name),
    width: 2,
    points: { show: seconds.length < 3 },
    value: (_, raw) => value(raw),
    ...more,
  });
  // No second is parted.
  const incrs = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400];
  const column = (name) => seconds.map((second) => second[name]);
  /** Seconds that began while requests were to be started. */
  const within = seconds.filter(({ at }) => at * 1000 < forMs).length;
  // One slow answer must not press all others to the ground.
  const isSteep = (values) => {
    const known = values.filter((value) => value !== null && value > 0);
    return Math.max(...known.slice(0, 100_000)) > 100 * Math.min(...known.slice(0, 100_000));
  };

  const plots = {
    latency() {
      // The second in which the last answers came in, where it is the only one after the end, is too short to compare.
      const behind = seconds.length - within;
      const shown = behind === 1 ? within : seconds.length;
      const [ats, p50, p99, max] = ["at", "p50", "p99", "max"].map((name) => column(name).slice(0, shown));
      if (p50.every((value) => value === null)) return undefined;
      return {
        data: [ats, max, p99, p50],
        scales: {
          x: { time: false },
          y: isSteep([...p50, ...max])
            ? { distr: 3 }
            : { range: { min: { soft: 0, mode: 1 }, max: { pad: 0.1 } } },
        },
        series: [
          { label: "at", value: (_, raw) => clock(raw) },
          line("max", "third", duration, { width: 1 }),
          line("p99", "second", duration),
          line("p50", "first", duration),
        ],
        axes: [{ ...axis(clock), incrs }, axis(duration, 72)],
      };
    },
    rate() {
      // In a part of a second, and after the end, there is no rate to see.
      const whole = Math.max(1, Math.min(within, Math.floor(forMs / 1000)));
      return {
        data: ["at", "due", "answered", "failed"].map((name) => column(name).slice(0, whole)),
        scales: {
          x: { time: false },
          y: { range: { min: { hard: 0, soft: 0, mode: 1 }, max: { soft: 1, mode: 1, pad: 0.1 } } },
        },
        series: [
          { label: "at", value: (_, raw) => clock(raw) },
          line("due", "third", count, { dash: [6, 4] }),
          line("answered", "first", count),
          line("failed", "bad", count, {
            fill: colour("bad").replace("rgb(", "rgba(").replace(")", ", 0.15)"),
          }),
        ],
        axes: [{ ...axis(clock), incrs }, axis(count, 72)],
      };
    },
    distribution() {
      if (percentiles.length < 2) return undefined;
      // How many answers there are for one that took longer: so far apart as the nines are.
      const last = percentiles[percentiles.length - 2].percentile;
      const among = ({ percentile }) =>
        percentile >= 100 ? (100 / (100 - last)) * 1.5 : 100 / (100 - percentile);
      const percentile = (x) =>
        `${Number((100 - 100 / x).toPrecision(2 + Math.max(1, Math.ceil(Math.log10(x)))))} %`;
      const nines =
        innerWidth < 600 ? [1, 10, 100, 1000, 100_000] : [1, 2, 10, 100, 1000, 10_000, 100_000, 1_000_000];
      const ms = percentiles.map((one) => one.ms);
      return {
        data: [percentiles.map(among), ms],
        padding: [null, 44, null, null],
        scales: {
          x: { time: false, distr: 3 },
          y: isSteep(ms) ? { distr: 3 } : { range: { min: { soft: 0, mode: 1 }, max: { pad: 0.1 } } },
        },
        series: [
          {
            label: "percentile",
            value: (_, raw, __, index) =>
              isMissing(index)
                ? "–"
                : `${percentiles[index].percentile.toFixed(percentiles[index].percentile < 99 ? 1 : 3)} %`,
          },
          line("latency", "first", duration),
        ],
        axes: [
          {
            ...axis(percentile),
            splits: (self) => nines.filter((x) => x >= self.scales.x.min && x <= self.scales.x.max),
            filter: (_, splits) => splits,
          },
          axis(duration, 72),
        ],
      };
    },
  };

  let drawn = [];
  const draw = () => {
    for (const plot of drawn) plot.destroy();
    drawn = [];
    for (const [id, make] of Object.entries(plots)) {
      const made = make();
      if (made === undefined) continue;
      const figure = document.getElementById(id);
      figure.hidden = false;
      const place = figure.querySelector(".plot");
      const { data, ...options } = made;
      drawn.push(
        new uPlot(
          { width: place.clientWidth, height, ...options, cursor: { drag: { x: true, y: false } } },
          data,
          place,
        ),
      );
    }
  };
  const fit = () => {
    for (const plot of drawn) plot.setSize({ width: plot.root.parentElement.clientWidth, height });
  };
  draw();
  addEventListener("resize", fit);
  addEventListener("beforeprint", fit);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
