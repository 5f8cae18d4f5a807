//! Server-side apply: merges a configuration into the live object; field ownership determines conflicts
//! (<https://kubernetes.io/docs/reference/using-api/server-side-apply/>).

use super::{Request, Response, Result, Server, Verb, decode, in_request_version, managers};
use kctl_base::managed::{ApplyError, Rules, Writer, apply};
use kctl_base::object::{Object, ObjectMeta, ValueWrite};
use kctl_base::sim::Time;
use kctl_base::status::{Reason, Status, StatusCause};
use kctl_kinds::Kind;

impl Server {
    /// Merges an apply configuration into the object, or creates the object from it.
    pub(super) fn apply(
        &mut self,
        kind: &dyn Kind,
        mut config: Object,
        request: &Request,
        now: Time,
    ) -> Result<Response> {
        decode::expect_kind(kind, &config)?;
        if config.name() != request.name {
            let message = format!("metadata.name must match the name in the URL: {}", request.name);
            return Err(Status::bad_request(message));
        }
        self.set_namespace(kind, &mut config, request)?;
        let old = self.store.get(&Server::key(kind, &request.namespace, &request.name))?;
        let api_version = managers::api_version(kind);
        let (types, root) = managers::types_of(kind);
        let stamp = now.rfc3339();
        let writer = Writer {
            manager: &request.options.manager,
            api_version: &api_version,
            subresource: &request.subresource,
            now: Some(&stamp),
        };
        let rules = Rules {
            types,
            root: &root,
            ignored: &managers::ignored(kind, &request.subresource, old.as_deref().unwrap_or(&config)),
        };
        let applied = apply(&rules, old.as_deref(), &config, request.options.force, &writer).map_err(apply_status)?;
        let mut warnings = Vec::new();
        let mut new = decode::body(kind, applied, request, &mut warnings)?;
        self.to_stored_version(kind, &mut new);
        match old {
            Some(old) => self.replace_applied(kind, old, new, request, now, warnings),
            // Only the endpoint of the object itself creates (`AllowCreateOnUpdate`).
            None if !request.subresource.is_empty() => {
                let names = kind.names();
                Err(Status::not_found(names.group, names.plural, &request.name))
            }
            None => self.create_applied(kind, new, request, now),
        }
    }

    /// Creates the object from a configuration; the user needs the permission to create it.
    fn create_applied(&mut self, kind: &dyn Kind, mut new: Object, request: &Request, now: Time) -> Result<Response> {
        self.authorize_also(request, Verb::Create)?;
        let managed = new.remove_at("/metadata/managedFields");
        new.remove_at("/metadata/resourceVersion");
        let found = self.catalog.by_resource(&kind.names().resource()).ok_or_else(Status::no_resource)?;
        let found = in_request_version(found, request);
        self.create_object(found, new, managed, request, now, Vec::new())
    }
}

/// Returns the status of a rejected apply.
fn apply_status(error: ApplyError) -> Status {
    let mut status = Status::new(Reason::Conflict, error.to_string());
    match error {
        ApplyError::Conflicts(conflicts) => {
            status.causes = conflicts
                .into_iter()
                .map(|c| StatusCause {
                    reason: "FieldManagerConflict".into(),
                    message: format!("conflict with {}", c.manager),
                    field: c.path,
                })
                .collect();
        }
        ApplyError::ManagedFieldsGiven => status.reason = Reason::BadRequest,
        ApplyError::Typed { .. } => status.reason = Reason::Unknown,
    }
    status
}
