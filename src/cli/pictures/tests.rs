//! Pictures of chronicles made by hand: labels have room, lines have the width, and everything stays in its frame.

use super::text::Style;
use super::*;
use kctl_base::json::to_pretty;
use kctl_base::object::ValueRead as _;
use kctl_cluster::chronicle::{Mark, MarkKind, ObjectRef, PodState, Replicas, Span};
use std::collections::BTreeMap;

const START: Time = Time::from_secs(1_767_225_600);

fn at(seconds: i64) -> Time {
    START + Duration::from_secs(seconds)
}

/// A sequence of numbers that looks random (a linear congruential generator, Knuth's MMIX).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % bound as u64) as i64
    }
}

fn reference(kind: &str, name: &str) -> ObjectRef {
    ObjectRef { kind: kind.into(), namespace: "default".into(), name: name.into(), uid: format!("{kind}-{name}") }
}

/// A pod that goes through all states, at times of its own.
fn pod(numbers: &mut Numbers, index: i64, owners: Vec<ObjectRef>) -> PodLife {
    let mut from = at(numbers.below(50));
    let mut spans = Vec::new();
    for state in PodState::ALL {
        let to = from + Duration::from_secs(1 + numbers.below(20));
        spans.push(Span { state, detail: String::new(), from, to });
        from = to;
    }
    let gone = (index % 2 == 0).then_some(from);
    PodLife {
        namespace: "default".into(),
        name: format!("{}-{index:05}", owners[0].name),
        uid: format!("pod-{index}"),
        labels: BTreeMap::new(),
        owners,
        revision: Some(1 + index % 2),
        node: Some("k8s-node1".into()),
        spans,
        is_open: index % 5 == 0,
        gone,
        restarts: 0,
    }
}

/// A Deployment with two ReplicaSets and so many pods, with more marks than there are labels.
fn chronicle(pods: i64) -> Chronicle {
    let numbers = &mut Numbers(7);
    let web = reference("Deployment", "a-deployment-with-a-rather-long-name");
    let set =
        |index: i64| reference("ReplicaSet", &format!("{}-{}", web.name, ["5d8f7c", "664db8596"][index as usize]));
    let lives = (0..pods).map(|index| pod(numbers, index, vec![set(index % 2), web.clone()])).collect();
    let replicas =
        (0..60).map(|step| Replicas { at: at(step * 3), desired: pods, ready: 0, available: numbers.below(pods + 1) });
    let replicas = replicas.collect();
    let mut marks: Vec<Mark> = Vec::new();
    for index in 0..40 {
        let text = format!("set image deployment/{} c=registry.example.com/team/image:{index} & <more>", web.name);
        let object = web.clone();
        marks.push(Mark {
            at: at(numbers.below(180)),
            kind: MarkKind::Command,
            reason: "set image".into(),
            object,
            text,
            revision: 1,
        });
    }
    for index in 0..400 {
        let name = format!("{}-{:05}", set(index % 2).name, index % pods);
        let (kind, reason) =
            if index % 3 == 0 { (MarkKind::Warning, "BackOff") } else { (MarkKind::Normal, "Killing") };
        let (object, reason) = (reference("Pod", &name), format!("{reason}{}", index % 11));
        let text = "a message \u{1b}[31m\"quoted\" <b>with</b> markup".to_string();
        marks.push(Mark { at: at(numbers.below(180)), kind, reason, object, text, revision: 1 });
    }
    marks.sort_by_key(|mark| mark.at);
    let workload = Workload { object: web, owners: Vec::new(), revision: None, replicas, is_open: false, gone: None };
    Chronicle { from: at(20), to: at(190), pods: lives, workloads: vec![workload], marks }
}

fn everything() -> Scope {
    Scope { namespace: Some("default".into()), objects: Vec::new(), labels: None }
}

/// A rectangle around a text.
#[derive(Debug)]
#[expect(dead_code, reason = "the text is for the messages of failures")]
struct Label {
    text: String,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Label {
    fn overlaps(&self, other: &Label) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }
}

fn attribute<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = element.split_once(&format!(" {name}=\""))?;
    rest.split('"').next()
}

fn number(element: &str, name: &str) -> f64 {
    attribute(element, name).and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{name} of {element}"))
}

/// Reads the texts of a picture, measured for a font whose characters are 0.6 of its size wide.
fn labels(svg: &str) -> Vec<Label> {
    let label = |line: &str| {
        let (element, rest) = line.split_once('>').expect("an element");
        let text = rest.strip_suffix("</text>").expect("one text on a line");
        let shown = text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
        let size = match attribute(element, "class") {
            Some("title") => 16.0,
            Some("heading") => 13.0,
            Some("plain" | "muted") => 11.0,
            Some("small" | "badge") => 9.0,
            other => panic!("a class: {other:?}"),
        };
        let (x, y, width) = (number(element, "x"), number(element, "y"), shown.chars().count() as f64 * size * 0.6);
        let left = if attribute(element, "text-anchor") == Some("middle") { x - width / 2.0 } else { x };
        Label { text: shown, left, right: left + width, top: y - size * 0.75, bottom: y + size * 0.2 }
    };
    svg.lines().filter(|line| line.starts_with("<text")).map(label).collect()
}

#[test]
fn labels_do_not_overlap_and_stay_in_the_picture() {
    for pods in [1, 3, 50, 150, 1000] {
        let chronicle = chronicle(pods);
        for width in [600, 1200, 3000] {
            let picture = Picture::of(&chronicle, &everything(), None);
            let svg = svg::draw(&picture, width);
            let height = number(svg.lines().next().expect("a line"), "height");
            let labels = labels(&svg);
            assert!(labels.len() > 30, "{} labels", labels.len());
            for (index, label) in labels.iter().enumerate() {
                let is_inside = label.left >= 0.0 && label.right <= width as f64 && label.bottom <= height;
                assert!(is_inside, "{pods} pods, {width} pixels: {label:?}");
                let other = labels[..index].iter().find(|other| label.overlaps(other));
                assert!(other.is_none(), "{pods} pods, {width} pixels: {label:?} and {other:?}");
            }
        }
    }
}

#[test]
fn bars_stay_between_the_ends_of_the_axis() {
    let chronicle = chronicle(50);
    let svg = svg::draw(&Picture::of(&chronicle, &everything(), Some(at(60))), 1200);
    let is_bar = |line: &&str| line.starts_with("<rect") && line.contains("><title>") && !line.contains("\"mark-");
    let bars: Vec<&str> = svg.lines().filter(is_bar).collect();
    assert!(bars.len() > 100);
    for bar in bars {
        let (left, width) = (number(bar, "x"), number(bar, "width"));
        assert!(left > 100.0 && left + width <= 1200.0 - 16.0 - 40.0 + 7.0, "{bar}");
    }
}

#[test]
fn the_picture_escapes_what_objects_say() {
    let chronicle = chronicle(3);
    let picture = Picture::of(&chronicle, &everything(), None);
    for drawn in [svg::draw(&picture, 1200), html::draw(&picture, 1200)] {
        assert!(drawn.contains("c=registry.example.com/team/image:") && drawn.contains(" &amp; &lt;more&gt;"));
        assert!(!drawn.contains("<more>") && !drawn.contains("<b>") && !drawn.contains('\u{1b}'));
    }
    let drawn = text::draw(&picture, Style { width: 200, ascii: true, colour: false });
    assert!(!drawn.contains('\u{1b}'), "{drawn}");
}

#[test]
fn text_has_the_width_and_plain_characters() {
    for pods in [1, 3, 50, 1000] {
        let chronicle = chronicle(pods);
        let picture = Picture::of(&chronicle, &everything(), None);
        for width in [40, 80, 132, 300] {
            for ascii in [true, false] {
                let drawn = text::draw(&picture, Style { width, ascii, colour: false });
                let longest = drawn.lines().map(|line| line.chars().count()).max().expect("lines");
                assert!(longest <= width, "{pods} pods, {longest} of {width} columns:\n{drawn}");
                assert!(!ascii || drawn.is_ascii(), "{drawn}");
                assert!(drawn.lines().count() < 150, "{} lines", drawn.lines().count());
            }
        }
    }
}

#[test]
fn colours_change_nothing_but_the_colours() {
    let chronicle = chronicle(10);
    let picture = Picture::of(&chronicle, &everything(), None);
    let plain = text::draw(&picture, Style { width: 100, ascii: false, colour: false });
    let mut painted = text::draw(&picture, Style { width: 100, ascii: false, colour: true });
    assert!(painted.contains("\u{1b}[32m"));
    for code in [0, 1, 31, 32, 33, 34, 35, 36, 90] {
        painted = painted.replace(&format!("\u{1b}[{code}m"), "");
    }
    let trimmed = |text: &str| text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    assert_eq!(trimmed(&painted), trimmed(&plain));
}

#[test]
fn crowds_are_counted_by_state_and_pods_alike_are_joined() {
    let varied = chronicle(1000);
    let drawn =
        text::draw(&Picture::of(&varied, &everything(), None), Style { width: 100, ascii: true, colour: false });
    assert!(drawn.contains("revision 1, 500 pods\n    pending (max "), "{drawn}");
    let mut alike = chronicle(1000);
    let spans = alike.pods[0].spans.clone();
    for life in &mut alike.pods {
        (life.spans, life.gone) = (spans.clone(), Some(at(100)));
    }
    let drawn = text::draw(&Picture::of(&alike, &everything(), None), Style { width: 100, ascii: true, colour: false });
    assert_eq!(drawn.matches("    500 pods ").count(), 2, "{drawn}");
}

#[test]
fn what_is_older_than_the_changes_is_marked() {
    let chronicle = chronicle(5);
    let is_told = |since: Option<Time>| {
        let picture = Picture::of(&chronicle, &everything(), since);
        let drawn = text::draw(&picture, Style { width: 100, ascii: true, colour: false });
        let svg = svg::draw(&picture, 1200);
        assert_eq!(drawn.contains(" is known."), svg.contains(" is known."), "{drawn}");
        let is_marked = drawn.lines().any(|line| line.contains("00000 ") && line.contains('<'));
        (is_marked && svg.contains("class=\"open\""), drawn.contains(" is known."))
    };
    assert_eq!(is_told(None), (true, true));
    // A picture that begins later hides nothing.
    assert!(!is_told(Some(at(30))).1);
}

#[test]
fn ticks_are_round_and_few() {
    for (seconds, labels, want) in [
        (10, 5, "0s 5s 10s"),
        (100, 10, "0s 15s 30s 45s 1m 1m15s 1m30s"),
        (7200, 6, "0s 30m 1h 1h30m 2h"),
        (86_400 * 9, 6, "0s 2d 4d 6d 8d"),
        (1, 5, "0s 500ms 1s"),
        (3, 8, "0s 500ms 1s 1.5s 2s 2.5s 3s"),
    ] {
        let mut chronicle = chronicle(1);
        (chronicle.pods, chronicle.to) = (Vec::new(), at(seconds));
        let picture = Picture::of(&chronicle, &everything(), Some(START));
        let ticks: Vec<String> = picture.ticks(labels).into_iter().map(|tick| tick.after).collect();
        assert_eq!(ticks.join(" "), want);
    }
}

#[test]
fn the_document_has_everything_that_is_known() {
    let chronicle = chronicle(3);
    let document = json::document(&Picture::of(&chronicle, &everything(), None));
    assert_eq!((document.list("/pods").len(), document.list("/workloads").len()), (3, 1));
    assert_eq!(document.list("/pods/0/spans").len(), PodState::ALL.len());
    let of_known = chronicle.marks.iter().filter(|mark| mark.object.kind == "Deployment").count();
    assert!(document.list("/marks").len() > of_known, "{}", to_pretty(&document));
}

#[test]
fn the_same_commands_draw_the_same_bytes() {
    let draw = || {
        let mut session = crate::testing::Session::new(&[]);
        let mut run = |line: &str| session.kubectl(&line.split(' ').map(String::from).collect::<Vec<_>>());
        run("create deployment web --image=nginx:1.25 --replicas=3");
        run("clock advance 10s");
        run("set image deployment/web nginx=nginx:1.26");
        run("clock advance 30s");
        ["text", "svg", "html", "json"].map(|format| run(&format!("timeline deployment/web -o {format}")))
    };
    let (first, second) = (draw(), draw());
    assert_eq!(first, second);
    for (drawn, sign) in
        first.iter().zip(["deployment/web: 3 of 3 available", "<svg", "<!DOCTYPE html>", "\"Timeline\""])
    {
        assert!(drawn.contains(sign), "{drawn}");
    }
    // Nothing is loaded from elsewhere: the only address is the name of the SVG namespace.
    let addresses = first[1].matches("http").count() + first[2].matches("http").count();
    assert_eq!(addresses, 1);
}
