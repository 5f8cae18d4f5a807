//! The form in which the inside of a pod is kept.

use std::collections::BTreeMap;

use kctl_container::StoredWorld;
use serde::{Deserialize, Serialize};

use super::Inside;
use super::hooks::Hook;
use super::network_answers::NetworkAnswers;
use super::stopping::Stop;

/// The row that keeps the inside of a pod.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Kept {
    world: StoredWorld,
    runs: BTreeMap<String, i64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    hooks: BTreeMap<String, Hook>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    stops: BTreeMap<String, Stop>,
    draws: u64,
    #[serde(default, skip_serializing_if = "NetworkAnswers::is_empty")]
    answers: NetworkAnswers,
}

impl From<Inside> for Kept {
    fn from(inside: Inside) -> Kept {
        let Inside { world, runs, hooks, stops, draws, answers, .. } = inside;
        Kept { world: world.into(), runs, hooks, stops, draws, answers }
    }
}

impl From<Kept> for Inside {
    fn from(kept: Kept) -> Inside {
        let Kept { world, runs, hooks, stops, draws, answers } = kept;
        Inside { runs, hooks, stops, draws, answers, ..Inside::new(world.into()) }
    }
}
