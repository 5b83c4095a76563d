// Bundles the report's script and style into src/Lab/Reports/Assets (or the folder given as the first argument).
import { build } from "esbuild";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const target = resolve(process.argv[2] ?? join(here, "../src/Lab/Reports/Assets"));
const licence = readFileSync(join(here, "node_modules/uplot/LICENSE"), "utf8").trim();

await build({
  absWorkingDir: here,
  entryPoints: { report: "report/report.ts" },
  outdir: target,
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  // The page that carries the bundle is a copy of uPlot, so its licence travels along.
  banner: { js: `/*! Contains uPlot.\n${licence}\n*/` },
});
