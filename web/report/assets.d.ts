// esbuild gathers imported styles into report.css.
declare module "*.css";
