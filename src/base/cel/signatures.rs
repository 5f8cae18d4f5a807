//! The types of CEL and the signatures of its functions: those of the standard library, its extensions and Kubernetes
//! (`cel-go/common/stdlib`, `cel-go/ext`, `k8s.io/apiserver/pkg/cel/library`).

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use super::library::{self, Of};

/// The type of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any type, which is known in evaluation only.
    Dyn,
    /// A type without parameters, by its name: `int`.
    Simple(&'static str),
    /// A list with the type of its items.
    List(Arc<Kind>),
    /// A map with the types of its keys and values.
    Map(Arc<Kind>, Arc<Kind>),
    /// An object with its fields.
    Object(Arc<BTreeMap<String, Kind>>),
    /// An object that an expression makes, by the name of its type, such as `Object.spec` or `JSONPatch`.
    Made(Arc<str>),
    /// A value that may be missing.
    Optional(Arc<Kind>),
    /// A type parameter of a signature.
    Parameter(char),
}

impl Kind {
    /// `bool`.
    pub const BOOL: Kind = Kind::Simple("bool");
    /// `int`.
    pub const INT: Kind = Kind::Simple("int");
    /// `double`.
    pub const DOUBLE: Kind = Kind::Simple("double");
    /// `string`.
    pub const STRING: Kind = Kind::Simple("string");
    /// `bytes`.
    pub const BYTES: Kind = Kind::Simple("bytes");
    /// `google.protobuf.Duration`.
    pub const DURATION: Kind = Kind::Simple("google.protobuf.Duration");
    /// `google.protobuf.Timestamp`.
    pub const TIMESTAMP: Kind = Kind::Simple("google.protobuf.Timestamp");
    /// The type of `null`.
    pub const NULL: Kind = Kind::Simple("null");
    /// The type of the variable `authorizer`.
    pub const AUTHORIZER: Kind = Kind::Simple(library::AUTHORIZER_TYPES[0]);
    /// The type of the variable `authorizer.requestResource`.
    pub const RESOURCE_CHECK: Kind = Kind::Simple(library::AUTHORIZER_TYPES[1]);

    /// The type of the variable `cluster` of invariants.
    pub const CLUSTER: Kind = Kind::Simple(library::CLUSTER_TYPE);

    /// Returns whether `null` is a value of the type.
    fn is_nullable(&self) -> bool {
        match self {
            Kind::Simple(name) => name.contains('.') || *name == "null",
            Kind::Object(_) | Kind::Made(_) | Kind::Optional(_) | Kind::Dyn => true,
            _ => false,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Dyn => f.write_str("dyn"),
            Kind::Simple(name) => f.write_str(name),
            Kind::List(items) => write!(f, "list({items})"),
            Kind::Map(keys, values) => write!(f, "map({keys}, {values})"),
            Kind::Object(_) => f.write_str("object"),
            Kind::Made(name) => f.write_str(name),
            Kind::Optional(value) => write!(f, "optional_type({value})"),
            Kind::Parameter(name) => write!(f, "{name}"),
        }
    }
}

/// The types that stand for the parameters of a signature.
type Bindings = HashMap<char, Kind>;

/// An overload: the types of the arguments, the receiver first, and of the result.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    pub(super) is_member: bool,
    parameters: Vec<Kind>,
    result: Kind,
}

impl Signature {
    /// Returns the type of the result for arguments; `None` if they do not fit.
    pub(super) fn result(&self, args: &[Kind], is_member: bool) -> Option<Kind> {
        if self.is_member != is_member || self.parameters.len() != args.len() {
            return None;
        }
        let mut bindings = Bindings::new();
        let fits = self.parameters.iter().zip(args).all(|(parameter, arg)| assign(parameter, arg, &mut bindings));
        fits.then(|| substitute(&self.result, &bindings))
    }
}

/// Returns whether a value of a type fits a parameter, and binds the type parameters in it.
fn assign(parameter: &Kind, arg: &Kind, bindings: &mut Bindings) -> bool {
    match (parameter, arg) {
        (Kind::Parameter(name), _) => match bindings.get(name).cloned() {
            Some(bound) if bound == Kind::Dyn || is_open(&bound) => {
                bindings.insert(*name, arg.clone());
                compatible(&bound, arg)
            }
            Some(bound) => compatible(&bound, arg),
            None => {
                bindings.insert(*name, arg.clone());
                true
            }
        },
        (Kind::List(one), Kind::List(other)) | (Kind::Optional(one), Kind::Optional(other)) => {
            assign(one, other, bindings)
        }
        (Kind::Map(key, value), Kind::Map(other_key, other_value)) => {
            assign(key, other_key, bindings) && assign(value, other_value, bindings)
        }
        _ => compatible(parameter, arg),
    }
}

/// Returns whether a type contains one that is not known.
fn is_open(kind: &Kind) -> bool {
    match kind {
        Kind::Dyn => true,
        Kind::List(inner) | Kind::Optional(inner) => is_open(inner),
        Kind::Map(key, value) => is_open(key) || is_open(value),
        _ => false,
    }
}

/// Returns whether values of two types can be the same.
pub(super) fn compatible(one: &Kind, other: &Kind) -> bool {
    match (one, other) {
        (Kind::Dyn, _) | (_, Kind::Dyn) => true,
        (Kind::Simple("null"), other) | (other, Kind::Simple("null")) => other.is_nullable(),
        (Kind::List(one), Kind::List(other)) | (Kind::Optional(one), Kind::Optional(other)) => compatible(one, other),
        (Kind::Map(key, value), Kind::Map(other_key, other_value)) => {
            compatible(key, other_key) && compatible(value, other_value)
        }
        (Kind::Object(_), Kind::Object(_) | Kind::Map(..)) | (Kind::Map(..), Kind::Object(_)) => true,
        (one, other) => one == other,
    }
}

fn substitute(kind: &Kind, bindings: &Bindings) -> Kind {
    match kind {
        Kind::Parameter(name) => bindings.get(name).cloned().unwrap_or(Kind::Dyn),
        Kind::List(items) => Kind::List(Arc::new(substitute(items, bindings))),
        Kind::Optional(value) => Kind::Optional(Arc::new(substitute(value, bindings))),
        Kind::Map(key, value) => Kind::Map(Arc::new(substitute(key, bindings)), Arc::new(substitute(value, bindings))),
        other => other.clone(),
    }
}

/// Operators and functions with their overloads, `PARAMETERS > RESULT`; the receiver of a member function comes first, in
/// front of a dot. `A` and `B` are type parameters, `ts` and `dur` the types of time.
const STANDARD: &str = "
!_ bool > bool
-_ int > int; double > double
_+_ int int > int; uint uint > uint; double double > double; string string > string; bytes bytes > bytes; [A] [A] > [A]; ts dur > ts; dur ts > ts; dur dur > dur
_-_ int int > int; uint uint > uint; double double > double; ts ts > dur; ts dur > ts; dur dur > dur
_*_ int int > int; uint uint > uint; double double > double
_/_ int int > int; uint uint > uint; double double > double
_%_ int int > int; uint uint > uint
_==_ A A > bool
_!=_ A A > bool
_[_] [A] int > A; {A:B} A > B; ?[A] int > ?A; ?{A:B} A > ?B
_[?_] [A] int > ?A; {A:B} A > ?B; ?[A] int > ?A; ?{A:B} A > ?B
@in A [A] > bool; A {A:B} > bool
@not_strictly_false bool > bool
@mapInsert {A:B} A B > {A:B}; {A:B} {A:B} > {A:B}
size string > int; bytes > int; [A] > int; {A:B} > int; string. > int; bytes. > int; [A]. > int; {A:B}. > int
contains string. string > bool
endsWith string. string > bool
startsWith string. string > bool
matches string. string > bool; string string > bool
find string. string > string
findAll string. string > [string]; string. string int > [string]
charAt string. int > string
indexOf string. string > int; string. string int > int; [A]. A > int
lastIndexOf string. string > int; string. string int > int; [A]. A > int
lowerAscii string. > string
upperAscii string. > string
trim string. > string
replace string. string string > string; string. string string int > string
split string. string > [string]; string. string int > [string]
substring string. int > string; string. int int > string
join [string]. > string; [string]. string > string
format string. [dyn] > string
reverse string. > string; [A]. > [A]
quote string > string
isSorted [A]. > bool
sum [A]. > A
min [A]. > A
max [A]. > A
slice [A]. int int > [A]
flatten [A]. > [dyn]; [A]. int > [dyn]
distinct [A]. > [A]
sort [A]. > [A]
@sortByAssociatedKeys [A]. [B] > [A]
range int > [int]
bool bool > bool; string > bool
bytes bytes > bytes; string > bytes
double double > double; int > double; uint > double; string > double
duration dur > dur; string > dur
dyn A > dyn
int int > int; uint > int; double > int; string > int; ts > int
string string > string; bool > string; int > string; uint > string; double > string; bytes > string; ts > string; dur > string
timestamp ts > ts; string > ts; int > ts
type A > type
uint uint > uint; int > uint; double > uint; string > uint
getDate ts. > int; ts. string > int
getDayOfMonth ts. > int; ts. string > int
getDayOfWeek ts. > int; ts. string > int
getDayOfYear ts. > int; ts. string > int
getFullYear ts. > int; ts. string > int
getMonth ts. > int; ts. string > int
getHours ts. > int; ts. string > int; dur. > int
getMinutes ts. > int; ts. string > int; dur. > int
getSeconds ts. > int; ts. string > int; dur. > int
getMilliseconds ts. > int; ts. string > int; dur. > int
optional.of A > ?A
optional.ofNonZeroValue A > ?A
optional.none > ?A
hasValue ?A. > bool
value ?A. > A
orValue ?A. A > A
or ?A. ?A > ?A
";

/// Parses a type of the table.
fn parse(text: &str) -> Kind {
    let inner = |from: usize, to: usize| parse(text.get(from..text.len() - to).unwrap_or_default());
    match text {
        "dyn" => Kind::Dyn,
        "ts" => Kind::TIMESTAMP,
        "dur" => Kind::DURATION,
        "A" => Kind::Parameter('A'),
        "B" => Kind::Parameter('B'),
        "{A:B}" => Kind::Map(Arc::new(Kind::Parameter('A')), Arc::new(Kind::Parameter('B'))),
        _ if text.starts_with('?') => Kind::Optional(Arc::new(inner(1, 0))),
        _ if text.starts_with('[') => Kind::List(Arc::new(inner(1, 1))),
        _ => NAMES.iter().find(|name| **name == text).map_or(Kind::Dyn, |name| Kind::Simple(name)),
    }
}

const NAMES: &[&str] = &["bool", "bytes", "double", "int", "string", "type", "uint"];

fn signature(text: &str) -> Option<Signature> {
    let (parameters, result) = text.split_once('>')?;
    let words: Vec<&str> = parameters.split_whitespace().collect();
    let is_member = words.first().is_some_and(|word| word.ends_with('.'));
    let parameters = words.iter().map(|word| parse(word.trim_end_matches('.'))).collect();
    Some(Signature { is_member, parameters, result: parse(result.trim()) })
}

fn of_library(of: Of) -> Kind {
    match of {
        Of::Bool => Kind::BOOL,
        Of::Int => Kind::INT,
        Of::Double => Kind::DOUBLE,
        Of::Text => Kind::STRING,
        Of::Texts => Kind::List(Arc::new(Kind::STRING)),
        Of::List => Kind::List(Arc::new(Kind::Parameter('A'))),
        Of::Map => Kind::Map(Arc::new(Kind::STRING), Arc::new(Kind::List(Arc::new(Kind::STRING)))),
        Of::Opaque(name) => Kind::Simple(name),
        Of::Optional(inner) => Kind::Optional(Arc::new(of_library(*inner))),
    }
}

const ORDERED: &[&str] = &["bool", "int", "uint", "double", "string", "bytes"];

/// Returns all signatures by name.
pub(super) fn all() -> HashMap<&'static str, Vec<Signature>> {
    let mut all: HashMap<&'static str, Vec<Signature>> = HashMap::new();
    for line in STANDARD.lines() {
        let Some((name, overloads)) = line.split_once(' ') else { continue };
        all.entry(name).or_default().extend(overloads.split(';').filter_map(signature));
    }
    for overload in library::overloads() {
        let parameters = overload.parameters.iter().map(|of| of_library(*of)).collect();
        let result = of_library(overload.result);
        all.entry(overload.name).or_default().push(Signature { is_member: overload.is_member, parameters, result });
    }
    let numbers = ["int", "uint", "double"];
    for name in ["_<_", "_<=_", "_>_", "_>=_"] {
        let same = ORDERED.iter().map(|kind| (*kind, *kind));
        let times = [Kind::TIMESTAMP, Kind::DURATION].into_iter().map(|kind| (kind.clone(), kind));
        let mixed = numbers.into_iter().flat_map(|one| numbers.map(|other| (one, other)));
        let pairs = same.chain(mixed.filter(|(one, other)| one != other));
        let pairs = pairs.map(|(one, other)| (Kind::Simple(one), Kind::Simple(other))).chain(times);
        let orders =
            pairs.map(|(one, other)| Signature { is_member: false, parameters: vec![one, other], result: Kind::BOOL });
        all.entry(name).or_default().extend(orders);
    }
    all
}
