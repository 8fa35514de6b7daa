// What chrono-node understands of phrases: JSON Lines {text, now, time_zone} in, one JSON line {due_date} out each.
// Usage: TZ=UTC node tools/chrono/answers.mjs < phrases.jsonl
//
// Asked as its documentation says: the local time as the reference, and dates that lie ahead. A time of day that it
// is certain of makes an instant, in the zone that it names or the person's; anything else a whole day.

import { createInterface } from 'node:readline';
import process from 'node:process';
import * as chrono from 'chrono-node';

// Minutes that a zone's clocks are ahead of UTC at an instant.
function offsetMinutes(timeZone, instant) {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
  }).formatToParts(instant);
  const part = Object.fromEntries(parts.map(({ type, value }) => [type, Number(value)]));
  const shown = Date.UTC(part.year, part.month - 1, part.day, part.hour, part.minute, part.second);
  return (shown - Math.floor(instant.getTime() / 1000) * 1000) / 60_000;
}

// The instant at which a zone's clocks show a time.
function localised(shown, timeZone) {
  const guess = new Date(shown - offsetMinutes(timeZone, new Date(shown)) * 60_000);
  return new Date(shown - offsetMinutes(timeZone, guess) * 60_000);
}

function dueDate({ text, now, time_zone: timeZone }) {
  const instant = new Date(now);
  const reference = { instant, timezone: offsetMinutes(timeZone, instant) };
  const [first] = chrono.parse(text, reference, { forwardDate: true });
  if (first === undefined) return null;
  const { start } = first;
  const [year, month, day] = ['year', 'month', 'day'].map((part) => start.get(part));
  if (!start.isCertain('hour') && !start.isCertain('minute')) {
    return `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`;
  }
  const shown = Date.UTC(year, month - 1, day, start.get('hour'), start.get('minute'), start.get('second') ?? 0);
  const due = start.isCertain('timezoneOffset') ? start.date() : localised(shown, timeZone);
  return `${due.toISOString().slice(0, 19)}Z`;
}

for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() !== '') console.log(JSON.stringify({ due_date: dueDate(JSON.parse(line)) }));
}
