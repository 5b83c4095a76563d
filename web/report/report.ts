import "uplot/dist/uPlot.min.css";
import "./report.css";
import type uPlot from "uplot";
import { draw, type Chart, type Look } from "./charts";

interface PageData {
  labels: string[];
  charts: Chart[];
}

const root = document.documentElement;
const data = JSON.parse(document.getElementById("data")!.textContent!) as PageData;
const shown = data.labels.map(() => true);
let plots: uPlot[] = [];

function look(): Look {
  const style = getComputedStyle(root);
  const value = (name: string) => style.getPropertyValue(name).trim();
  return {
    card: value("--card"),
    faint: value("--faint"),
    grid: value("--grid"),
    mark: value("--mark"),
    font: "system-ui, -apple-system, 'Segoe UI', sans-serif",
    colours: Array.from({ length: 12 }, (_, run) => value(`--run-${run % 12}`)),
  };
}

function drawAll(): void {
  for (const plot of plots) plot.destroy();
  plots = [];
  const current = look();
  for (const chart of data.charts) {
    const host = document.querySelector<HTMLElement>(`[data-chart="${chart.id}"] .plot`);
    if (host && host.clientWidth > 0) plots.push(draw(chart, host, chart.labels ?? data.labels, shown, current));
  }
}

function wireLegend(): void {
  document.querySelectorAll<HTMLButtonElement>(".legend button[data-run]").forEach((button) => {
    const run = Number(button.dataset.run);
    button.addEventListener("click", () => {
      shown[run] = !shown[run];
      button.setAttribute("aria-pressed", String(shown[run]));
      for (const plot of plots) if (plot.series[run + 1]) plot.setSeries(run + 1, { show: shown[run] });
    });
  });
}

function wireTheme(): void {
  const button = document.querySelector<HTMLButtonElement>("#theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  button?.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    drawAll();
  });
  system.addEventListener("change", drawAll);
}

let width = innerWidth;
let pending = 0;
addEventListener("resize", () => {
  if (innerWidth === width) return;
  width = innerWidth;
  clearTimeout(pending);
  pending = setTimeout(drawAll, 120) as unknown as number;
});
// Paper has its own width and wants the light colours.
addEventListener("beforeprint", drawAll);

wireLegend();
wireTheme();
drawAll();
