use super::*;

fn check(text: &str) -> Result<String, String> {
    let fields = [
        ("n", Kind::INT),
        ("s", Kind::STRING),
        ("d", Kind::DOUBLE),
        ("l", Kind::List(Arc::new(Kind::STRING))),
        ("m", Kind::Map(Arc::new(Kind::STRING), Arc::new(Kind::INT))),
        ("t", Kind::TIMESTAMP),
        ("x", Kind::Dyn),
    ];
    let object = Kind::Object(Arc::new(fields.map(|(name, of)| (name.to_owned(), of)).into()));
    let expression = Expression::compile(text)?;
    expression.check(&[("self", object.clone()), ("oldSelf", object)]).map(|of| of.to_string())
}

#[test]
fn right_expressions_have_a_type() {
    for (text, of) in [
        ("self.n > 1 && self.s.size() < 5 && self.d > 1", "bool"),
        (
            "self.l.all(x, x.startsWith('a')) && self.l.exists_one(x, x == 'b') && self.m.all(k, k != '' && self.m[k] > 0)",
            "bool",
        ),
        ("self.l.map(x, size(x)).sum() > 3 && self.l.filter(x, x != '').size() > 0", "bool"),
        ("self.l.map(x, size(x))", "list(int)"),
        ("self.l.filter(x, x != '').map(x, {'k': x})", "list(map(string, string))"),
        ("has(self.n) ? self.n : 3", "int"),
        ("'a' in self.l && 'k' in self.m && self.n in [1, 2]", "bool"),
        ("self.x.y.z == 3 && self.x.all(i, i > 2) && self.x + 1 == 2", "bool"),
        ("self.?s.orValue('') == oldSelf.s && self.m[?'a'].hasValue() && optional.of(1).value() == 1", "bool"),
        ("self.t < timestamp('2026-01-01T00:00:00Z') && self.t - self.t < duration('1s')", "bool"),
        (
            "quantity(self.s).isLessThan(quantity('1Gi')) && ip(self.s).family() == 4 && cidr('1.2.3.0/24').containsIP(self.s)",
            "bool",
        ),
        ("'%s-%d'.format([self.s, string(self.n)])", "string"),
        ("[self.x, 1] == [[], ['a']].map(l, l.size()) && [{}, {'a': self.n}].size() == 2", "bool"),
        ("'abc'.matches('^a') && duration('1h30m') < duration(self.s)", "bool"),
        ("sets.contains(self.l, ['a']) && url(self.s).getQuery()['k'].size() == 1 && ip.isCanonical(self.s)", "bool"),
        ("type(self.n) == int && dyn(self.n) == 'a' && string(self.n) + 'b' != ''", "bool"),
        ("self == oldSelf && [] == self.l && {} == self.m && self.l.isSorted() && self.t != null", "bool"),
        ("self.l.indexOf('a') == self.s.indexOf('a') && self.l.join(',') == '' && self.s.split(',')[0] == ''", "bool"),
    ] {
        assert_eq!(check(text).as_deref(), Ok(of), "{text}");
    }
}

#[test]
fn wrong_expressions_are_refused_where_they_are_wrong() {
    for (text, error) in [
        (
            "self.n.size() > 2",
            "ERROR: <input>:1:12: found no matching overload for 'size' applied to 'int.()'\n | self.n.size() > 2\n | ...........^",
        ),
        ("self.nope == 1", "ERROR: <input>:1:5: undefined field 'nope'\n | self.nope == 1\n | ....^"),
        ("nope == 1", "ERROR: <input>:1:1: undeclared reference to 'nope' (in container '')\n | nope == 1\n | ^"),
        (
            "self.n == 'a'",
            "ERROR: <input>:1:8: found no matching overload for '_==_' applied to '(int, string)'\n | self.n == 'a'\n | .......^",
        ),
        (
            "self.n + self.s == 'a'",
            "ERROR: <input>:1:8: found no matching overload for '_+_' applied to '(int, string)'\n | self.n + self.s == 'a'\n | .......^",
        ),
        (
            "self.n.x == 1",
            "ERROR: <input>:1:7: type 'int' does not support field selection\n | self.n.x == 1\n | ......^",
        ),
        (
            "self.s == null",
            "ERROR: <input>:1:8: found no matching overload for '_==_' applied to '(string, null)'\n | self.s == null\n | .......^",
        ),
        (
            "self.s.nope()",
            "ERROR: <input>:1:12: undeclared reference to 'nope' (in container '')\n | self.s.nope()\n | ...........^",
        ),
        (
            "[self.n, self.s] == []",
            "ERROR: <input>:1:14: expected type 'int' but found 'string'\n | [self.n, self.s] == []\n | .............^",
        ),
        (
            "{'a': 1, 'b': 1.5} == {}",
            "ERROR: <input>:1:15: expected type 'int' but found 'double'\n | {'a': 1, 'b': 1.5} == {}\n | ..............^",
        ),
        (
            "self.s.matches('(')",
            "ERROR: <input>:1:16: invalid matches argument\n | self.s.matches('(')\n | ...............^",
        ),
        (
            "self.t < timestamp('2026') && duration('1x') == duration('1s')",
            "ERROR: <input>:1:20: invalid timestamp argument\n | self.t < timestamp('2026') && duration('1x') == duration('1s')\n | ...................^\nERROR: <input>:1:40: invalid duration argument\n | self.t < timestamp('2026') && duration('1x') == duration('1s')\n | .......................................^",
        ),
        (
            "self.s in self.n",
            "ERROR: <input>:1:8: found no matching overload for '@in' applied to '(string, int)'\n | self.s in self.n\n | .......^",
        ),
    ] {
        assert_eq!(check(text).expect_err(text), error, "{text}");
    }
}
