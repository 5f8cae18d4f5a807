//! Kinds that CustomResourceDefinitions add, and what follows from writing one.

use std::sync::Arc;

use super::{Result, Server, broken};
use crate::store::StoreError;
use kctl_base::object::Object;
use kctl_kinds::custom::Custom;
use kctl_kinds::{Catalog, Kind};

const DEFINITIONS: &str = "customresourcedefinitions.apiextensions.k8s.io";

impl Server {
    /// Builds the kinds of all definitions in the store into the catalog.
    pub(super) fn reload_custom_kinds(&mut self) -> std::result::Result<(), StoreError> {
        let definitions = self.store.list(DEFINITIONS, None)?;
        let kinds = definitions.iter().filter_map(|d| Custom::from_definition(d));
        let kinds = kinds.map(|kind| Arc::new(kind) as Arc<dyn Kind>).collect();
        self.catalog = Catalog::new(kinds);
        Ok(())
    }

    /// After a write: a new or changed definition changes the catalog.
    pub(super) fn after_write(&mut self, kind: &dyn Kind, _object: &Arc<Object>, dry_run: bool) -> Result<()> {
        if kind.names().kind == "CustomResourceDefinition" && !dry_run {
            self.reload_custom_kinds().map_err(broken)?;
        }
        Ok(())
    }
}
