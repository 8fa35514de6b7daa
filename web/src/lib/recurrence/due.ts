/** A due date as a date and a time of day, and the days that are chosen most often. */
import {
  addDays,
  isDay,
  toInstant,
  toLocal,
  weekdayOf,
  type Day,
  type DueDate,
  type Local,
} from "../time";

/** The years in which the API takes due dates. */
export const FIRST_DAY: Day = "1970-01-01";
export const LAST_DAY: Day = "2200-12-31";

export const QUICK_CHOICES = ["today", "tomorrow", "weekend", "next_week"] as const;
export type QuickChoice = (typeof QUICK_CHOICES)[number];

const SATURDAY = 6;
const WEEK_DAYS = 7;

/** A whole day has no time, and what is never due neither. */
export function fieldsOf(due: DueDate | null, timeZone: string): Local {
  if (due === null) return { date: "", time: "" };
  return isDay(due) ? { date: due, time: "" } : toLocal(due, timeZone);
}

export function dueOf({ date, time }: Local, timeZone: string): DueDate | null {
  if (date === "") return null;
  return time === "" ? date : toInstant(date, time, timeZone);
}

/** The choices with their days; on a weekend, it is today. */
export function quickDays(today: Day): { choice: QuickChoice; day: Day }[] {
  return QUICK_CHOICES.map((choice) => ({ choice, day: quickDay(choice, today) })).filter(
    ({ choice, day }) => choice !== "weekend" || day !== today,
  );
}

/** The weekend is this one while it lasts; next week begins on Monday. */
export function quickDay(choice: QuickChoice, today: Day): Day {
  const weekday = weekdayOf(today);
  const days = {
    today: 0,
    tomorrow: 1,
    weekend: Math.max(SATURDAY - weekday, 0),
    next_week: WEEK_DAYS + 1 - weekday,
  };
  return addDays(today, days[choice]);
}
