//! Builds with files on web servers and in repositories.

use super::tests::Case;

const CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";

/// Builds `k` with more files. Returns standard output, or the error.
fn build(kustomization: &str, files: &[(&str, &str)]) -> String {
    let mut text = format!("Case.\n\n$ k\n-- k/kustomization.yaml --\n{kustomization}");
    for (name, content) in files {
        text.push_str(&format!("-- {name} --\n{content}"));
    }
    let (out, err, _) = Case::parse(&text).run();
    format!("{out}{err}")
}

#[test]
fn files_come_from_web_servers() {
    let patch = "metadata: {labels: {x: y}, name: a}\napiVersion: v1\nkind: ConfigMap\n";
    let kustomization = "resources: [https://h/a.yaml]\npatches: [{path: http://h/p.yaml}]\n\
        configMapGenerator: [{name: b, files: [c=https://h/c], options: {disableNameSuffixHash: true}}]\n";
    let files = [("/web/h/a.yaml", CONFIG_MAP), ("/web/h/p.yaml", patch), ("/web/h/c", "text\n")];
    assert_eq!(
        build(kustomization, &files),
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  labels:\n    x: \"y\"\n  name: a\n---\n\
         apiVersion: v1\ndata:\n  c: |\n    text\nkind: ConfigMap\nmetadata:\n  name: b\n"
    );
}

#[test]
fn failures_of_web_servers_are_reported() {
    assert_eq!(
        build("resources: [https://h/a.yaml]\n", &[]),
        "error: accumulating resources: accumulating resources from 'https://h/a.yaml': HTTP Error: status code 404 (Not Found)\n"
    );
    assert_eq!(
        build("resources: [https://h/a/b.yaml]\n", &[]),
        "error: accumulating resources: accumulation err='accumulating resources from 'https://h/a/b.yaml': URL is a git repository': exit status 128\n"
    );
}

#[test]
fn bases_come_from_repositories() {
    let repository = [
        ("/git/h/r/o/x/kustomization.yaml", "resources: [../y, z.yaml]\n"),
        ("/git/h/r/o/x/z.yaml", CONFIG_MAP),
        ("/git/h/r/o/y/kustomization.yaml", "namePrefix: p-\nresources: [../x/../a.yaml]\n"),
        ("/git/h/r/o/a.yaml", CONFIG_MAP),
        (
            "/git/h/c/o/kustomization.yaml",
            "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nnameSuffix: -s\n",
        ),
    ];
    let outside = build("resources: [https://h/r/o//x?ref=v1]\n", &repository);
    assert!(outside.contains("security; file '/git/h/r/o/a.yaml' is not in or below '/git/h/r/o/y'"), "{outside}");

    let mut inside = repository;
    inside[2].1 = "buildMetadata: []\nresources: [a.yaml]\n";
    inside[3].0 = "/git/h/r/o/y/a.yaml";
    let kustomization = "buildMetadata: [originAnnotations]\nresources: [\"git::https://h/r/o//y?ref=v1\"]\ncomponents: [https://h/c/o]\n";
    let built = build(kustomization, &inside);
    assert!(
        built.starts_with(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  annotations:\n    config.kubernetes.io/origin: |\n      \
         path: y/a.yaml\n      repo: https://h/r/o\n      ref: v1\n  name: a-s\n"
        ),
        "{built}"
    );
    assert!(
        built.contains("Warning: Forcing the git protocol using the 'git::' URL prefix is not supported."),
        "{built}"
    );
}

#[test]
fn repositories_are_confined() {
    let built = |directory: &str, kustomization: &str| {
        let name = format!("/git/h/r/o/{directory}/kustomization.yaml");
        let files = [(name.as_str(), kustomization), ("/git/h/other/kustomization.yaml", "resources: []\n")];
        let shown = build(&format!("resources: [https://h/r/o/{directory}]\n"), &files);
        shown.split("': ").skip(2).collect::<Vec<_>>().join("': ")
    };
    assert_eq!(
        built("x", "resources: [https://h/r/o/x]\n"),
        "recursed accumulation of path '/git/h/r/o/x': accumulating resources: accumulation err='accumulating resources from 'https://h/r/o/x': URL is a git repository': \
         cycle detected: URI 'https://h/r/o/x' referenced by previous URI 'https://h/r/o/x'\n"
    );
    let outside = built("x", "resources: [../../../other]\n");
    assert!(outside.ends_with(
        "security; bases in kustomizations found in cloned git repos must be within the repo, but base '/git/h/other' is outside '/git/h/r/o'\n"
    ), "{outside}");
    let file = build("resources: [https://h/r/o/x]\n", &[("/git/h/r/o/x", "a")]);
    assert!(file.ends_with("'/git/h/r/o/x' refers to file 'x'; expecting directory\n"), "{file}");
}

#[test]
fn slow_repositories_matter_even_for_malformed_files() {
    let page = [("/web/h/r/o?ref=slow&timeout=1", "a: [\n")];
    let shown = build("resources: [\"https://h/r/o?ref=slow&timeout=1\"]\n", &page);
    assert!(shown.contains("accumulation err='accumulating resources from 'https://h/r/o?ref=slow"), "{shown}");
    assert!(shown.ends_with(": hit 1s timeout\n"), "{shown}");
}

#[test]
fn registries_are_refused() {
    let shown = build("resources: [oci://h/r]\n", &[]);
    assert!(shown.ends_with("kustomizations in registries are not supported: 'oci://h/r'\n"), "{shown}");
}
