import uPlot from "uplot";
import { axis, clock, logTicks, quantity, timeTick, timeUnit, type Unit } from "./format";

export interface Mark {
  at: number;
  label: string;
}

/** One chart as the page's data block states it. Columns are null where a run has nothing to show. */
export interface Chart {
  id: string;
  kind: "cdf" | "time" | "curve";
  unit: Unit;
  x: number[];
  y: (number | null)[][];
  marks?: Mark[];
  /** Names of this chart's own columns; else the page's. */
  labels?: string[];
}

export interface Look {
  card: string;
  faint: string;
  grid: string;
  mark: string;
  font: string;
  colours: string[];
}

const Height = 220;
const LabelWidth = 62;
/** Room for usual labels left of a chart, so that charts below each other begin together. */
const SideWidth = 48;
const SidePadding = 10;
const ShareTicks = [0, 0.25, 0.5, 0.75, 0.9, 1];
/** 1-2-5 steps of seconds from a nanosecond to a hundred seconds. */
const DecimalSteps = Array.from({ length: 11 }, (_, power) => [1, 2, 5].map((step) => parseFloat(`${step}e${power - 9}`))).flat();
const TimeSteps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

function drawMarks(marks: Mark[], look: Look): uPlot.Plugin {
  return {
    hooks: {
      draw: (plot: uPlot) => {
        const { ctx, bbox } = plot;
        for (const mark of marks) {
          const x = plot.valToPos(mark.at, "x", true);
          if (x < bbox.left || x > bbox.left + bbox.width) continue;
          ctx.save();
          ctx.strokeStyle = look.mark;
          ctx.lineWidth = devicePixelRatio;
          ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
          ctx.beginPath();
          ctx.moveTo(x, bbox.top);
          ctx.lineTo(x, bbox.top + bbox.height);
          ctx.stroke();
          ctx.font = `${11 * devicePixelRatio}px ${look.font}`;
          const left = x > bbox.left + bbox.width * 0.45;
          ctx.textAlign = left ? "right" : "left";
          ctx.textBaseline = "bottom";
          const at = x + (left ? -5 : 5) * devicePixelRatio;
          const bottom = bbox.top + bbox.height - 5 * devicePixelRatio;
          // A line of the chart may run where the word stands.
          const wide = ctx.measureText(mark.label).width + 4 * devicePixelRatio;
          const high = 13 * devicePixelRatio;
          ctx.fillStyle = look.card;
          ctx.fillRect(left ? at - wide + 2 * devicePixelRatio : at - 2 * devicePixelRatio, bottom - high, wide, high);
          ctx.fillStyle = look.faint;
          ctx.fillText(mark.label, at, bottom);
          ctx.restore();
        }
      },
    },
  };
}

function showValues(chart: Chart, labels: string[], look: Look): uPlot.Plugin {
  const box = document.createElement("div");
  box.className = "tip";
  box.hidden = true;
  const at = chart.kind === "time" ? clock : (value: number) => quantity(value, chart.kind === "curve" ? "count" : "s");
  return {
    hooks: {
      init: (plot: uPlot) => {
        plot.over.append(box);
        plot.over.addEventListener("mouseleave", () => (box.hidden = true));
      },
      setCursor: (plot: uPlot) => {
        const { idx, left } = plot.cursor;
        if (idx == null || left == null || left < 0 || !plot.over.matches(":hover")) {
          box.hidden = true;
          return;
        }
        const rows: Node[] = [];
        const head = document.createElement("b");
        head.textContent = (chart.kind === "cdf" ? "≤ " : "") + at(chart.x[idx]);
        rows.push(head);
        chart.y.forEach((column, run) => {
          const value = column[idx];
          if (value == null || !plot.series[run + 1].show) return;
          const row = document.createElement("div");
          const dot = document.createElement("i");
          dot.style.background = look.colours[run];
          const name = document.createElement("span");
          name.textContent = labels[run] ?? "";
          const figure = document.createElement("em");
          figure.textContent = quantity(value, chart.unit);
          row.append(dot, name, figure);
          rows.push(row);
        });
        box.replaceChildren(...rows);
        box.hidden = rows.length < 2;
        const room = plot.over.clientWidth;
        const beside = left < room / 2 ? left + 14 : left - 14 - box.offsetWidth;
        box.style.left = `${Math.max(0, Math.min(beside, room - box.offsetWidth))}px`;
      },
    },
  };
}

/** Width of the column that holds all these labels. */
function widest(plot: uPlot, labels: string[], font: string): number {
  const { ctx } = plot;
  ctx.save();
  ctx.font = font;
  const width = Math.max(0, ...labels.map((label) => ctx.measureText(label).width));
  ctx.restore();
  return Math.max(SideWidth, Math.ceil(width) + SidePadding);
}

export function draw(chart: Chart, host: HTMLElement, labels: string[], shown: boolean[], look: Look): uPlot {
  const isLog = chart.kind === "cdf";
  const isTime = chart.kind !== "cdf" && chart.unit === "s";
  const isCurve = chart.kind === "curve";
  const width = host.clientWidth;
  const font = `11px ${look.font}`;
  const line = { stroke: look.faint, font, grid: { stroke: look.grid, width: 1 }, ticks: { show: false } };
  const options: uPlot.Options = {
    width,
    height: Height,
    legend: { show: false },
    padding: [8, 22, 0, 0],
    cursor: {
      y: false,
      points: { size: 7 },
      drag: { x: true, y: false, dist: 8 },
      ...(chart.kind === "time" ? { sync: { key: "time" } } : {}),
    },
    plugins: [showValues(chart, labels, look), drawMarks(chart.marks ?? [], look)],
    scales: {
      x: isLog ? { time: false, distr: 3, range: (_plot, min, max) => [min, max] } : { time: false, range: (_plot, min, max) => [min, max] },
      y: chart.kind === "cdf" || (chart.unit === "share" && chart.kind === "time")
        ? { range: [0, 1.02] }
        : { range: (_plot, _min, max) => [0, max > 0 ? max * 1.06 : 1] },
    },
    axes: [
      {
        ...line,
        size: 28,
        ...(isLog
          ? {
              splits: (_plot: uPlot, _axis: number, min: number, max: number) =>
                logTicks(min, max, Math.max(2, Math.floor((width - LabelWidth) / LabelWidth))),
              filter: (_plot: uPlot, splits: number[]) => splits,
              values: (_plot: uPlot, splits: number[]) => splits.map((tick) => axis(tick, "s")),
            }
          : isCurve
          ? { space: LabelWidth, values: (_plot: uPlot, splits: number[]) => splits.map((tick) => axis(tick, "count")) }
          : { incrs: TimeSteps, space: LabelWidth, values: (_plot: uPlot, splits: number[]) => splits.map(clock) }),
      },
      {
        ...line,
        size: (plot: uPlot, values: string[] | null) => widest(plot, values ?? [], font),
        ...(chart.kind === "cdf" ? { splits: () => ShareTicks } : {}),
        ...(isTime
          ? {
              incrs: (_plot: uPlot, _axis: number, _min: number, max: number) => timeUnit(max).steps ?? DecimalSteps,
              values: (plot: uPlot, splits: number[]) => splits.map((tick) => timeTick(tick, plot.scales.y.max ?? 0)),
            }
          : { values: (_plot: uPlot, splits: number[]) => splits.map((tick) => axis(tick, chart.unit)) }),
      },
    ],
    series: [
      {},
      ...chart.y.map((_column, run) => ({
        label: labels[run] ?? "",
        show: shown[run] ?? true,
        stroke: look.colours[run],
        width: 1.75,
        points: { show: isCurve, size: 6 },
        spanGaps: isCurve,
      })),
    ],
  };
  return new uPlot(options, [chart.x, ...chart.y] as uPlot.AlignedData, host);
}
