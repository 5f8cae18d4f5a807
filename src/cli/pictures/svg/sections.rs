//! Sections: the replicas of a workload, and the pods below.

use super::canvas::{Anchor, Area, Font, number};
use super::{MARGIN, ROWS_MAX, Sheet, style};
use crate::pictures::axis::short;
use crate::pictures::crowd::{Body, Stretch};
use crate::pictures::{Group, Row, Section};
use kctl_base::order::Order as _;
use kctl_base::sim::Time;
use kctl_cluster::chronicle::{PodLife, PodState, Replicas};

/// The height of the chart of replicas.
const CHART: f64 = 44.0;
/// The height of the chart of a crowd.
const CROWD: f64 = 120.0;
/// The columns of the chart of a crowd.
const COLUMNS: usize = 240;
/// The indent of the names of pods.
const INDENT: f64 = 12.0;
/// The width of the narrowest bar, so that it can be seen.
const BAR_MIN: f64 = 1.5;
/// The size of the badge of a warning on a bar.
const BADGE: f64 = 10.0;

impl Sheet<'_> {
    pub(super) fn section(&mut self, section: &Section<'_>) {
        self.y += 12.0 + Font::Heading.size();
        let space = self.width - 2.0 * MARGIN;
        let title = Font::Heading.fit(&section.title, space);
        self.canvas.text((MARGIN, self.y), Font::Heading, Anchor::Start, &title);
        if let Some(summary) = section.summary(self.picture) {
            let x = MARGIN + Font::Heading.width(&title) + 14.0;
            let summary = Font::Muted.fit(&summary, self.width - MARGIN - x);
            self.canvas.text((x, self.y), Font::Muted, Anchor::Start, &summary);
        }
        self.y += 8.0;
        if !section.workloads.is_empty() {
            self.replicas(section);
        }
        for group in &section.groups {
            self.group(group);
        }
    }

    /// Draws the available replicas as an area, and the desired ones as a line.
    fn replicas(&mut self, section: &Section<'_>) {
        let steps = section.steps(self.picture);
        let values = steps.iter().filter_map(|(_, replicas)| *replicas);
        let top = values.map(|r| r.desired.max(r.available)).max().unwrap_or(0).max(1);
        let bottom = self.y + CHART;
        for (line, class, name) in [(14.0, "available-line", section.measure()), (30.0, "desired-line", "desired")] {
            self.canvas.path(&format!("M{} {}h22", number(MARGIN + INDENT), number(self.y + line - 4.0)), class);
            self.canvas.text((MARGIN + INDENT + 28.0, self.y + line), Font::Plain, Anchor::Start, name);
        }
        self.behind.path(&format!("M{} {}H{}", number(self.left), number(bottom), number(self.right)), "grid");
        self.scale(self.y, bottom, &top.to_string());
        for (is_area, class) in [(true, "available"), (false, "available-line")] {
            self.step_path(&steps, (bottom, top), is_area, class, |replicas| replicas.available);
        }
        self.step_path(&steps, (bottom, top), false, "desired-line", |replicas| replicas.desired);
        self.y = bottom + 8.0;
    }

    /// Draws a step function from `bottom` upwards, where `top` has the height of the chart.
    fn step_path(
        &mut self,
        steps: &[(Time, Option<Replicas>)],
        (bottom, top): (f64, i64),
        is_area: bool,
        class: &str,
        value: fn(&Replicas) -> i64,
    ) {
        let y = |replicas: &Replicas| number(bottom - CHART * value(replicas) as f64 / top as f64);
        let (mut path, mut is_open) = (String::new(), false);
        let ends = steps.iter().skip(1).map(|(at, _)| *at).chain([self.picture.to]);
        for ((at, replicas), end) in steps.iter().zip(ends) {
            let (from, to) = (number(self.x(*at)), number(self.x(end)));
            match replicas {
                Some(replicas) if is_open => path.push_str(&format!("V{}H{to}", y(replicas))),
                Some(replicas) if is_area => path.push_str(&format!("M{from} {}V{}H{to}", number(bottom), y(replicas))),
                Some(replicas) => path.push_str(&format!("M{from} {}H{to}", y(replicas))),
                None if is_open && is_area => path.push_str(&format!("V{}Z", number(bottom))),
                None => {}
            }
            is_open = replicas.is_some();
        }
        if is_open && is_area {
            path.push_str(&format!("V{}Z", number(bottom)));
        }
        self.canvas.path(&path, class);
    }

    /// Writes the numbers at the ends of a scale.
    fn scale(&mut self, top: f64, bottom: f64, most: &str) {
        let x = self.right + 6.0;
        self.canvas.text((x, top + 8.0), Font::Small, Anchor::Start, most);
        self.canvas.text((x, bottom), Font::Small, Anchor::Start, "0");
    }

    fn group(&mut self, group: &Group<'_>) {
        let body = self.picture.body(group, COLUMNS, ROWS_MAX);
        let pods = if group.rows.len() == 1 { "1 pod".into() } else { format!("{} pods", group.rows.len()) };
        if !group.title.is_empty() {
            self.y += 12.0;
            let text = Font::Muted.fit(&format!("{}, {pods}", group.title), self.width - 2.0 * MARGIN);
            self.canvas.text((MARGIN, self.y), Font::Muted, Anchor::Start, &text);
            self.y += 6.0;
        }
        match body {
            Body::Rows(rows) => {
                for (row, _, number) in rows {
                    self.row(row, number);
                }
            }
            Body::Counts(counts) => self.crowd(&counts, group.rows.len(), &pods),
        }
        self.y += 4.0;
    }

    /// Draws the lives of the pods of a row, or of several that look the same.
    fn row(&mut self, row: &Row<'_>, number: usize) {
        let font = self.row_font();
        let name = if number > 1 { format!("{number} pods alike") } else { row.name.into() };
        let name = font.fit(&name, self.left - MARGIN - INDENT - 8.0);
        let baseline = self.y + self.row_height / 2.0 + font.size() * 0.35;
        self.canvas.text((MARGIN + INDENT, baseline), font, Anchor::Start, &name);
        for life in &row.lives {
            self.life(life);
        }
        if let Some(life) = row.lives.first().filter(|_| number == 1) {
            self.warnings(&life.namespace, row.name);
        }
        self.y += self.row_height;
    }

    fn life(&mut self, life: &PodLife) {
        for stretch in self.picture.stretches(life) {
            let (from, to) = (self.x(stretch.from), self.x(stretch.to));
            let (y, height) = (self.y + 2.0, self.row_height - 4.0);
            let state = stretch.span.state;
            let area = self.bar(state, Area { x: from, y, width: (to - from).max(BAR_MIN), height });
            self.canvas.area(area, style::class(state), &self.explain(life, &stretch));
        }
        if life.is_open {
            let (x, y) = (self.x(life.from()), self.y + self.row_height / 2.0);
            self.canvas.path(&format!("M{} {}l-5 -4v8z", number(x + 5.0), number(y)), "open");
        }
    }

    /// Says what a bar shows.
    fn explain(&self, life: &PodLife, stretch: &Stretch<'_>) -> String {
        let (from, span) = (self.picture.from, stretch.span);
        let reason = if span.detail.is_empty() { String::new() } else { format!(" ({})", span.detail) };
        let begin = match span.from < from {
            true => format!("{} before", short(from - span.from)),
            false => short(span.from - from),
        };
        let end = if stretch.goes_on { "now".to_string() } else { short(span.to - from) };
        let length = short(span.to - span.from);
        let node = life.node.as_deref().map_or_else(String::new, |node| format!(", on {node}"));
        format!("{}: {}{reason} from {begin} to {end}, {length}{node}", life.name, span.state.label())
    }

    /// Draws the warnings about a pod on its bar; one badge stands for those of its kind beside it.
    fn warnings(&mut self, namespace: &str, name: &str) {
        let picture = self.picture;
        let size = BADGE.min(self.row_height - 3.0);
        let mut taken: Vec<f64> = Vec::new();
        for (label, mark) in picture.legend.warnings_of(namespace, name) {
            let x = self.x(mark.at);
            if taken.iter().any(|other| (other - x).abs() < size + 1.0) {
                continue;
            }
            taken.push(x);
            if let Some(entry) = picture.legend.entries.iter().find(|entry| entry.label == label) {
                let y = self.y + (self.row_height - size) / 2.0;
                self.badge((x, y), size, entry, &format!("{}: {}", mark.reason, mark.text));
            }
        }
    }

    /// Draws how many pods were in each state, one state upon the other.
    fn crowd(&mut self, counts: &[(PodState, Vec<usize>)], pods: usize, label: &str) {
        let bottom = self.y + CROWD;
        self.canvas.text((MARGIN + INDENT, self.y + 14.0), Font::Plain, Anchor::Start, label);
        for (line, (state, counts)) in counts.iter().enumerate() {
            let most = counts.iter().max().copied().unwrap_or(0);
            let text = format!("{} (max {most})", state.label());
            let y = self.y + 28.0 + 13.0 * line as f64;
            self.canvas.text((MARGIN + INDENT, y), Font::Small, Anchor::Start, &text);
        }
        self.behind.path(&format!("M{} {}H{}", number(self.left), number(bottom), number(self.right)), "grid");
        self.scale(self.y, bottom, &pods.to_string());
        let step = (self.right - self.left) / COLUMNS as f64;
        let height = CROWD / pods.max(1) as f64;
        // Ready pods are the ground on which the others stand.
        let mut below = vec![0; COLUMNS];
        let mut order: Vec<&(PodState, Vec<usize>)> = counts.iter().collect();
        order.order_by_key(|(state, _)| *state != PodState::Ready);
        for (state, counts) in order {
            let mut path = String::new();
            for (column, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                let x = self.left + step * column as f64;
                let y = bottom - height * (below[column] + count) as f64;
                let (tall, wide) = (number(height * *count as f64), number(step + 0.3));
                path.push_str(&format!("M{} {}h{wide}v{tall}h-{wide}z", number(x), number(y)));
                below[column] += count;
            }
            self.canvas.path(&path, style::class(*state));
        }
        self.y = bottom + 4.0;
    }
}
