import java.io.FileReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.temporal.Temporal;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import java.util.TreeSet;
import net.fortuna.ical4j.data.CalendarBuilder;
import net.fortuna.ical4j.model.Calendar;
import net.fortuna.ical4j.model.Component;
import net.fortuna.ical4j.model.Period;
import net.fortuna.ical4j.model.Property;
import net.fortuna.ical4j.model.component.VEvent;
import net.fortuna.ical4j.model.property.DateProperty;

/**
 * Reads a calendar strictly, checks it against RFC 5545, and says what its events are, a JSON object a line.
 * Fails where it is not valid.
 *
 *     java -cp 'LIBS/*' Read.java FILE FROM UNTIL      (days; each event is expanded between them)
 */
class Read {
    public static void main(String[] arguments) throws Exception {
        Calendar calendar;
        try (Reader file = new FileReader(arguments[0], StandardCharsets.UTF_8)) {
            calendar = new CalendarBuilder().build(file);
        }
        var found = calendar.validate(true);
        if (found.hasErrors()) {
            throw new IllegalStateException(found.toString());
        }
        LocalDate from = LocalDate.parse(arguments[1]), until = LocalDate.parse(arguments[2]);
        StringJoiner names = new StringJoiner(",");
        calendar.getComponents().forEach(component -> names.add(quoted(component.getName())));
        System.out.println("{\"components\":[" + names + "],\"name\":"
            + value(calendar.getProperty("X-WR-CALNAME").map(Property::getValue).orElse(null)) + "}");
        List<VEvent> events = calendar.getComponents(Component.VEVENT);
        for (VEvent event : events) {
            say(event, from, until);
        }
    }

    private static void say(VEvent event, LocalDate from, LocalDate until) {
        Temporal start = event.getDateTimeStart().map(DateProperty::getDate).orElseThrow();
        TreeSet<String> instances = new TreeSet<>();
        if (event.getProperty("RRULE").isEmpty()) {
            instances.add(said(start));
        } else if (start instanceof LocalDate) {
            expand(event, new Period<>(from, until), instances);
        } else {
            var zone = start instanceof ZonedDateTime zoned ? zoned.getZone() : ZoneOffset.UTC;
            var begin = from.atStartOfDay(zone);
            var end = until.atStartOfDay(zone);
            if (start instanceof OffsetDateTime) {
                expand(event, new Period<>(begin.toOffsetDateTime(), end.toOffsetDateTime()), instances);
            } else {
                expand(event, new Period<>(begin, end), instances);
            }
        }
        List<String> alarms = new ArrayList<>();
        event.getAlarms().forEach(alarm ->
            alarms.add(quoted(alarm.getProperty("TRIGGER").orElseThrow().getValue())));
        StringJoiner fields = new StringJoiner(",", "{", "}");
        for (String name : List.of("UID", "RECURRENCE-ID", "RRULE", "SUMMARY", "DESCRIPTION", "CATEGORIES",
            "LAST-MODIFIED")) {
            fields.add(quoted(name) + ":" + value(event.getProperty(name).map(Property::getValue).orElse(null)));
        }
        StringJoiner starts = new StringJoiner(",");
        instances.forEach(instance -> starts.add(quoted(instance)));
        fields.add("\"start\":" + quoted(said(start)));
        fields.add("\"instances\":[" + starts + "]");
        fields.add("\"alarms\":[" + String.join(",", alarms) + "]");
        System.out.println(fields);
    }

    private static void expand(VEvent event, Period<? extends Temporal> span, TreeSet<String> into) {
        for (Period<? extends Temporal> one : event.calculateRecurrenceSet(span)) {
            into.add(said(one.getStart()));
        }
    }

    /** A day as it is, everything else as an instant. */
    private static String said(Temporal time) {
        return time instanceof LocalDate ? time.toString() : Instant.from(time).toString();
    }

    private static String value(String text) {
        return text == null ? "null" : quoted(text);
    }

    private static String quoted(String text) {
        StringBuilder out = new StringBuilder("\"");
        text.codePoints().forEach(point -> {
            if (point == '"' || point == '\\') {
                out.append('\\').appendCodePoint(point);
            } else if (point < ' ') {
                out.append(String.format("\\u%04x", point));
            } else {
                out.appendCodePoint(point);
            }
        });
        return out.append('"').toString();
    }
}
