//! The parameters of requests, by verb (`metav1.ListOptions`, `CreateOptions`, `PatchOptions`, `DeleteOptions`).

use crate::api::{FieldValidation, Propagation};
use kctl_base::json::Parts;

/// Selects the objects of a list or watch.
#[derive(Clone, Debug, Default)]
pub struct ListParams {
    /// Label selector; empty for all objects.
    pub labels: String,
    /// Field selector; empty for all objects.
    pub fields: String,
    /// Number of objects per request; 0 for all in one.
    pub chunk_size: usize,
    /// The parts of the objects of a list that are needed; the server may leave out the others.
    pub parts: Parts,
}

impl ListParams {
    /// Selects by labels.
    pub fn labels(selector: &str) -> ListParams {
        ListParams { labels: selector.into(), ..ListParams::default() }
    }

    /// Selects by fields.
    pub fn fields(selector: &str) -> ListParams {
        ListParams { fields: selector.into(), ..ListParams::default() }
    }
}

/// The parameters of a create, update or patch.
#[derive(Clone, Debug, Default)]
pub struct WriteParams {
    /// The field manager: `kubectl-create`.
    pub manager: String,
    /// Processes the request without persisting the result.
    pub dry_run: bool,
    /// The treatment of unknown and duplicate fields; `None` leaves it to the server.
    pub validation: Option<FieldValidation>,
    /// Duplicate fields that the client found while it read the object, as messages of the strict decoder.
    pub duplicates: Vec<String>,
    /// Takes over fields from other managers in server-side apply.
    pub force: bool,
}

impl WriteParams {
    /// Creates the parameters of a write by a field manager.
    pub fn manager(manager: &str) -> WriteParams {
        WriteParams { manager: manager.into(), ..WriteParams::default() }
    }

    /// Sets whether the request is a dry run.
    pub fn dry_run(mut self, dry_run: bool) -> WriteParams {
        self.dry_run = dry_run;
        self
    }

    /// Sets the treatment of unknown and duplicate fields.
    pub fn validation(mut self, validation: FieldValidation) -> WriteParams {
        self.validation = Some(validation);
        self
    }

    /// Sets whether fields are taken over from other managers.
    pub fn force(mut self, force: bool) -> WriteParams {
        self.force = force;
        self
    }
}

/// The parameters of a deletion.
#[derive(Clone, Debug, Default)]
pub struct DeleteParams {
    /// Fate of the dependents; `None` for the default of the kind.
    pub propagation: Option<Propagation>,
    /// Grace period in seconds; `None` for the object's own.
    pub grace: Option<i64>,
    /// Precondition: the uid of the object.
    pub uid: Option<String>,
    /// Processes the request without persisting the result.
    pub dry_run: bool,
}
