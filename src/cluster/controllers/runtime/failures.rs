//! Failed reconciliations: kept in the store until the key is reconciled again, so that they can be shown later.

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use super::{Key, Result};
use crate::api::Server;
use kctl_base::sim::Time;
use kctl_base::status::Status;

/// The prefix of the rows that hold failures.
const PREFIX: &str = "failure/";

/// A key whose last reconciliation failed and which is on the timeline to be tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The controller's name, `deployment-controller`.
    pub controller: String,
    /// `namespace/name`; `@change/WATCH/REVISION` where a change could not be mapped to keys.
    pub key: String,
    /// The message of the last error.
    pub error: String,
    /// The instant of the last failure.
    pub time: Time,
    /// The number of failures in a row.
    pub count: u32,
}

/// Returns the failures that have not been followed by a successful reconciliation yet, by controller and key.
///
/// # Errors
/// When the store cannot be read.
pub(crate) fn failures(server: &mut Server) -> Result<Vec<Failure>> {
    let mut found = Vec::new();
    for row in server.row_names(PREFIX)? {
        found.extend(server.typed_row(&row)?);
    }
    Ok(found)
}

/// Writes failures, and removes them where there are any.
#[derive(Default)]
pub(super) struct Failures {
    /// The names of the rows, read on first use because most reconciliations never fail. Never iterated.
    rows: Option<FxHashSet<String>>,
}

impl Failures {
    /// Keeps an error; returns the number of failures of this key that came before it without a success in between.
    pub(super) fn record(
        &mut self,
        server: &mut Server,
        controller: &str,
        key: &Key,
        error: &Status,
        now: Time,
    ) -> Result<u32> {
        let row = row(controller, key);
        let before = server.typed_row::<Failure>(&row)?.map_or(0, |failure| failure.count);
        let failure = Failure {
            controller: controller.into(),
            key: key.to_string(),
            error: error.to_string(),
            time: now,
            count: before.saturating_add(1),
        };
        server.set_typed_row(&row, Some(failure));
        self.rows(server)?.insert(row);
        Ok(before)
    }

    /// Removes the failure of a key, if there is one.
    pub(super) fn clear(&mut self, server: &mut Server, controller: &str, key: &Key) -> Result<()> {
        let rows = self.rows(server)?;
        if !rows.is_empty() {
            let row = row(controller, key);
            if rows.remove(&row) {
                server.set_row(&row, None);
            }
        }
        Ok(())
    }

    fn rows(&mut self, server: &mut Server) -> Result<&mut FxHashSet<String>> {
        if self.rows.is_none() {
            self.rows = Some(server.row_names(PREFIX)?.into_iter().collect());
        }
        Ok(self.rows.get_or_insert_default())
    }
}

fn row(controller: &str, key: &Key) -> String {
    format!("{PREFIX}{controller}/{key}")
}
