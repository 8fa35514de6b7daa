//! The document of the promise names tests; they are there.

use std::{fs, path::PathBuf};

/// Where the tests of a name's first part are.
const SUITES: [(&str, &str); 3] = [
    ("api", "crates/chat-api/tests/api"),
    ("worker", "crates/reminder-worker/tests/worker"),
    ("system", "crates/e2e/tests/system"),
];

#[test]
fn every_test_that_the_promise_names_is_there_and_every_point_names_one() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let document = fs::read_to_string(root.join("docs/reminder-promise.md")).unwrap();
    let names: Vec<&str> =
        document.split('`').skip(1).step_by(2).filter(|name| name.contains("::")).collect();
    for name in names.iter().filter(|name| !name.ends_with("::")) {
        let parts: Vec<&str> = name.split("::").collect();
        let [suite, module, test] = parts[..] else { panic!("{name}") };
        let (_, folder) = SUITES.into_iter().find(|(name, _)| *name == suite).expect(name);
        let source = fs::read_to_string(root.join(folder).join(format!("{module}.rs")));
        let source = source.unwrap_or_else(|error| panic!("{name}: {error}"));
        let is_there = source.contains(&format!("fn {test}()"))
            || (test == "*" && source.contains("#[tokio::test"));
        assert!(is_there, "{name}");
    }
    let points = document.split("\n## ").next().unwrap().split("\n1. ").nth(1).unwrap();
    let points: Vec<&str> = points.split(". **").collect();
    assert_eq!(points.len(), 7);
    for point in points {
        assert!(SUITES.iter().any(|(suite, _)| point.contains(&format!("`{suite}::"))), "{point}");
    }
}
