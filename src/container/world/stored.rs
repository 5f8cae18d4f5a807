//! The form in which a world is kept: without the files that images bring.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Container, World};
use crate::fs::{Tree, TreeChanges};
use crate::image::Image;

/// A world without what can be made again: the root of a container is what has changed since its start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredWorld {
    world: World,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    roots: BTreeMap<String, TreeChanges>,
}

impl From<World> for StoredWorld {
    fn from(mut world: World) -> StoredWorld {
        let mut roots = BTreeMap::new();
        for (name, container) in &world.containers {
            if let Some(tree) = world.trees.remove(&root_key(name)) {
                roots.insert(name.clone(), tree.changes_since(&initial(container)));
            }
        }
        StoredWorld { world, roots }
    }
}

impl From<StoredWorld> for World {
    fn from(stored: StoredWorld) -> World {
        let StoredWorld { mut world, roots } = stored;
        for (name, changes) in roots {
            if let Some(container) = world.containers.get(&name) {
                let tree = initial(container).with(&changes);
                world.trees.insert(root_key(&name), tree);
            }
        }
        world
    }
}

/// Returns the root of a container as it was at its start.
fn initial(container: &Container) -> Tree {
    Image::of(&container.config.image).root(&container.config, container.started)
}

fn root_key(container: &str) -> String {
    format!("root/{container}")
}
