//! Objects as values that many evaluations share.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use cel::ExecutionError;
use cel::common::traits::{Container, Indexer, Iterable, Sizer, Zeroer};
use cel::common::types::{CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, MAP_TYPE, Type};
use cel::common::value::{Builtin, BuiltinRef, CowVal, Val};

use crate::json::Value as Json;

/// An object as [`from_json`](super::from_json) converts it. That happens when an expression looks into it for the first time,
/// and once for all clones: most expressions only count objects.
#[derive(Clone, Debug)]
pub struct SharedObject(Arc<Lazy>);

#[derive(Debug)]
struct Lazy {
    object: Arc<Json>,
    map: OnceLock<CelMap<'static>>,
}

impl SharedObject {
    /// Wraps an object.
    pub fn new(object: Arc<Json>) -> SharedObject {
        SharedObject(Arc::new(Lazy { object, map: OnceLock::new() }))
    }

    /// The object.
    pub fn object(&self) -> &Json {
        &self.0.object
    }

    fn map(&self) -> &CelMap<'static> {
        self.0.map.get_or_init(|| match &*self.0.object {
            Json::Object(fields) => convert_map(fields),
            _ => CelMap::default(),
        })
    }
}

fn convert_map(fields: &crate::json::Map) -> CelMap<'static> {
    let entries = fields.iter().map(|(name, value)| (CelMapKey::String(name.to_string().into()), convert(value)));
    entries.collect::<HashMap<_, _>>().into()
}

fn convert(value: &Json) -> Box<dyn Val> {
    match value {
        Json::Null => Box::new(CelNull),
        Json::Bool(flag) => Box::new(CelBool::from(*flag)),
        Json::Number(number) => match number.as_i64() {
            Some(number) => Box::new(CelInt::from(number)),
            None => Box::new(CelDouble::from(number.as_f64().unwrap_or_default())),
        },
        Json::String(text) => Box::new(CelString::from(text.to_string())),
        Json::Array(items) => Box::new(CelList::from(items.iter().map(convert).collect::<Vec<_>>())),
        Json::Object(fields) => Box::new(convert_map(fields)),
    }
}

/// A map in every respect. `cel` takes values for maps by [`Val::as_builtin`].
impl Val for SharedObject {
    fn get_type(&self) -> &Type {
        &MAP_TYPE
    }

    fn cel_type() -> &'static Type {
        &MAP_TYPE
    }

    fn as_container(&self) -> Option<&dyn Container> {
        self.map().as_container()
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)> {
        Some(self)
    }

    fn into_indexer<'v>(self: Box<Self>) -> Option<Box<dyn Indexer + 'v>> {
        Some(self)
    }

    fn as_iterable<'b, 'v>(&'b self) -> Option<&'b (dyn Iterable + 'v)> {
        self.map().as_iterable()
    }

    fn as_sizer(&self) -> Option<&dyn Sizer> {
        self.map().as_sizer()
    }

    fn as_zeroer(&self) -> Option<&dyn Zeroer> {
        self.map().as_zeroer()
    }

    fn equals(&self, other: &dyn Val) -> bool {
        self.map().equals(other)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_builtin<'b, 'v>(&'b self) -> BuiltinRef<'b, 'v> {
        BuiltinRef::Map(self.map())
    }

    fn into_builtin<'v>(self: Box<Self>) -> Option<Builtin<'v>> {
        Some(Builtin::Map(self.map().clone()))
    }
}

impl Indexer for SharedObject {
    fn get<'b, 'v>(&'b self, key: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError> {
        self.map().get(key)
    }

    fn steal<'v>(self: Box<Self>, key: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError> {
        Ok(self.map().get(key)?.into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cel::{Expression, Objects, cluster, from_json};
    use crate::json::json;
    use crate::labels::Selector;

    struct One(Arc<Json>);

    impl Objects for One {
        fn list(&self, _: &str, _: &Selector) -> Result<Vec<SharedObject>, String> {
            Ok(vec![SharedObject::new(self.0.clone())])
        }

        fn ready_pods(&self, _: &Selector) -> Result<Vec<SharedObject>, String> {
            Ok(Vec::new())
        }
    }

    fn evaluate(object: &Arc<Json>, text: &str) -> Result<cel::Value, String> {
        let variables = vec![("cluster", cluster(Arc::new(One(object.clone())))), ("m", from_json(object))];
        Expression::compile(text).expect("an expression").evaluate(variables)
    }

    #[test]
    fn a_shared_object_is_a_map_like_any_other() {
        let object = json!({"kind": "X", "metadata": {"name": "a", "labels": {"l": "1"}}, "n": null, "b": true, "i": 7,
                            "f": 1.5, "list": [1, "two", {"three": 3}], "empty": {}});
        let object = Arc::new(object);
        for text in [
            "o",
            "o.metadata",
            "o.metadata.name + o['kind']",
            "o.metadata.labels.size() + size(o) + o.size()",
            "has(o.metadata) && !has(o.nope) && has(o.metadata.labels.l)",
            "'kind' in o && !('nope' in o)",
            "o == o && o != {} && {} != o",
            "o == {'kind': 'X'} || {'kind': 'X'} == o",
            "[o] == [o] && o in [o]",
            "type(o) == map && type(o.list) == list && type(o.f) == double && type(o.n) == null_type",
            "o.all(key, key != '') && o.exists(key, o[key] == 7)",
            "o.?metadata.?name.orValue('none') + o[?'nope'].orValue('none')",
            "optional.ofNonZeroValue(o).hasValue() && !optional.ofNonZeroValue(o.empty).hasValue()",
            "o.list[2].three + o.i",
            "{'o': o}.o.b ? o.f : 0.0",
            "o.list.filter(item, item != 1)",
            "o.nope",
            "o[1]",
            "o + o",
            "o < o",
            "-o",
        ] {
            assert_eq!(
                evaluate(&object, &format!("cluster.objects('x').map(o, {text})[0]")),
                evaluate(&object, &format!("[m].map(o, {text})[0]")),
                "{text}"
            );
        }
        for text in
            ["", ".metadata.name", "['kind']", ".nope", "[1]", " == m", ".map(key, key).size()", ".?n.hasValue()"]
        {
            let shared = evaluate(&object, &format!("cluster.objects('x')[0]{text}"));
            assert_eq!(shared, evaluate(&object, &format!("m{text}")), "{text}");
        }
    }
}
