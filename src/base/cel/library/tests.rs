//! The functions of the libraries, by the examples of the documentation.

use std::sync::Arc;

use super::super::{Access, Authorizer, Expression, Value, authorizer, resource_check};

fn evaluate(text: &str) -> Result<Value, String> {
    Expression::compile(text)?.evaluate(Vec::new())
}

#[test]
fn functions_are_those_of_kubernetes() {
    for text in [
        "ip('192.168.0.1').family() == 4 && ip('::1').isLoopback() && ip('fe80::1').isLinkLocalUnicast()",
        "isIP('127.0.0.1') && !isIP('127.0.0.1.') && !isIP('::ffff:1.2.3.4') && !isIP('fe80::1%eth0')",
        "ip.isCanonical('127.0.0.1') && !ip.isCanonical('2001:DB8::abcd') && string(ip('::0:1')) == '::1'",
        "ip('10.0.0.1').isGlobalUnicast() && ip('224.0.0.1').isLinkLocalMulticast() && ip('0.0.0.0').isUnspecified()",
        "cidr('192.168.0.0/24').containsIP(ip('192.168.0.1')) && !cidr('192.168.0.0/24').containsIP('192.168.1.1')",
        "cidr('192.168.0.0/16').containsCIDR('192.168.10.0/24') && !cidr('192.168.1.0/24').containsCIDR(cidr('192.168.0.0/16'))",
        "cidr('192.168.1.7/24').masked() == cidr('192.168.1.0/24') && cidr('::1/128').prefixLength() == 128",
        "string(cidr('192.168.1.7/24').ip()) == '192.168.1.7' && isCIDR('0.0.0.0/0') && !isCIDR('1.2.3.4/33') && !isCIDR('1.2.3.4/08')",
        "quantity('1Gi').isGreaterThan(quantity('1G')) && quantity('50k').add(20).compareTo(quantity('50020')) == 0",
        "isQuantity('1.5M') && !isQuantity('200K') && quantity('5').isInteger() && quantity('200M').asInteger() == 200000000",
        "!quantity('100m').isInteger() && quantity('-5').sign() == -1 && quantity('500m').asApproximateFloat() == 0.5",
        "quantity('50k') == quantity('50000') && quantity('50k').sub(quantity('20k')).isLessThan(quantity('50k'))",
        "url('https://user:pass@example.com:8080/a%20b?k=v&k=w').getHost() == 'example.com:8080'",
        "url('https://[::1]:80/').getHostname() == '::1' && url('https://[::1]:80/').getPort() == '80' && url('/path').getEscapedPath() == '/path'",
        "url('https://example.com/?k=a%20b&k=w').getQuery() == {'k': ['a b', 'w']} && url('HTTP://x').getScheme() == 'http'",
        "isURL('https://a/b') && !isURL('../rel') && !isURL('x.y:1') && !isURL('https://a:b/') && !isURL('https://a/%zz')",
        "semver('1.2.3').major() == 1 && semver('1.2.3-rc.1').isLessThan(semver('1.2.3')) && !isSemver('v1.0') && isSemver('v1.0', true)",
        "semver('1.2.3').compareTo(semver('1.10.0')) == -1 && semver('v01.2', true) == semver('1.2.0')",
        "sets.contains([1, 2, 3], [3, 1]) && !sets.contains([1], [2]) && sets.equivalent([1, 1, 2], [2, 1]) && sets.intersects(['a'], ['b', 'a'])",
        "!format.dns1123Label().validate('my-name').hasValue() && format.dns1123Label().validate('a.b').value() == ['must not contain dots']",
        "!format.dns1123LabelPrefix().validate('my-').hasValue() && format.dns1123Label().validate('my-').value().size() == 1",
        "format.named('uuid').value().validate('123').value() == ['does not match the UUID format'] && !format.named('x').hasValue()",
        "!format.uri().validate('https://a/b').hasValue() && format.uri().validate('x').value() == ['parse \"x\": invalid URI for request']",
        "!format.byte().validate('aGVsbG8=').hasValue() && format.byte().validate('a').value() == ['invalid base64']",
        "!format.date().validate('2021-02-28').hasValue() && format.date().validate('2021-02-30').value() == ['invalid date']",
        "!format.datetime().validate('2021-01-01T00:00:00Z').hasValue() && format.datetime().validate('2021-01-01').hasValue()",
        "!format.qualifiedName().validate('a.b/c').hasValue() && !format.labelValue().validate('').hasValue() && format.dns1035Label().validate('1a').hasValue()",
        "format.named('dns1123Subdomain').value() == format.dns1123Subdomain() && '%s'.format(['a']) == 'a'",
        "jsonpatch.escapeKey('k8s.io/my~label') == 'k8s.io~1my~0label'",
        "type(ip('::1')) == net.IP && type(quantity('1')) == kubernetes.Quantity",
    ] {
        assert_eq!(evaluate(text), Ok(Value::Bool(true)), "{text}");
    }
}

#[test]
fn values_that_cannot_be_parsed_are_errors() {
    let error = |text: &str| evaluate(text).expect_err("an error");
    assert!(
        error("quantity('x').isInteger()").contains("quantities must match"),
        "{}",
        error("quantity('x').isInteger()")
    );
    assert!(error("ip('x').family() == 4").contains("IP Address \"x\" parse error during conversion from string"));
    assert!(error("quantity('100m').asInteger() == 1").contains("cannot convert value to integer"));
}

/// Allows one user to get pods, and every service account to read the path `/healthz`.
struct Rules {
    user: &'static str,
}

impl Authorizer for Rules {
    fn permission(&self, access: &Access) -> Option<String> {
        let (pods, path) = (["get", "", "pods", "log", "here", "a", ""], ["get", "", "", "", "", "", "/healthz"]);
        let Access { verb, group, resource, subresource, namespace, name, path: at } = access;
        let asked = [verb, group, resource, subresource, namespace, name, at].map(String::as_str);
        match self.user {
            "jane" => (asked == pods).then(|| "she may".to_owned()),
            _ => (asked == path).then(String::new),
        }
    }

    fn of_service_account(&self, _: &str, _: &str) -> Arc<dyn Authorizer> {
        Arc::new(Rules { user: "robot" })
    }
}

#[test]
fn checks_are_answered_by_the_authorizer() {
    let run = |text: &str| {
        let jane: Arc<dyn Authorizer> = Arc::new(Rules { user: "jane" });
        let access =
            Access { resource: "pods".into(), namespace: "here".into(), name: "a".into(), ..Access::default() };
        let variables = vec![
            ("authorizer", authorizer(jane.clone())),
            ("authorizer.requestResource", resource_check(jane, access)),
        ];
        Expression::compile(text)?.evaluate(variables)
    };
    for text in [
        "authorizer.group('').resource('pods').subresource('log').namespace('here').name('a').check('get').allowed()",
        "authorizer.group('').resource('pods').check('get').allowed() == false",
        "authorizer.requestResource.subresource('log').check('get').reason() == 'she may'",
        "authorizer.requestResource.check('get').error() == '' && !authorizer.requestResource.check('get').errored()",
        "authorizer.serviceAccount('default', 'robot').path('/healthz').check('get').allowed()",
        "authorizer.requestResource.fieldSelector('a=b').labelSelector('c=d').subresource('log').check('get').allowed()",
    ] {
        assert_eq!(run(text), Ok(Value::Bool(true)), "{text}");
    }
    let error = |text: &str| run(text).expect_err("an error");
    assert_eq!(error("authorizer.path(' ').check('get').allowed()"), "path must not be empty");
    assert_eq!(error("authorizer.group('').resource('').check('get').allowed()"), "resource must not be empty");
    assert_eq!(
        error("authorizer.serviceAccount('a.b', 'c').path('/').check('get').allowed()"),
        "Invalid service account namespace"
    );
    let thrice = "[1, 2, 3].all(x, authorizer.path('/').check('get').reason() == '')";
    assert_eq!(error(thrice), super::super::COST_EXCEEDED);
}
