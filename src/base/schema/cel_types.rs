//! The types of the built-in objects for expressions (`SchemaDeclType` of apiserver, `pkg/cel/common/schemas.go`).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{Schema, Type};
use crate::cel::{Kind, with_reserved_names};

impl Schema {
    /// Returns the type of the objects of a definition for expressions. What contains itself has any type.
    pub fn cel_type(&self, definition: &str) -> Kind {
        Types { schema: self, known: HashMap::new() }.of_definition(definition)
    }
}

struct Types<'s> {
    schema: &'s Schema,
    /// The types of definitions; any type while that of a definition is being made.
    known: HashMap<String, Kind>,
}

impl Types<'_> {
    fn of_definition(&mut self, name: &str) -> Kind {
        if let Some(known) = self.known.get(name) {
            return known.clone();
        }
        self.known.insert(name.to_owned(), Kind::Dyn);
        let of = match self.schema.definition(name) {
            None => Kind::Dyn,
            Some(definition) => match &definition.alias {
                Some(alias) => self.of(alias),
                None if definition.fields.is_empty() => Kind::Dyn,
                None => {
                    let fields: BTreeMap<String, Kind> =
                        definition.fields.iter().map(|field| (field.name.to_owned(), self.of(&field.ty))).collect();
                    Kind::Object(Arc::new(with_reserved_names(fields)))
                }
            },
        };
        self.known.insert(name.to_owned(), of.clone());
        of
    }

    fn of(&mut self, ty: &Type) -> Kind {
        match ty {
            Type::Object(name) => self.of_definition(name),
            Type::List(items) => Kind::List(Arc::new(self.of(items))),
            Type::Map(values) => Kind::Map(Arc::new(Kind::STRING), Arc::new(self.of(values))),
            Type::String => Kind::STRING,
            Type::Integer(_) => Kind::INT,
            Type::Number => Kind::DOUBLE,
            Type::Bool => Kind::BOOL,
            Type::Time | Type::MicroTime => Kind::TIMESTAMP,
            Type::Bytes => Kind::BYTES,
            Type::IntOrString | Type::Quantity | Type::Any => Kind::Dyn,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cel::Expression;

    #[test]
    fn objects_have_the_types_of_their_fields() {
        let object = Schema::builtin().cel_type("io.k8s.api.apps.v1.Deployment");
        let check = |text: &str| {
            let expression = Expression::compile(text).expect(text);
            expression.check(&[("object", object.clone())]).map(|of| of.to_string())
        };
        for (text, of) in [
            ("object.spec.replicas", "int"),
            ("object.metadata.labels", "map(string, string)"),
            ("object.metadata.namespace + object.metadata.__namespace__", "string"),
            ("object.metadata.creationTimestamp", "google.protobuf.Timestamp"),
            ("object.spec.template.spec.containers.map(c, c.image)", "list(string)"),
            ("object.spec.template.spec.containers[0].resources.limits['cpu']", "dyn"),
            ("object.spec.template.spec.containers[0].ports[0].containerPort", "int"),
        ] {
            assert_eq!(check(text).as_deref(), Ok(of), "{text}");
        }
        assert!(check("object.spec.replicasx").expect_err("no field").contains("undefined field 'replicasx'"));
    }
}
