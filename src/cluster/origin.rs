//! The rows that every cluster has beside its objects: its clock, and the seed that it was created with.

use serde::{Deserialize, Serialize};

use crate::options::OpenOptions;
use crate::profile::{Installation, InstallationRecord};
use crate::store::{Store, StoreError};
use kctl_base::sim::{Chance, ChanceMode, ClockMode, ClockState, Duration, Time, clock, ids};

/// The row of the clock, a [`ClockState`].
pub(crate) const CLOCK: &str = "clock";

/// The row of the [`Origin`].
const ORIGIN: &str = "origin";

/// The facts of the creation of a cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Origin {
    /// The seed in decimal, as a string: JSON numbers above 2^53 do not survive every reader.
    seed: String,
    /// The time of the creation, in RFC 3339.
    created: String,
    /// The [`ChanceMode`]; `None` if nothing is left to chance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chance: Option<String>,
    /// The [`Installation`]; `None` for that of [`Installation::default`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    installation: Option<InstallationRecord>,
}

/// The facts that everything in a cluster depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Basis {
    pub(crate) clock: ClockState,
    pub(crate) seed: u64,
    pub(crate) chance: Chance,
    pub(crate) installation: Installation,
}

/// Reads the basis of a store. Writes that of a new store, as the options say.
///
/// # Errors
/// If a row of an existing store is missing or cannot be read: with another clock or seed it would be another cluster.
pub(crate) fn load(store: &mut Store, options: &OpenOptions) -> Result<Basis, StoreError> {
    if let Some(found) = read(store)? {
        let chance = options.chance.map_or(found.chance, |mode| mode.source(found.seed));
        return Ok(Basis { chance, ..found });
    }
    let mode = options.clock.unwrap_or(ClockMode::Real);
    let now = match mode {
        ClockMode::Real => clock::wall(),
        ClockMode::Virtual => options.epoch.unwrap_or(clock::DEFAULT_EPOCH),
    };
    let seed = options.seed.unwrap_or_else(ids::fresh_seed);
    let chance = options.chance.unwrap_or_default();
    let kept = (chance != ChanceMode::Off).then(|| chance.to_string());
    let installation = options.plan.installation();
    let origin =
        Origin { seed: seed.to_string(), created: now.rfc3339(), chance: kept, installation: installation.to_record() };
    store.set_typed_row(ORIGIN, Some(origin));
    let clock = ClockState { mode, now, ahead: Duration::ZERO };
    Ok(Basis { clock, seed, chance: chance.source(seed), installation })
}

/// Reads the basis; `None` for a store that has never been written.
///
/// # Errors
/// As [`load`].
fn read(store: &mut Store) -> Result<Option<Basis>, StoreError> {
    let is_new = store.is_new();
    let missing = |name: &str| StoreError::damaged(format!("row {name} is missing"));
    let clock = store.typed_row::<ClockState>(CLOCK)?;
    let origin = store.typed_row::<Origin>(ORIGIN)?;
    if clock.is_none() && origin.is_none() && is_new {
        return Ok(None);
    }
    let clock = clock.ok_or_else(|| missing(CLOCK))?;
    let origin = origin.ok_or_else(|| missing(ORIGIN))?;
    let seed: Result<u64, std::num::ParseIntError> = origin.seed.parse();
    let seed = seed.map_err(|e| StoreError::unreadable(format_args!("row {ORIGIN}"), e))?;
    let kept = origin.chance.as_deref().map(ChanceMode::parse);
    let kept = kept.map(|mode| mode.ok_or_else(|| StoreError::damaged(format!("row {ORIGIN} has an unknown chance"))));
    let chance = kept.transpose()?.unwrap_or_default().source(seed);
    let installation = Installation::from_record(origin.installation.as_ref());
    let installation = installation.map_err(|e| StoreError::damaged(format!("row {ORIGIN} cannot be read: {e}")))?;
    Ok(Some(Basis { clock, seed, chance, installation }))
}

/// Reads the time of an existing cluster.
///
/// # Errors
/// As [`load`], and for a store that has never been written.
pub(crate) fn now(store: &mut Store) -> Result<Time, StoreError> {
    match read(store)? {
        Some(basis) => Ok(basis.clock.now),
        None => Err(StoreError::damaged(format!("row {CLOCK} is missing"))),
    }
}

/// Checks both rows and returns a problem if one is missing or cannot be read.
///
/// # Errors
/// If the store fails for another reason.
pub(crate) fn check(store: &mut Store) -> Result<Option<String>, StoreError> {
    match read(store) {
        Ok(_) => Ok(None),
        Err(StoreError::Damaged { reason, .. }) => Ok(Some(reason)),
        Err(error) => Err(error),
    }
}
