//! Objects that expressions make for patches: `Object{spec: Object.spec{replicas: 1}}` and `JSONPatch{op: "remove"}`
//! (`k8s.io/apiserver/pkg/cel/mutation`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cel::common::ast::{EntryExpr, Expr};
use cel::common::types::{CelOptional, CelStruct, Type};
use cel::common::value::{CowVal, Val};
use cel::parser::Expression as Node;
use cel::{Env, ExecutionError, StructType, Value};

use super::{declare_internal, environment};

/// The type of an object in an apply configuration.
pub const OBJECT: &str = "Object";
/// The type of an operation of a JSON patch.
pub const JSON_PATCH: &str = "JSONPatch";

/// Returns whether an expression that makes a patch can make objects of a type.
pub(super) fn is_type(name: &str) -> bool {
    name == JSON_PATCH || name == OBJECT || name.strip_prefix(OBJECT).is_some_and(|rest| rest.starts_with('.'))
}

/// Returns an environment that can make the objects of an expression; `None` if it makes none.
pub(super) fn environment_of(node: &Node) -> Option<Arc<Env>> {
    let mut names = BTreeSet::new();
    collect(node, &mut names);
    if names.is_empty() {
        return None;
    }
    let mut env = environment();
    env.add_extension(declare_internal).ok()?;
    names.into_iter().try_for_each(|name| env.add_type(Open(Type::new_struct(name)))).ok()?;
    Some(Arc::new(env))
}

/// Collects the names of the types of the objects that an expression makes.
fn collect(node: &Node, names: &mut BTreeSet<String>) {
    match &node.expr {
        Expr::Unspecified | Expr::Literal(_) | Expr::Ident(_) => {}
        Expr::Select(select) => collect(&select.operand, names),
        Expr::List(list) => list.elements.iter().for_each(|item| collect(item, names)),
        Expr::Map(map) => map.entries.iter().for_each(|entry| collect_entry(&entry.expr, names)),
        Expr::Struct(literal) => {
            names.extend(Some(literal.type_name.clone()).filter(|name| is_type(name)));
            literal.entries.iter().for_each(|entry| collect_entry(&entry.expr, names));
        }
        Expr::Comprehension(loops) => {
            for part in [&loops.iter_range, &loops.accu_init, &loops.loop_cond, &loops.loop_step, &loops.result] {
                collect(part, names);
            }
        }
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).for_each(|arg| collect(arg, names)),
    }
}

fn collect_entry(entry: &EntryExpr, names: &mut BTreeSet<String>) {
    match entry {
        EntryExpr::StructField(field) => collect(&field.value, names),
        EntryExpr::MapEntry(entry) => {
            collect(&entry.key, names);
            collect(&entry.value, names);
        }
    }
}

/// A type whose objects can have any field. A field whose value is missing is left out.
struct Open(Type);

impl StructType for Open {
    fn get_type(&self) -> &Type {
        &self.0
    }

    fn new_value<'b, 'v>(&self, fields: BTreeMap<String, CowVal<'b, 'v>>) -> Result<Box<dyn Val + 'v>, ExecutionError> {
        let mut made = CelStruct::new(self.0.name().to_owned());
        for (name, value) in fields {
            match value.downcast_ref::<CelOptional>() {
                Some(optional) => {
                    if let Some(inner) = optional.inner() {
                        made.add_field_value(name, CowVal::Owned(inner.clone_as_boxed()));
                    }
                }
                None => made.add_field_value(name, value),
            }
        }
        Ok(Box::new(made))
    }
}

/// Returns the messages about objects whose type is not that of their place: an object in the field `spec` of an `Object`
/// is an `Object.spec` (`CheckTypeNamesMatchFieldPathNames`).
pub fn misplaced(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    if let Value::Struct(made) = value {
        check_place(value, made.name(), &mut found);
    }
    found
}

fn check_place(value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::Struct(made) => {
            if made.name() != place {
                found.push(format!(
                    "unexpected type name {:?}, expected {place:?}, which matches field name path from root Object type",
                    made.name()
                ));
            }
            for (name, field) in fields(made) {
                check_place(&field, &format!("{place}.{name}"), found);
            }
        }
        Value::List(items) => items.iter().for_each(|item| check_place(item, place, found)),
        Value::Map(entries) => entries.map.values().for_each(|entry| check_place(entry, place, found)),
        _ => {}
    }
}

/// Returns the fields of an object in the order of their names; those without a value that an expression can have are
/// left out.
pub fn fields(made: &CelStruct<'_>) -> BTreeMap<String, Value> {
    let fields = made.field_values();
    fields.into_iter().filter_map(|(name, field)| Some((name, Value::try_from(field.as_ref()).ok()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Expression, Kind, to_json};
    use super::*;
    use crate::json::json;

    fn make(text: &str) -> Result<Value, String> {
        Expression::compile(text)?.evaluate(vec![("object", Value::Null)])
    }

    #[test]
    fn objects_are_made_and_compared() {
        let made = make(
            "Object{spec: Object.spec{replicas: 1, ?paused: optional.none(), ?x: optional.of('y'), l: [{'a': 2}]}}",
        );
        let made = made.expect("an object");
        assert_eq!(misplaced(&made), Vec::<String>::new());
        assert_eq!(to_json(&made), Ok(json!({"spec": {"l": [{"a": 2}], "replicas": 1, "x": "y"}})));
        for text in [
            "Object{field: 'x'} == Object{field: 'x'} && Object{field: 'x'} != Object{field: 'y'} && Object{} == Object{}",
            "has(Object{field: 'x'}.field) && !has(Object{}.field) && Object{field: 'x'}.field == 'x'",
            "JSONPatch{op: 'add'}.op == 'add' && has(JSONPatch{op: 'add'}.op) && !has(JSONPatch{}.value)",
            "[1, 2].map(x, JSONPatch{op: 'add', path: '/' + string(x)}).size() == 2",
        ] {
            assert_eq!(make(text), Ok(Value::Bool(true)), "{text}");
        }
    }

    #[test]
    fn misplaced_objects_are_found() {
        let made = make("Object{spec: Object.specx{list: [Object.specx.other{}]}}").expect("an object");
        assert_eq!(
            misplaced(&made),
            [
                "unexpected type name \"Object.specx\", expected \"Object.spec\", which matches field name path from root Object type",
                "unexpected type name \"Object.specx.other\", expected \"Object.spec.list\", which matches field name path from root Object type",
            ]
        );
    }

    #[test]
    fn objects_are_checked_where_they_can_be_made() {
        let check = |text: &str| {
            let expression = Expression::compile(text)?;
            expression.check_patch(&[("object", Kind::Dyn)]).map(|of| of.to_string())
        };
        assert_eq!(check("Object{spec: Object.spec{replicas: object.spec.replicas + 1}}").as_deref(), Ok("Object"));
        assert_eq!(check("Object.spec.metadata{}").as_deref(), Ok("Object.spec.metadata"));
        assert_eq!(
            check("[JSONPatch{op: 'add', path: jsonpatch.escapeKey('a'), value: 1}]").as_deref(),
            Ok("list(JSONPatch)")
        );
        let error = |text: &str| check(text).expect_err("an error");
        assert_eq!(
            error("[JSONPatch{op: 1}]"),
            "ERROR: <input>:1:14: expected type of field 'op' is 'string' but provided type is 'int'\n | [JSONPatch{op: 1}]\n | .............^"
        );
        assert!(error("JSONPatch{oops: 1}").contains("undefined field 'oops'"));
        assert!(error("Other{}").contains("undeclared reference to 'Other' (in container '')"));
        let plain = Expression::compile("Object{}").and_then(|expression| expression.check(&[]));
        assert!(plain.expect_err("no patch").contains("undeclared reference to 'Object' (in container '')"));
    }
}
