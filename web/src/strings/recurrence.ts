/** The words that recurrences and reminders are told in; what their editors say is loaded with those. */

const WEEKDAYS = [
  "Monday",
  "Tuesday",
  "Wednesday",
  "Thursday",
  "Friday",
  "Saturday",
  "Sunday",
] as const;

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
] as const;

const PLACES = ["first", "second", "third", "fourth", "fifth"] as const;

/** Length of a short name of a weekday or a month, in characters. */
const SHORT_CHARS = 3;

function ordinal(number: number): string {
  const isTeen = Math.floor(number / 10) % 10 === 1;
  const ending = isTeen ? undefined : ["st", "nd", "rd"][(number % 10) - 1];
  return `${number}${ending ?? "th"}`;
}

/** "first", "20th", "last", "second to last". */
function place(number: number): string {
  if (number === -1) return "last";
  const said = PLACES[Math.abs(number) - 1] ?? ordinal(Math.abs(number));
  return number < 0 ? `${said} to last` : said;
}

function count(number: number, unit: string): string {
  return `${number} ${unit}${number === 1 ? "" : "s"}`;
}

function listed(items: readonly string[]): string {
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}

const weekday = (number: number) => WEEKDAYS[number - 1]!;
const weekdayShort = (number: number) => weekday(number).slice(0, SHORT_CHARS);
const month = (number: number) => MONTHS[number - 1]!;

/** "24 Dec 2026", and without the year where none is wanted. */
function date(day: string, withYear = true): string {
  const [year, number, inMonth] = day.split("-").map(Number);
  const said = `${inMonth} ${month(number!).slice(0, SHORT_CHARS)}`;
  return withYear ? `${said} ${year}` : said;
}

export const recurrenceStrings = {
  ordinal,
  place,
  count,
  listed,
  weekday,
  weekdayShort,
  month,
  date,

  // A rule in words.
  every: (unit: string) => `every ${unit}`,
  everyOther: (unit: string) => `every other ${unit}`,
  everyMany: (number: number, unit: string) => `every ${number} ${unit}s`,
  on: (said: string, days: string) => `${said} on ${days}`,
  monthlyOn: (days: string) => `monthly on ${days}`,
  onOf: (days: string, period: string) => `on ${days} of ${period}`,
  inMonths: (said: string, months: string) => `${said} in ${months}`,
  inWeek: (said: string, weeks: string, days: string) => `${said} in week ${weeks} on ${days}`,
  the: (days: string) => `the ${days}`,
  dayAt: (nth: string) => `${nth} day`,
  theDate: (day: string, month: string) => `${day} ${month}`,
  daysOf: (days: string, months: string) => `${days} of ${months}`,
  weekdayThe: (weekday: string, day: string) => `${weekday} the ${day}`,
  aWeekday: "weekday",
  weekdays: "weekdays",
  weekendDay: "weekend day",
  weekends: "weekends",
  day: "day",
  days: "every day",
  dayExcept: (weekday: string) => `day except ${weekday}`,
  at: (said: string, times: string) => `${said} at ${times}`,
  atMinutes: (said: string, minutes: string) => `${said} at ${minutes}`,
  minutePast: (minute: number) => `:${String(minute).padStart(2, "0")}`,
  fromTo: (said: string, every: string, from: string, to: string) =>
    `${said}, ${every} from ${from} to ${to}`,
  until: (said: string, last: string) => `${said} until ${last}`,
  dateAndTime: (day: string, time: string) => `${day}, ${time}`,
  times: (said: string, number: number) =>
    number === 1 ? `${said}, once` : `${said}, ${number} times`,
  inZone: (said: string, timeZone: string) => `${said} (${timeZone})`,
  afterDone: (distance: string) => `${distance} after it is done`,
  afterDoneAt: (said: string, times: string) => `${said}, at ${times}`,
  countedFromDone: (said: string) => `${said}, counted from when it is done`,
  byTheRule: (rule: string) => `by the rule ${rule}`,
  aUnit: (unit: string) => `${unit === "hour" ? "an" : "a"} ${unit}`,

  // How far a reminder lies from the due time.
  atDue: "at the due time",
  onTheDay: "on the day",
  before: (distance: string) => `${distance} before`,
  after: (distance: string) => `${distance} after`,
};
