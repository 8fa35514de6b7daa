/**
 * How far a reminder lies from the due time: an ISO 8601 duration of weeks, days, hours, minutes and seconds, as
 * seconds; below 0 it is before. A day is 24 hours here, whatever the clocks do, as in the services.
 */
import { recurrenceStrings as strings } from "../../strings/recurrence";

export const MINUTE_SECS = 60;
export const HOUR_SECS = 60 * MINUTE_SECS;
export const DAY_SECS = 24 * HOUR_SECS;
export const WEEK_SECS = 7 * DAY_SECS;
/** The farthest that a reminder may lie from the due time. */
export const MAX_OFFSET_SECS = 366 * DAY_SECS;

const DURATION =
  /^([+-])?P(?!$)(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;

/** The seconds of `-PT30M`; null where it is no duration, or one of more than 366 days. */
export function parseDuration(text: string): number | null {
  const match = DURATION.exec(text);
  if (!match) return null;
  const [, sign, ...numbers] = match;
  const units = [WEEK_SECS, DAY_SECS, HOUR_SECS, MINUTE_SECS, 1];
  const secs = units.reduce((sum, unit, at) => sum + unit * Number(numbers[at] ?? 0), 0);
  if (secs > MAX_OFFSET_SECS) return null;
  return sign === "-" && secs > 0 ? -secs : secs;
}

/** `-PT30M`, in the largest unit that has no rest: as the services write it. */
export function formatDuration(secs: number): string {
  const sign = secs < 0 ? "-" : "";
  const size = Math.abs(secs);
  if (size === 0) return "PT0S";
  if (size % DAY_SECS === 0) return `${sign}P${size / DAY_SECS}D`;
  if (size % HOUR_SECS === 0) return `${sign}PT${size / HOUR_SECS}H`;
  if (size % MINUTE_SECS === 0) return `${sign}PT${size / MINUTE_SECS}M`;
  return `${sign}PT${size}S`;
}

/** "at the due time", "30 minutes before", "1 day and 2 hours after". */
export function durationInWords(secs: number): string {
  if (secs === 0) return strings.atDue;
  return secs < 0 ? strings.before(lasting(-secs)) : strings.after(lasting(secs));
}

/** "1 hour and 30 minutes". 10 days are no week and 3 days. */
function lasting(secs: number): string {
  const units: [number, string][] = [
    [DAY_SECS, "day"],
    [HOUR_SECS, "hour"],
    [MINUTE_SECS, "minute"],
    [1, "second"],
  ];
  if (secs % WEEK_SECS === 0) units.unshift([WEEK_SECS, "week"]);
  const parts: string[] = [];
  let rest = secs;
  for (const [size, unit] of units) {
    const number = Math.floor(rest / size);
    rest %= size;
    if (number > 0) parts.push(strings.count(number, unit));
  }
  return strings.listed(parts);
}
