//! The style sheet and the patterns of the picture.
//!
//! The hues are those of Okabe and Ito, which people with any form of colour blindness can tell apart; each state has a
//! pattern or a height of its own as well.

use kctl_cluster::chronicle::PodState;

/// The style sheet, for light and for dark surroundings.
pub(super) const STYLE: &str = "\
.picture{--paper:#ffffff;--ink:#1b1f24;--muted:#57606a;--grid:#e4e8ec;--hatch:#00000066;\
--pending:#d5dae0;--starting:#56b4e9;--not-ready:#f0c000;--ready:#009e73;--terminating:#cc79a7;--failed:#d55e00;--succeeded:#0072b2;\
--command:#1b1f24;--warning:#b03a00;--normal:#57606a}
@media (prefers-color-scheme:dark){.picture{--paper:#0d1117;--ink:#e6edf3;--muted:#9aa4af;--grid:#252c35;--hatch:#000000a0;\
--pending:#4a535e;--starting:#56b4e9;--not-ready:#e6c229;--ready:#2bb88f;--terminating:#d48fb6;--failed:#f07f2f;--succeeded:#4c9be0;\
--command:#e6edf3;--warning:#ff9a5c;--normal:#9aa4af}}
.picture text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:var(--ink);\
paint-order:stroke;stroke:var(--paper);stroke-width:3px;stroke-linejoin:round}
.picture .title{font-size:16px;font-weight:600}
.picture .heading{font-size:13px;font-weight:600}
.picture .plain{font-size:11px}
.picture .muted{font-size:11px;fill:var(--muted)}
.picture .small{font-size:9px;fill:var(--muted)}
.picture .badge{font-size:9px;font-weight:600;fill:var(--paper);stroke:none}
.paper{fill:var(--paper)}
.grid{stroke:var(--grid);fill:none}
.at-command{stroke:var(--command);stroke-opacity:.45;stroke-dasharray:3 3;fill:none}
.at-now{stroke:var(--muted);fill:none}
.mark-command{fill:var(--command)}
.mark-warning{fill:var(--warning)}
.mark-normal{fill:var(--normal)}
.available{fill:var(--ready);fill-opacity:.25}
.available-line{fill:none;stroke:var(--ready);stroke-width:1.6}
.desired-line{fill:none;stroke:var(--ink);stroke-width:1.2;stroke-dasharray:5 3}
.open{fill:var(--ink)}
.hatch{stroke:var(--hatch);stroke-width:1.2;fill:none}
.pending{fill:url(#pending);stroke:var(--muted);stroke-width:.6}
.starting{fill:url(#starting)}
.not-ready{fill:url(#not-ready)}
.ready{fill:var(--ready)}
.terminating{fill:url(#terminating)}
.failed{fill:url(#failed)}
.succeeded{fill:url(#succeeded)}
";

/// The patterns of states: dots, strokes to the right, a grid, strokes to the left, crosses, lines.
pub(super) fn patterns() -> String {
    let strokes = [
        ("pending", "M2 3h1.4"),
        ("starting", "M-1 7L7 -1M-1 1L1 -1M5 7L7 5"),
        ("not-ready", "M0 3H6M3 0V6"),
        ("terminating", "M-1 -1L7 7M-1 5L1 7M5 -1L7 1"),
        ("failed", "M1 1L5 5M5 1L1 5"),
        ("succeeded", "M0 1.5H6M0 4.5H6"),
    ];
    let pattern = |(name, path): (&str, &str)| {
        format!(
            "<pattern id=\"{name}\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">\
             <rect width=\"6\" height=\"6\" style=\"fill:var(--{name})\"/><path d=\"{path}\" class=\"hatch\"/></pattern>\n"
        )
    };
    strokes.into_iter().map(pattern).collect()
}

/// The class of a state.
pub(super) fn class(state: PodState) -> &'static str {
    match state {
        PodState::Pending => "pending",
        PodState::Starting => "starting",
        PodState::NotReady => "not-ready",
        PodState::Ready => "ready",
        PodState::Terminating => "terminating",
        PodState::Failed => "failed",
        PodState::Succeeded => "succeeded",
    }
}
