//! `timeline` in a process of its own: its locale, and operations of the past.

use crate::harness::Sandbox;

#[test]
fn the_locale_chooses_the_characters() {
    let sandbox = Sandbox::new(1);
    sandbox.must("kctl create deployment web --image=nginx");
    sandbox.must("kctl clock advance 10s");
    for (variables, is_ascii) in [
        ("LC_ALL=C.UTF-8", false),
        ("LC_ALL= LC_CTYPE=de_DE.utf8", false),
        ("LC_ALL=C LANG=en_US.UTF-8", true),
        ("LC_ALL=POSIX", true),
    ] {
        let drawn = sandbox.must(&format!("{variables} kctl timeline"));
        assert_eq!(drawn.is_ascii(), is_ascii, "{variables}:\n{drawn}");
    }
    assert!(sandbox.must("LC_ALL=C.UTF-8 kctl timeline --ascii").is_ascii());
}

#[test]
fn a_picture_begins_with_an_operation() {
    let sandbox = Sandbox::new(1);
    sandbox.must("kctl create deployment web --image=nginx");
    sandbox.must("kctl clock advance 10s");
    sandbox.must("kctl scale deployment web --replicas=2");
    sandbox.must("kctl clock advance 10s");
    let log = sandbox.must("kctl op log");
    let scaled = log.lines().find(|line| line.contains("kctl scale")).expect("the operation");
    let number = scaled.split_whitespace().next().expect("its number");
    let drawn = sandbox.must(&format!("kctl timeline --since {number}"));
    assert!(drawn.contains("2026-01-01 00:00:10 to 00:00:20 UTC"), "{drawn}");
    assert!(drawn.contains("\nA 0s") && drawn.contains("scale deployment/web to 2"), "{drawn}");
    assert!(!drawn.contains("create deployment/web"), "{drawn}");
    // Drawing is no operation.
    assert_eq!(sandbox.must("kctl op log"), log);
}
