//! The functions of the libraries, by the examples of the documentation.

use super::super::{Expression, Value};

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
