//! Rule files that are wrong: each fault is told with its place, and the good groups are kept.

/// What a file must be told about it: the file, and each problem as it is shown.
const FAULTS: &[(&str, &[&str], usize)] = &[
    ("", &[], 0),
    ("# only a comment\n", &[], 0),
    ("groups:\n", &[], 0),
    ("groups: {}", &["f.yml:1:9: groups is a list, this is a map; begin its lines with -"], 0),
    ("- a", &["f.yml:1:1: a rule file is a map, this is a list"], 0),
    (
        "groups: [{name: a, rules: []}]\ngroup: 1",
        &["f.yml:2:1: there is no field \"group\" in a rule file; did you mean \"groups\"?"],
        1,
    ),
    (
        "groups:\n  - name: g\n    rules:\n      - record: a\n       expr: b",
        &["*f.yml:5:8: cannot read it as YAML: "],
        0,
    ),
    (
        "groups:\n  - rules: []\n  - name: a\n  - name: a\n",
        &[
            "f.yml:2:5: the group has no name; add name: ...",
            "f.yml:4:11: group \"a\": the group \"a\" is there twice; rename one of them; only the first runs",
        ],
        1,
    ),
    (
        // A bad rule keeps its group from running, and no other.
        "groups:\n- name: bad\n  interval: 5\n  rules:\n  - alert: A\n    expr: sum(\n    for: soon\n- name: good\n  rules: [{record: r, expr: up}]",
        &[
            "*f.yml:3:13: group \"bad\": interval: \"5\" is not a duration",
            "*f.yml:6:",
            "*f.yml:7:10: group \"bad\", rule \"A\": for: \"soon\" is not a duration",
        ],
        1,
    ),
    (
        "groups:\n- name: g\n  rules:\n  - {expr: up}\n  - {record: r, alert: a, expr: up}\n  - {record: 'a b', expr: up}\n  - {record: r, expr: 'up[5m]'}\n  - {record: r, expr: up, for: 5m}\n  - {alert: a}\n  - {alert: a, expr: up, labels: {__name__: x, 1a: y, b: [1]}}\n  - {alert: a, expr: up, lables: {}}\n  - {alert: a, alert: b, expr: up}",
        &[
            "f.yml:4:5: group \"g\", rule \"1\": the rule has neither record nor alert; add one of them",
            "f.yml:5:5: group \"g\", rule \"2\": the rule has record and alert; make two rules of it",
            "*f.yml:6:14: group \"g\", rule \"a b\": \"a b\" is no name of a series",
            "*f.yml:7:23: group \"g\", rule \"r\": the expression gives neither a number nor",
            "f.yml:8:32: group \"g\", rule \"r\": a recording rule has no for; remove it, or make it an alert",
            "f.yml:9:5: group \"g\", rule \"a\": the rule has no expr; add expr: ...",
            "*f.yml:10:35: group \"g\", rule \"a\": \"__name__\" is no name in labels",
            "*f.yml:10:48: group \"g\", rule \"a\": \"1a\" is no name in labels",
            "f.yml:10:58: group \"g\", rule \"a\": labels.b is a text, this is a list",
            "f.yml:11:26: group \"g\", rule \"8\": there is no field \"lables\" in a rule; did you mean \"labels\"?",
            "f.yml:12:16: group \"g\", rule \"9\": \"alert\" is said twice; keep one of them",
        ],
        0,
    ),
    (
        // The place within a block of several lines.
        "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: |\n      sum(up)\n        by (job) > > 1\n",
        &["*f.yml:7:"],
        0,
    ),
    // Aliases and merges are YAML, and so is nesting without end.
    (
        "x: &x [a]\ngroups: [{name: g, rules: [&r {record: a, expr: up}, {<<: *r, record: b}]}]",
        &["*f.yml:1:1: there is no field \"x\""],
        1,
    ),
];

#[test]
fn what_is_wrong_is_told_with_its_place_and_the_good_groups_are_kept() {
    for (text, wanted, groups) in FAULTS {
        let read = warroom::rules::parse("f.yml", text, &[]);
        let told: Vec<String> = read.problems.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), wanted.len(), "{text}\n{told:#?}");
        for (told, wanted) in told.iter().zip(*wanted) {
            match wanted.strip_prefix('*') {
                Some(head) => assert!(told.starts_with(head), "{text}\n{told}\n{head}"),
                None => assert_eq!(told, wanted, "{text}"),
            }
        }
        assert_eq!(read.groups.len(), *groups, "{text}");
    }
}

#[test]
fn hostile_files_end_soon() {
    let bomb = (1..30)
        .fold("a0: &a0 [x, x]\n".to_owned(), |text, i| format!("{text}a{i}: &a{i} [*a{0}, *a{0}]\n", i - 1));
    // Many of one thing: nothing may take the square of it.
    let many = |head: &str, count: usize, one: fn(usize) -> String, tail: &str| {
        head.to_owned() + &(0..count).map(one).collect::<String>() + tail
    };
    for text in [
        bomb,
        "[".repeat(100_000),
        "a: ".repeat(10_000),
        "- ".repeat(100_000),
        "\u{0}\u{feff}{".to_owned(),
        many("groups:\n", 50_000, |i| format!("- {{name: g{i}, x: 1}}\n"), ""),
        many("groups: [{labels: {", 50_000, |i| format!("a{i}: b, "), "}}]"),
        many("x: &x {", 50_000, |i| format!("a{i}: b, "), "}\ny: {<<: *x, a: b}"),
        many("x:\n", 50_000, |i| format!("- |\n  text {i}\n"), ""),
        format!("{}: 1", "n".repeat(1000)),
    ] {
        let read = warroom::rules::parse("f.yml", &text, &[]);
        assert!(read.groups.is_empty() && !read.problems.is_empty() && read.problems.len() <= 201);
    }
}
