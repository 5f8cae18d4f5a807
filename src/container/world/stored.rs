//! The form in which a world is kept: without the files that images bring.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::{Container, World};
use crate::fs::{Tree, TreeChanges};
use crate::image::Image;

/// A world without what can be made again: the root of a container is what has changed since its start.
///
/// It can be kept in JSON only. Its text is written and read here, and is one piece to those who keep it: otherwise they would
/// compile the reader and the writer of every type of a world a second time.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredWorld(Parts);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Parts {
    world: World,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    roots: BTreeMap<String, TreeChanges>,
}

impl Parts {
    fn write(&self) -> serde_json::Result<Box<RawValue>> {
        serde_json::value::to_raw_value(self)
    }

    fn read(text: &RawValue) -> serde_json::Result<Parts> {
        kctl_base::json::from_str(text.get())
    }
}

impl Serialize for StoredWorld {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write().map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for StoredWorld {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<StoredWorld, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        Parts::read(&text).map(StoredWorld).map_err(D::Error::custom)
    }
}

impl From<World> for StoredWorld {
    fn from(mut world: World) -> StoredWorld {
        let mut roots = BTreeMap::new();
        for (name, container) in &world.containers {
            if let Some(tree) = world.trees.remove(&root_key(name)) {
                roots.insert(name.clone(), tree.changes_since(&initial(container)));
            }
        }
        StoredWorld(Parts { world, roots })
    }
}

impl From<StoredWorld> for World {
    fn from(stored: StoredWorld) -> World {
        let Parts { mut world, roots } = stored.0;
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
