//! Paths of znodes.

use kctl_base::order::Order as _;

/// Returns the path of the parent.
pub(super) fn parent(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(end) => &path[..end],
    }
}

/// Orders names as the server's `HashSet` does: by their buckets, and in a bucket as they were added.
pub(super) fn hashed(names: &[&str]) -> Vec<String> {
    let mut buckets = 16;
    while names.len() * 4 > buckets * 3 {
        buckets *= 2;
    }
    let bucket = |name: &str| {
        let hash = name.encode_utf16().fold(0_u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(u32::from(unit)));
        (hash ^ hash >> 16) as usize & (buckets - 1)
    };
    let mut ordered: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    ordered.order_by_key(|name| bucket(name));
    ordered
}

/// Checks a path as the client does (`PathUtils.validatePath`).
///
/// # Errors
/// The message of the exception.
pub(super) fn check_path(path: &str) -> Result<(), String> {
    if !path.starts_with('/') {
        return Err("Path must start with / character".to_owned());
    }
    if path.len() > 1 && path.ends_with('/') {
        return Err("Path must not end with / character".to_owned());
    }
    let mut at = 0;
    for name in path.split('/').skip(1).filter(|_| path.len() > 1) {
        at += 1;
        let length = name.chars().count();
        let fault = match name {
            "" => Some("empty node name specified"),
            "." | ".." => Some("relative paths not allowed"),
            _ => None,
        };
        if let Some(fault) = fault {
            let at = at + length.saturating_sub(1);
            return Err(format!("Invalid path string \"{path}\" caused by {fault} @{at}"));
        }
        at += length;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_come_in_the_order_of_a_hash_set() {
        let names = ["hbase", "hadoop-ha", "hive_zookeeper_namespace_hive", "kafka", "zookeeper"];
        let expected = ["zookeeper", "hadoop-ha", "kafka", "hive_zookeeper_namespace_hive", "hbase"];
        assert_eq!(hashed(&names), expected);
    }

    #[test]
    fn paths_are_checked() {
        let cases = [
            ("/", Ok(())),
            ("/a/b", Ok(())),
            ("a", Err("Path must start with / character")),
            ("/a/", Err("Path must not end with / character")),
            ("/a/..", Err("Invalid path string \"/a/..\" caused by relative paths not allowed @4")),
            ("/a//b", Err("Invalid path string \"/a//b\" caused by empty node name specified @3")),
        ];
        for (path, expected) in cases {
            assert_eq!(check_path(path), expected.map_err(String::from), "{path}");
        }
    }
}
