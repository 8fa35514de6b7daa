import { describe, expect, it } from "vitest";
import type { Recurrence } from "../api/client";
import { inWords } from "./words";

const DAY = "2026-11-29"; // A Sunday.
const TIME = "2026-11-29T18:00:00";

function made(rrule: string, dtstart: string, more: Partial<Recurrence> = {}): Recurrence {
  return { rrule, dtstart, time_zone: "Europe/Berlin", ...more };
}

const RULES: [rrule: string, dtstart: string, words: string][] = [
  // By the day.
  ["FREQ=DAILY", DAY, "every day"],
  ["FREQ=DAILY", TIME, "every day at 18:00"],
  ["FREQ=DAILY;INTERVAL=2", DAY, "every other day"],
  ["FREQ=DAILY;INTERVAL=3", TIME, "every 3 days at 18:00"],
  ["FREQ=DAILY;BYMONTH=1", DAY, "every day in January"],
  ["FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", DAY, "every weekday"],
  ["FREQ=DAILY;BYMONTHDAY=1,15", DAY, "monthly on the 1st and 15th"],
  ["FREQ=DAILY;BYHOUR=9,21;BYMINUTE=0", TIME, "every day at 09:00 and 21:00"],
  ["FREQ=DAILY;BYHOUR=21,9", "2026-11-29T18:30:00", "every day at 09:30 and 21:30"],
  [
    "FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16,17;BYMINUTE=0",
    TIME,
    "every day, every hour from 09:00 to 17:00",
  ],
  [
    "FREQ=DAILY;BYHOUR=9,10,11;BYMINUTE=0,20,40",
    TIME,
    "every day, every 20 minutes from 09:00 to 11:40",
  ],
  ["FREQ=DAILY;BYHOUR=8,10,12,14,20", TIME, "every day at 08:00, 10:00, 12:00, 14:00 and 20:00"],

  // By the week.
  ["FREQ=WEEKLY", DAY, "every Sunday"],
  ["FREQ=WEEKLY;BYDAY=TU", DAY, "every Tuesday"],
  ["freq=weekly;byday=tu", DAY, "every Tuesday"],
  ["RRULE:FREQ=WEEKLY;BYDAY=TU", DAY, "every Tuesday"],
  ["FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", TIME, "every weekday at 18:00"],
  ["FREQ=WEEKLY;BYDAY=SA,SU", DAY, "every weekend day"],
  ["FREQ=WEEKLY;BYDAY=TH,MO", DAY, "every Mon and Thu"],
  ["FREQ=WEEKLY;BYDAY=MO,WE,FR", TIME, "every Mon, Wed and Fri at 18:00"],
  ["FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA", DAY, "every day except Sunday"],
  ["FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU", DAY, "every day"],
  ["FREQ=WEEKLY;INTERVAL=2", DAY, "every other Sunday"],
  ["FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", TIME, "every other Tuesday at 18:00"],
  ["FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH", DAY, "every other week on Tue and Thu"],
  ["FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU,SU", DAY, "every other week on Tue and Sun"],
  ["FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU,WE,TH,FR", DAY, "every other week on weekdays"],
  ["FREQ=WEEKLY;INTERVAL=3;BYDAY=MO,TH", DAY, "every 3 weeks on Mon and Thu"],
  ["FREQ=WEEKLY;INTERVAL=4;BYDAY=FR", DAY, "every 4 weeks on Friday"],
  ["FREQ=WEEKLY;BYDAY=MO;BYMONTH=6,7,8", DAY, "every Monday in June, July and August"],

  // By the month.
  ["FREQ=MONTHLY", DAY, "monthly on the 29th"],
  ["FREQ=MONTHLY;INTERVAL=2", DAY, "every other month on the 29th"],
  ["FREQ=MONTHLY;INTERVAL=3", DAY, "every 3 months on the 29th"],
  ["FREQ=MONTHLY;BYMONTHDAY=15", DAY, "monthly on the 15th"],
  ["FREQ=MONTHLY;BYMONTHDAY=15,1", TIME, "monthly on the 1st and 15th at 18:00"],
  ["FREQ=MONTHLY;BYMONTHDAY=22", DAY, "monthly on the 22nd"],
  ["FREQ=MONTHLY;BYMONTHDAY=-1", DAY, "on the last day of every month"],
  ["FREQ=MONTHLY;BYMONTHDAY=-2", DAY, "on the second to last day of every month"],
  ["FREQ=MONTHLY;BYMONTHDAY=1,-1", DAY, "on the 1st and last day of every month"],
  ["FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=-1", DAY, "on the last day of every other month"],
  ["FREQ=MONTHLY;BYDAY=-1FR", DAY, "on the last Friday of every month"],
  ["FREQ=MONTHLY;BYDAY=2TU", TIME, "on the second Tuesday of every month at 18:00"],
  ["FREQ=MONTHLY;BYDAY=3MO,1MO", DAY, "on the first and third Monday of every month"],
  ["FREQ=MONTHLY;BYDAY=1MO,-1FR", DAY, "on the first Monday and last Friday of every month"],
  ["FREQ=MONTHLY;INTERVAL=3;BYDAY=1MO", DAY, "every 3 months on the first Monday"],
  ["FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", DAY, "on the last weekday of every month"],
  ["FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=1", DAY, "on the first weekend day of every month"],
  ["FREQ=MONTHLY;BYDAY=FR;BYSETPOS=-1", DAY, "on the last Friday of every month"],
  ["FREQ=MONTHLY;BYDAY=TU", DAY, "every Tuesday"],
  ["FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", DAY, "every Friday the 13th"],
  ["FREQ=MONTHLY;BYMONTH=3;BYMONTHDAY=15", DAY, "every year on 15 March"],
  [
    "FREQ=MONTHLY;BYMONTH=3,9;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    DAY,
    "every year on the last weekday of March and September",
  ],

  // By the year.
  ["FREQ=YEARLY", DAY, "every year on 29 November"],
  ["FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24", DAY, "every year on 24 December"],
  ["FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24", TIME, "every year on 24 December at 18:00"],
  ["FREQ=YEARLY;BYMONTH=3", DAY, "every year on 29 March"],
  ["FREQ=YEARLY;INTERVAL=2;BYMONTH=12;BYMONTHDAY=25", DAY, "every other year on 25 December"],
  ["FREQ=YEARLY;INTERVAL=4", DAY, "every 4 years on 29 November"],
  ["FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24,25", DAY, "every year on 24 and 25 December"],
  ["FREQ=YEARLY;BYMONTH=1,7;BYMONTHDAY=1", DAY, "every year on 1 January and 1 July"],
  [
    "FREQ=YEARLY;BYMONTH=1,7;BYMONTHDAY=1,15",
    DAY,
    "every year on the 1st and 15th of January and July",
  ],
  ["FREQ=YEARLY;BYMONTH=9;BYDAY=1MO", DAY, "every year on the first Monday of September"],
  ["FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1", DAY, "every year on the last day of February"],
  [
    "FREQ=YEARLY;BYMONTH=6;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    DAY,
    "every year on the last weekday of June",
  ],
  ["FREQ=YEARLY;BYDAY=20MO", DAY, "on the 20th Monday of every year"],
  ["FREQ=YEARLY;BYDAY=-1MO", DAY, "on the last Monday of every year"],
  ["FREQ=YEARLY;BYYEARDAY=100", DAY, "on the 100th day of every year"],
  ["FREQ=YEARLY;INTERVAL=2;BYYEARDAY=-1,1", DAY, "on the first and last day of every other year"],
  ["FREQ=YEARLY;BYWEEKNO=20", DAY, "every year in week 20 on Sunday"],
  ["FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", DAY, "every year in week 20 on Monday"],
  ["FREQ=YEARLY;BYMONTHDAY=15", DAY, "monthly on the 15th"],
  ["FREQ=YEARLY;BYMONTH=9;BYDAY=MO", DAY, "every Monday in September"],

  // By the clock.
  ["FREQ=HOURLY", TIME, "every hour"],
  ["FREQ=HOURLY;INTERVAL=2", TIME, "every other hour"],
  ["FREQ=HOURLY;INTERVAL=4", TIME, "every 4 hours"],
  ["FREQ=HOURLY;BYMINUTE=30,0", TIME, "every hour at :00 and :30"],
  ["FREQ=HOURLY;BYDAY=MO,TU,WE,TH,FR", TIME, "every hour on weekdays"],
  ["FREQ=HOURLY;BYHOUR=9,12;BYDAY=MO", TIME, "every Monday at 09:00 and 12:00"],
  ["FREQ=MINUTELY;INTERVAL=30", TIME, "every 30 minutes"],

  // How it ends.
  ["FREQ=DAILY;COUNT=10", DAY, "every day, 10 times"],
  ["FREQ=DAILY;COUNT=1", DAY, "every day, once"],
  ["FREQ=WEEKLY;UNTIL=20261224;BYDAY=TU", DAY, "every Tuesday until 24 Dec 2026"],
  ["FREQ=DAILY;UNTIL=20261224T225959Z", TIME, "every day at 18:00 until 24 Dec 2026"],
  ["FREQ=DAILY;UNTIL=20261224T180000", TIME, "every day at 18:00 until 24 Dec 2026"],
  ["FREQ=DAILY;UNTIL=20261224T120000", TIME, "every day at 18:00 until 24 Dec 2026, 12:00"],
  ["FREQ=HOURLY;UNTIL=20261224T110000Z", TIME, "every hour until 24 Dec 2026, 12:00"],
  ["FREQ=DAILY;UNTIL=20261224T120000", DAY, "every day until 24 Dec 2026"],
];

describe("a rule in words", () => {
  it.each(RULES)("%s from %s is %s", (rrule, dtstart, words) => {
    expect(inWords(made(rrule, dtstart))).toBe(words);
  });
});

describe("what has no words", () => {
  it.each([
    "FREQ=YEARLY;BYWEEKNO=20;WKST=SU;BYDAY=MO",
    "FREQ=YEARLY;BYWEEKNO=-1",
    "FREQ=YEARLY;INTERVAL=2;BYWEEKNO=20",
    "FREQ=YEARLY;INTERVAL=2;BYMONTHDAY=15",
    "FREQ=YEARLY;INTERVAL=2;BYDAY=MO",
    "FREQ=YEARLY;INTERVAL=2;BYMONTH=9;BYDAY=MO",
    "FREQ=YEARLY;BYMONTH=1,2;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    "FREQ=YEARLY;BYYEARDAY=100;BYMONTH=4",
    "FREQ=YEARLY;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
    "FREQ=MONTHLY;BYDAY=MO,WE;BYSETPOS=2",
    "FREQ=MONTHLY;BYDAY=MO,1FR",
    "FREQ=MONTHLY;BYDAY=1FR;BYMONTHDAY=13",
    "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=-13",
    "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU",
    "FREQ=MONTHLY;INTERVAL=2;BYMONTH=3;BYMONTHDAY=15",
    "FREQ=MONTHLY;BYMONTHDAY=1,15;BYSETPOS=-1",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;BYHOUR=9,21",
    "FREQ=MONTHLY;BYHOUR=9,21;BYSETPOS=-1",
    "FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=1",
    "FREQ=WEEKLY;BYDAY=1MO",
    "FREQ=DAILY;INTERVAL=2;BYDAY=MO",
    "FREQ=DAILY;INTERVAL=2;BYMONTHDAY=1",
    "FREQ=DAILY;BYHOUR=0,3,4,7,8,10,14,20,23",
    "FREQ=DAILY;BYSECOND=30",
    "FREQ=HOURLY;INTERVAL=2;BYHOUR=9,12",
    "FREQ=HOURLY;BYMONTHDAY=1",
    "FREQ=MINUTELY;INTERVAL=20;BYHOUR=9",
    "FREQ=SECONDLY",
    "FREQ=DAILY;INTERVAL=0",
    "FREQ=DAILY;COUNT=3;UNTIL=20261224",
    "FREQ=DAILY;UNTIL=20261324",
    "FREQ=DAILY;UNTIL=soon",
    "FREQ=DAILY;FREQ=WEEKLY",
    "FREQ=DAILY;BYEASTER=0",
    "FREQ=MONTHLY;BYMONTHDAY=0",
    "FREQ=MONTHLY;BYMONTHDAY=1,,2",
    "FREQ=WEEKLY;BYDAY=everyMO",
    "BYDAY=MO",
    "every day",
    "",
  ])("%s is told as the rule itself", (rrule) => {
    expect(inWords(made(rrule, TIME))).toBe(`by the rule ${rrule}`);
  });

  it("a rule by the clock of whole days is told as the rule itself", () => {
    expect(inWords(made("FREQ=HOURLY", DAY))).toBe("by the rule FREQ=HOURLY");
    expect(inWords(made("FREQ=DAILY;BYHOUR=9", DAY))).toBe("by the rule FREQ=DAILY;BYHOUR=9");
  });

  it("seconds are not left out", () => {
    const start = "2026-11-29T18:00:30";
    expect(inWords(made("FREQ=DAILY", start))).toBe("by the rule FREQ=DAILY");
    expect(inWords(made("FREQ=DAILY;BYSECOND=0", start))).toBe("every day at 18:00");
  });
});

describe("a rule that counts from the completion", () => {
  it.each([
    ["FREQ=DAILY;INTERVAL=3", DAY, "3 days after it is done"],
    ["FREQ=DAILY", TIME, "a day after it is done, at 18:00"],
    ["FREQ=WEEKLY;INTERVAL=2", DAY, "2 weeks after it is done"],
    ["FREQ=MONTHLY", DAY, "a month after it is done"],
    ["FREQ=YEARLY", DAY, "a year after it is done"],
    ["FREQ=HOURLY", TIME, "an hour after it is done"],
    ["FREQ=MINUTELY;INTERVAL=90", TIME, "90 minutes after it is done"],
    ["FREQ=DAILY;INTERVAL=3;COUNT=10", DAY, "3 days after it is done, 10 times"],
    ["FREQ=DAILY;INTERVAL=3;UNTIL=20261224", DAY, "3 days after it is done until 24 Dec 2026"],
    ["FREQ=WEEKLY;BYDAY=MO", DAY, "every Monday, counted from when it is done"],
    ["FREQ=DAILY;BYHOUR=9,21", TIME, "every day at 09:00 and 21:00, counted from when it is done"],
    ["FREQ=SECONDLY", TIME, "by the rule FREQ=SECONDLY, counted from when it is done"],
  ])("%s from %s is %s", (rrule, dtstart, words) => {
    expect(inWords(made(rrule, dtstart, { basis: "completion" }))).toBe(words);
  });

  it("is not one by its due date", () => {
    expect(inWords(made("FREQ=DAILY", DAY, { basis: "due_date" }))).toBe("every day");
  });
});

describe("the last day and the zone", () => {
  it("this year's last day has no year", () => {
    const rule = made("FREQ=DAILY;UNTIL=20261224", DAY);
    expect(inWords(rule, "2026-11-28")).toBe("every day until 24 Dec");
    expect(inWords(rule, "2027-01-01")).toBe("every day until 24 Dec 2026");
  });

  it("the last day is that of the rule's zone", () => {
    const rule = made("FREQ=DAILY;UNTIL=20270602T035959Z", TIME);
    expect(inWords({ ...rule, time_zone: "America/New_York" })).toBe(
      "every day at 18:00 until 1 Jun 2027",
    );
  });

  it("another zone is named where times are told", () => {
    const rule = made("FREQ=DAILY;INTERVAL=3", TIME, { time_zone: "Asia/Tokyo" });
    expect(inWords(rule, undefined, "Europe/Berlin")).toBe("every 3 days at 18:00 (Asia/Tokyo)");
    expect(inWords(rule, undefined, "Asia/Tokyo")).toBe("every 3 days at 18:00");
    expect(inWords({ ...rule, dtstart: DAY }, undefined, "Europe/Berlin")).toBe("every 3 days");
  });
});
