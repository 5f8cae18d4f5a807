//! The marks: badges in lanes above the picture, and their legend below it.

use super::canvas::{Anchor, Area, Font};
use super::{MARGIN, Sheet};
use crate::pictures::legend::Entry;
use kctl_cluster::chronicle::MarkKind;

/// The size of a badge.
const BADGE: f64 = 13.0;
/// The height of a lane.
const LANE: f64 = 17.0;
/// The lanes of one kind; a mark that finds no place has its place in the legend only.
const LANES_MAX: usize = 4;

/// The class of marks.
fn class(kind: MarkKind) -> &'static str {
    match kind {
        MarkKind::Command => "mark-command",
        MarkKind::Warning => "mark-warning",
        MarkKind::Normal => "mark-normal",
    }
}

/// A badge in a lane.
struct Placed {
    x: f64,
    label: char,
}

impl Sheet<'_> {
    /// Draws the lanes of commands and events. Returns their lower end.
    pub(super) fn marks(&mut self) -> f64 {
        for (name, is_command) in [("commands", true), ("events", false)] {
            let mut lanes: Vec<Vec<Placed>> = Vec::new();
            for entry in self.picture.legend.of_commands(is_command) {
                self.place(entry, &mut lanes);
            }
            if !lanes.is_empty() {
                self.canvas.text((MARGIN, self.y + 10.0), Font::Small, Anchor::Start, name);
            }
            self.y += lanes.len() as f64 * LANE;
        }
        self.y
    }

    /// Draws the badges of an entry where a lane has room for them.
    fn place(&mut self, entry: &Entry<'_>, lanes: &mut Vec<Vec<Placed>>) {
        for mark in &entry.marks {
            let x = self.x(mark.at);
            let near = |placed: &Placed| (placed.x - x).abs() < BADGE + 1.0;
            // One badge stands for those of its kind beside it.
            if lanes.iter().flatten().any(|placed| placed.label == entry.label && near(placed)) {
                continue;
            }
            let free = lanes.iter().position(|lane| !lane.iter().any(near));
            let lane = match free {
                Some(lane) => lane,
                None if lanes.len() < LANES_MAX => {
                    lanes.push(Vec::new());
                    lanes.len() - 1
                }
                None => continue,
            };
            lanes[lane].push(Placed { x, label: entry.label });
            let title = format!("{}: {}", entry.when(self.picture.from), entry.text());
            self.badge((x, self.y + lane as f64 * LANE), BADGE, entry, &title);
        }
    }

    /// Draws a badge whose upper edge has its middle at a point.
    pub(super) fn badge(&mut self, (x, y): (f64, f64), size: f64, entry: &Entry<'_>, title: &str) {
        let area = Area { x: x - size / 2.0, y, width: size, height: size };
        self.canvas.area(area, class(entry.kind), title);
        let baseline = y + size / 2.0 + Font::Badge.size() * 0.35;
        self.canvas.text((x, baseline), Font::Badge, Anchor::Middle, &entry.label.to_string());
    }

    /// Draws what the marks stand for.
    pub(super) fn legend(&mut self) {
        self.y += 12.0;
        let picture = self.picture;
        let from = picture.from;
        let whens = picture.legend.entries.iter().map(|entry| Font::Plain.width(&entry.when(from)));
        let when_width = whens.fold(0.0, f64::max);
        let x = MARGIN + BADGE + 8.0;
        for entry in &picture.legend.entries {
            let text = entry.text();
            self.badge((MARGIN + BADGE / 2.0, self.y), BADGE, entry, &text);
            self.canvas.text((x, self.y + 10.0), Font::Muted, Anchor::Start, &entry.when(from));
            let start = x + when_width + 10.0;
            let text = Font::Plain.fit(&text, self.width - MARGIN - start);
            self.canvas.text((start, self.y + 10.0), Font::Plain, Anchor::Start, &text);
            self.y += 18.0;
        }
        for note in picture.notes() {
            let note = Font::Muted.fit(&note, self.width - 2.0 * MARGIN);
            self.canvas.text((MARGIN, self.y + 10.0), Font::Muted, Anchor::Start, &note);
            self.y += 18.0;
        }
    }
}
