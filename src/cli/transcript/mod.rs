//! Golden transcripts: command lines with their output in a Markdown or cram file, run again and compared.
//!
//! A file becomes a [`format::Transcript`] ([`markdown`], [`cram`]), whose commands run in one shell ([`session`]) in a
//! [`sandbox`] of their own. The actual output of each step is merged into the expected one ([`merge`]): lines that still match
//! stay, the others are replaced. A transcript agrees if that changes nothing; what would change is what is reported
//! ([`report`]), and what `--update` writes. With `--like-cluster`, lines are compared modulo chance and time ([`likeness`]);
//! with a range of seeds, each file is run in many [`futures`].

mod actual;
mod arrange;
mod comparison;
mod cram;
mod escape;
mod expectation;
mod format;
mod futures;
mod junit;
mod likeness;
mod markdown;
mod merge;
mod names;
#[cfg(unix)]
mod plain;
mod record;
mod report;
mod request;
#[cfg(unix)]
pub(crate) mod resident;
mod run;
mod sandbox;
#[cfg(unix)]
mod session;
#[cfg(not(unix))]
#[path = "no_session.rs"]
mod session;
mod settings;
#[cfg(unix)]
mod shell;
mod statements;
#[cfg(unix)]
mod status_line;
mod step;
mod suite;
mod tree;

pub(crate) use format::Format;
pub(crate) use futures::parse_seeds;
pub(crate) use junit::{Suite, report as junit_report};
pub(crate) use likeness::rule_names;
pub(crate) use record::{Console, Recording};
pub(crate) use report::Colours;
pub(crate) use request::{Candidate, Report, Request, Verdict};
pub(crate) use run::Options;
pub(crate) use suite::{find, run_all};
