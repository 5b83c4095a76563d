// Numbers as people read them: three digits, a unit near the number's size.

export type Unit = "s" | "/s" | "share" | "count";

function digits(value: number): string {
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString("en-US").replace(/,/g, "\u202f");
  if (size >= 100 || Number.isInteger(value)) return value.toFixed(0);
  return parseFloat(value.toPrecision(3)).toString();
}

export function duration(seconds: number): string {
  if (seconds === 0) return "0";
  const size = Math.abs(seconds);
  if (size < 1e-3) return `${digits(seconds * 1e6)} µs`;
  if (size < 1) return `${digits(seconds * 1e3)} ms`;
  if (size < 120) return `${digits(seconds)} s`;
  if (size < 7200) return `${digits(seconds / 60)} min`;
  return `${digits(seconds / 3600)} h`;
}

/** A point on the time axis: 0:05, 12:30, 3:00:00. */
export function clock(seconds: number): string {
  const whole = Math.round(seconds);
  const pad = (n: number) => n.toString().padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const rest = `${pad(Math.floor(whole / 60) % 60)}:${pad(whole % 60)}`;
  if (Math.abs(seconds - whole) > 1e-9 && seconds < 60) return `${digits(seconds)} s`;
  return hours > 0 ? `${hours}:${rest}` : rest.replace(/^0(\d)/, "$1");
}

export function quantity(value: number, unit: Unit): string {
  switch (unit) {
    case "s":
      return duration(value);
    case "share":
      return `${parseFloat((value * 100).toFixed(value > 0.99 && value < 1 ? 2 : 1))} %`;
    case "/s":
      return `${digits(value)}/s`;
    default:
      return digits(value);
  }
}

interface TimeUnit {
  name: string;
  seconds: number;
  /** Distances of round ticks in seconds; without them a decimal step is round already. */
  steps?: number[];
}

const Hour = 3600;
const Decades = [1, 10, 100, 1000, 10000];

/** The one unit in which an axis from zero to this many seconds is labelled, as durations of that size are. */
export function timeUnit(seconds: number): TimeUnit {
  if (seconds < 1e-3) return { name: "µs", seconds: 1e-6 };
  if (seconds < 1) return { name: "ms", seconds: 1e-3 };
  if (seconds < 120) return { name: "s", seconds: 1 };
  if (seconds < 2 * Hour) return { name: "min", seconds: 60, steps: [30, 60, 120, 300, 600, 1200, 1800] };
  return { name: "h", seconds: Hour, steps: [Hour / 2, ...Decades.flatMap((size) => [size * Hour, 2 * size * Hour, 5 * size * Hour])] };
}

/** A tick of an axis of durations; largest is the axis' upper end. */
export function timeTick(value: number, largest: number): string {
  const unit = timeUnit(largest);
  return value === 0 ? "0" : `${digits(value / unit.seconds)} ${unit.name}`;
}

export function axis(value: number, unit: Unit): string {
  if (unit === "share") return `${Math.round(value * 100)} %`;
  if (unit === "s") return duration(value);
  return Math.abs(value) >= 10000 ? `${parseFloat((value / 1000).toPrecision(3))}k` : digits(value);
}

/** Ticks of a logarithmic axis: 1-2-5 where a label has room, else 1s. */
export function logTicks(min: number, max: number, room: number): number[] {
  const first = Math.floor(Math.log10(min));
  const last = Math.ceil(Math.log10(max));
  const make = (steps: number[]) => {
    const ticks: number[] = [];
    for (let power = first; power <= last; power++) {
      for (const step of steps) {
        const tick = parseFloat((step * 10 ** power).toPrecision(6));
        if (tick >= min && tick <= max) ticks.push(tick);
      }
    }
    return ticks;
  };
  for (const steps of [[1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 5], [1, 3], [1]]) {
    const ticks = make(steps);
    if (ticks.length <= room) return ticks;
  }
  const powers = make([1]);
  const stride = Math.ceil(powers.length / Math.max(1, room));
  return powers.filter((_, index) => index % stride === 0);
}
