use proptest::prelude::*;

use super::*;

/// What takes more than its share of time does so at a quarter of the limit too.
const LARGE_BYTES: usize = MAX_FILE_BYTES / 4;
const FORMATS: [Format; 4] = [Format::Json, Format::Todoist, Format::Vikunja, Format::Ical];

fn reader() -> Reader {
    Reader {
        now: "2026-11-24T14:00:00Z".parse().expect("an instant"),
        zone: "Europe/Berlin".parse().expect("a zone"),
    }
}

/// What a file of one of the formats is made of, in any order.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        ";",
        "\n",
        "\r\n",
        "\"",
        "\"\"",
        " ",
        "\u{feff}",
        "\0",
        "ä",
        "\"format\":\"todo.export\",\"version\":1,",
        "\"tasks\":[",
        "\"lists\":[",
        "{\"id\":",
        "\"00000000-0000-4000-8000-000000000001\"",
        "\"title\":\"x\"",
        "null",
        "1e999",
        "-1",
        "TYPE,CONTENT,DATE,INDENT,PRIORITY\n",
        "task,",
        "section,",
        "note,",
        "every ",
        "2 ",
        "29 feb",
        "day",
        "at 5pm",
        "99999999999",
        "2026-02-30",
        "BEGIN:VCALENDAR\r\n",
        "BEGIN:VTODO\n",
        "BEGIN:VALARM\n",
        "END:VALARM\n",
        "END:VTODO\n",
        "END:VCALENDAR\n",
        "SUMMARY:x\n",
        "UID:1\n",
        "DUE",
        "DTSTART",
        ";TZID=",
        ";VALUE=DATE",
        "20261224T170000\n",
        "TRIGGER:-PT99999999999H\n",
        "TRIGGER:-P366D\n",
        "DURATION:P366D\n",
        "DUE:99991231\n",
        "DUE:00010101T000000\n",
        "RRULE:FREQ=DAILY\n",
        "EXDATE:",
        "RELATED-TO:1\n",
        "PK\u{3}\u{4}",
        "PK\u{5}\u{6}",
    ]);
    let piece = prop_oneof![
        4 => known.prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..20),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

#[test]
fn a_large_file_of_anything_is_read_in_time_or_refused() {
    let whole = |head: &str, piece: &str, tail: &str| {
        let count = (LARGE_BYTES - head.len() - tail.len()) / piece.len();
        [head, &piece.repeat(count), tail].concat()
    };
    let calendar = "BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:x\n";
    let end = "\nEND:VTODO\nEND:VCALENDAR\n";
    let ours = "{\"format\":\"todo.export\",\"version\":1,\"tasks\":[0";
    for (head, piece, tail) in [
        ("", "\"", ""),
        ("", "\n", ""),
        ("TYPE,CONTENT\ntask,x", ",", ""),
        ("TYPE,CONTENT\n", "x\n", ""),
        ("TYPE,CONTENT\n", "note,x\n", ""),
        ("TYPE,CONTENT,INDENT\n", "task,x,30\n", ""),
        ("TYPE,CONTENT,DATE\n", "task,x,every 30 feb\n", ""),
        ("TYPE,CONTENT\ntask,", "@a ", ""),
        (ours, ",0", "]}"),
        (ours, "", "]}"),
        ("", "[", ""),
        ("", "BEGIN:VCALENDAR\n", ""),
        ("BEGIN:VCALENDAR\n", "BEGIN:VTODO\nEND:VTODO\n", "END:VCALENDAR\n"),
        (calendar, "EXDATE:1\n", end),
        (calendar, "CATEGORIES:a\n", end),
        (&format!("{calendar}CATEGORIES:"), "a,", end),
        (&format!("{calendar}DUE"), ";A=B", &format!(":x{end}")),
        (&format!("{calendar}DESCRIPTION:x"), "\n y", end),
        (&format!("{calendar}DUE:20261224\nRRULE:"), "A;", end),
        (calendar, "BEGIN:VALARM\nTRIGGER:PT1S\nEND:VALARM\n", end),
    ] {
        let file = if piece.is_empty() { [head, tail].concat() } else { whole(head, piece, tail) };
        for format in FORMATS {
            let began = tokio::time::Instant::now();
            let read = format.read(file.as_bytes(), &reader());
            let took = began.elapsed();
            assert!(took < std::time::Duration::from_secs(10), "{head}{piece}: {took:?}");
            if let Ok(incoming) = read {
                assert!(incoming.notes.kept.len() <= 2 * MAX_NOTES);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_bytes_make_a_parser_panic(bytes in pieces()) {
        for format in FORMATS {
            if let Ok(incoming) = format.read(&bytes, &reader()) {
                prop_assert!(incoming.tasks.len() <= MAX_TASKS);
            }
        }
        Format::detect(&bytes);
    }

    #[test]
    fn no_date_in_words_makes_a_panic(text in "[a-z0-9 :,!&-]{0,40}|every [0-9a-z ]{0,20}") {
        let _whatever = todoist::dates::understand(&text, reader().zone, reader().now);
    }
}
