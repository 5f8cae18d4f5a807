//! The picture as one SVG document that needs nothing else.

mod canvas;
mod marks;
mod sections;
mod style;

use super::Picture;
use super::axis::Tick;
use canvas::{Anchor, Area, Canvas, Font, number};
use kctl_base::sim::Time;
use kctl_cluster::chronicle::PodState;

pub(super) use canvas::escape;

/// The space around the picture.
const MARGIN: f64 = 16.0;
/// The space at the right for the scales of numbers.
const SCALE_WIDTH: f64 = 40.0;
/// The number of pods that have a row each.
const ROWS_MAX: usize = 150;
/// The number of rows from which on they are dense.
const DENSE: usize = 40;
/// The distance of ticks in pixels, enough for a time of day.
const TICK_DISTANCE: f64 = 72.0;
/// The height from which on there is a second axis below.
const TALL: f64 = 500.0;

/// Draws a picture of so many pixels in width.
pub(crate) fn draw(picture: &Picture<'_>, width: i64) -> String {
    document(picture, width, " xmlns=\"http://www.w3.org/2000/svg\"")
}

/// Draws a picture as an element with more attributes.
pub(super) fn document(picture: &Picture<'_>, width: i64, attributes: &str) -> String {
    let mut sheet = Sheet::new(picture, width as f64);
    sheet.heading();
    let top = sheet.marks();
    sheet.axis();
    for section in &picture.sections {
        sheet.section(section);
    }
    sheet.y += 6.0;
    sheet.lines(top);
    if sheet.y > TALL {
        sheet.y += 4.0;
        sheet.axis();
    }
    sheet.legend();
    let height = number(sheet.y + MARGIN);
    let title = escape(&picture.title);
    format!(
        "<svg{attributes} class=\"picture\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\">\n\
         <title>Timeline of {title}</title>\n<style>\n{}</style>\n<defs>\n{}</defs>\n\
         <rect width=\"{width}\" height=\"{height}\" class=\"paper\"/>\n{}{}</svg>\n",
        style::STYLE,
        style::patterns(),
        sheet.behind.elements,
        sheet.canvas.elements,
    )
}

/// A picture while it is drawn, from the top to the bottom.
struct Sheet<'p> {
    picture: &'p Picture<'p>,
    width: f64,
    /// The left end of the time.
    left: f64,
    /// The right end of the time.
    right: f64,
    /// The height of the row of a pod.
    row_height: f64,
    /// How far it is drawn.
    y: f64,
    /// What is painted first.
    behind: Canvas,
    canvas: Canvas,
}

impl<'p> Sheet<'p> {
    fn new(picture: &'p Picture<'p>, width: f64) -> Sheet<'p> {
        let is_dense = picture.row_count() > DENSE;
        let font = if is_dense { Font::Small } else { Font::Plain };
        let names = picture.rows().map(|row| font.width(row.name)).fold(110.0, f64::max);
        let left = (MARGIN + 12.0 + names + 10.0).min(width * 0.35);
        Sheet {
            picture,
            width,
            left: left.round(),
            right: width - MARGIN - SCALE_WIDTH,
            row_height: if is_dense { 12.0 } else { 17.0 },
            y: MARGIN,
            behind: Canvas::default(),
            canvas: Canvas::default(),
        }
    }

    /// The font of the names of pods.
    fn row_font(&self) -> Font {
        if self.row_height < 14.0 { Font::Small } else { Font::Plain }
    }

    /// The position of a time.
    fn x(&self, at: Time) -> f64 {
        self.left + self.picture.position(at) * (self.right - self.left)
    }

    /// Draws the title, the span of time, and the states that occur.
    fn heading(&mut self) {
        self.y += Font::Title.size();
        let title = Font::Title.fit(&self.picture.title, self.width - 2.0 * MARGIN);
        self.canvas.text((MARGIN, self.y), Font::Title, Anchor::Start, &title);
        self.y += 18.0;
        let format = "%Y-%m-%d %H:%M:%S";
        let (from, now) = (self.picture.from.to_chrono(), self.picture.now.to_chrono());
        let span = format!("{} to {} UTC", from.format(format), now.format(format));
        self.canvas.text((MARGIN, self.y), Font::Muted, Anchor::Start, &span);
        self.y += 10.0;
        let mut x = MARGIN;
        for state in self.states() {
            let step = 18.0 + Font::Plain.width(state.label()) + 18.0;
            if x > MARGIN && x + step > self.width - MARGIN {
                x = MARGIN;
                self.y += 18.0;
            }
            let swatch = self.bar(state, Area { x, y: self.y, width: 14.0, height: 12.0 });
            self.canvas.area(swatch, style::class(state), "");
            self.canvas.text((x + 19.0, self.y + 10.0), Font::Plain, Anchor::Start, state.label());
            x += step;
        }
        self.y += 24.0;
    }

    /// The states that occur in the picture.
    fn states(&self) -> Vec<PodState> {
        let lives = self.picture.rows().flat_map(|row| &row.lives);
        let states: Vec<PodState> = lives.flat_map(|life| self.picture.stretches(life)).map(|s| s.span.state).collect();
        let occurs = |state: &PodState| states.contains(state);
        PodState::ALL.into_iter().filter(occurs).collect()
    }

    /// The place of a bar in a row: a pod that is being deleted has half of the height.
    fn bar(&self, state: PodState, area: Area) -> Area {
        match state {
            PodState::Terminating => Area { y: area.y + area.height / 2.0, height: area.height / 2.0, ..area },
            _ => area,
        }
    }

    /// The ticks of the axis.
    fn ticks(&self) -> Vec<Tick> {
        self.picture.ticks(((self.right - self.left) / TICK_DISTANCE) as usize)
    }

    /// Draws the times below each other: after the beginning, and of day.
    fn axis(&mut self) {
        for (line, name) in [(11.0, "time"), (22.0, "UTC")] {
            self.canvas.text((MARGIN, self.y + line), Font::Small, Anchor::Start, name);
        }
        for tick in self.ticks() {
            let x = self.x(tick.at);
            self.canvas.text((x, self.y + 11.0), Font::Muted, Anchor::Middle, &tick.after);
            self.canvas.text((x, self.y + 22.0), Font::Small, Anchor::Middle, &tick.clock);
        }
        self.y += 30.0;
    }

    /// Draws the lines behind everything, from `top` to where it is drawn: ticks, commands and the present.
    fn lines(&mut self, top: f64) {
        for tick in self.ticks() {
            self.behind.vertical(self.x(tick.at), (top + 26.0, self.y), "grid");
        }
        for entry in self.picture.legend.of_commands(true) {
            self.behind.vertical(self.x(entry.marks[0].at), (top, self.y), "at-command");
        }
        self.behind.vertical(self.x(self.picture.now), (top + 26.0, self.y), "at-now");
    }
}
