/** A size in bytes, in powers of 1000: `541 B`, `1.2 kB`, `5.0 MB`. */
export function formatBytes(size: number): string {
  if (size < 1000) return `${size} B`;
  let value = size / 1000;
  for (const unit of ["kB", "MB"]) {
    if (value < 999.95) return `${value.toFixed(1)} ${unit}`;
    value /= 1000;
  }
  return `${value.toFixed(1)} GB`;
}

/** Milliseconds for people: `0.4 ms`, `12 ms`, `1.2 s`, `2 min 5 s`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 9.95) return `${oneDecimal(milliseconds)} ms`;
  if (milliseconds < 999.5) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 59_950) return `${oneDecimal(milliseconds / 1000)} s`;
  const seconds = Math.round(milliseconds / 1000);
  const rest = seconds % 60;
  return rest === 0 ? `${seconds / 60} min` : `${(seconds - rest) / 60} min ${rest} s`;
}

/** `14:03:22`, behind its day where that is not the one the page was opened on. */
export function formatTime(iso: string, opened: Date): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return "";
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(":");
  return time.toDateString() === opened.toDateString() ? clock : `${dayOf(time)} ${clock}`;
}

/** `2026-11-22 14:03:22.417`, in this machine's time zone. */
export function formatFullTime(iso: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return "";
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join("-");
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(":");
  return `${day} ${clock}.${String(time.getMilliseconds()).padStart(3, "0")}`;
}

/** `1 delivery`, `1,204 deliveries`. */
export function formatCount(count: number, one: string, many: string): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
}

const oneDecimal = (value: number): string => String(Number(value.toFixed(1)));
const two = (value: number): string => String(value).padStart(2, "0");
const names = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const dayOf = (time: Date): string => `${time.getDate()} ${names[time.getMonth()] ?? ""}`;
