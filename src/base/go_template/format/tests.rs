//! The verbs of `printf`.

use super::*;
use crate::json::json;

#[test]
fn long_texts_are_printed_as_in_go_and_end_at_the_limit() {
    let float = [Val::of(1.5)];
    let of = |format: &str| sprintf(format, &float, 1 << 20);
    assert_eq!(of("%.65536f"), format!("1.5{}", "0".repeat(65_535)));
    assert_eq!(of("%.70000e"), format!("1.5{}e+00", "0".repeat(69_999)));
    assert_eq!(of("%.1000000g"), "1.5");
    assert_eq!(of("%1000009f").len(), 1_000_009);
    assert_eq!(sprintf(&"%[1]1000f".repeat(1000), &float, 10_000).len(), 11_000);
    let list = [Val::of(vec![1; 1000])];
    assert_eq!(sprintf("%1000d", &list, 10_000).len(), 10_011);
    let smallest = [Val::of(5e-324)];
    assert!(sprintf("%.1080f", &smallest, 1 << 20).ends_with("000000"));
}

#[test]
fn verbs_print_as_in_go() {
    let cases = [
        ("%s|%v|%q|%x", json!(["a", "b", "c\n", "hi"]), r#"a|b|"c\n"|6869"#),
        (
            "%5d|%-5d|%05d|%+d|% d|%x|%X|%#x|%b|%o|%c|%U",
            json!([7, 7, -42, 7, 7, 255, 255, 255, 5, 8, 65, 65]),
            "    7|7    |-0042|+7| 7|ff|FF|0xff|101|10|A|U+0041",
        ),
        (
            "%.2f|%8.3f|%-8.1f|%08.2f|%e|%g|%.3g|%G",
            json!([1.5, 2.25, 3.5, -1.5, 1234.5, 1234567.5, 1234.5, 1e-7]),
            "1.50|   2.250|3.5     |-0001.50|1.234500e+03|1.2345675e+06|1.23e+03|1E-07",
        ),
        ("%10s|%-10s|%.2s|%05s", json!(["ab", "ab", "abc", "ab"]), "        ab|ab        |ab|000ab"),
        (
            "%t|%v|%T|%T|%T|%T",
            json!([true, false, "s", 1.5, [1], {"a": 1}]),
            "true|false|string|float64|[]interface {}|map[string]interface {}",
        ),
        ("%d|%s|%s", json!(["x", 3, 1.5]), "%!d(string=x)|%!s(int64=3)|%!s(float64=1.5)"),
        ("%v|%s|%d|%+v", json!([[1, "a"], ["x", "y"], [1, 2], {"k": null}]), "[1 a]|[x y]|[1 2]|map[k:<nil>]"),
        ("%s|%v", json!([null, null]), "%!s(<nil>)|<nil>"),
        ("%d%%", json!([5]), "5%"),
        ("%d %d", json!([1]), "1 %!d(MISSING)"),
        ("%d", json!([1, 2, "x"]), "1%!(EXTRA int64=2, string=x)"),
        ("%[2]d %[1]d", json!([1, 2]), "2 1"),
        ("%*d|%", json!([4, 7]), "   7|%!(NOVERB)"),
        ("%z", json!([1]), "%!z(int64=1)"),
        ("%*d|%.*d", json!(["x", 7, -1, 7]), "%!(BADWIDTH)7|%!(BADPREC)7"),
        ("%*d", json!([10000001, 42]), "%!(BADWIDTH)42"),
        ("%99999999d", json!([42]), "%!(NOVERB)%!(EXTRA int64=42)"),
        ("%.99999999d", json!([42]), "%!(NOVERB)%!(EXTRA int64=42)"),
        ("%#v", json!([["a", 1]]), r#"[]interface {}{"a", 1}"#),
    ];
    for (format, args, expected) in cases {
        let args: Vec<Val> = args.as_array().into_iter().flatten().map(|arg| Val::of(arg.clone())).collect();
        assert_eq!(sprintf(format, &args, 1000), expected, "{format}");
    }
}
