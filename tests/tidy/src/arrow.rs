//! Which crate may depend on which, and that all obey the same lints.

use std::sync::LazyLock;

use crate::finding::{Finding, expect_none, lines};
use crate::manifest::Manifest;
use crate::tree::FILES;

/// What a package is in the house, as its folder tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Core,
    Contract,
    /// What all brokers share.
    Broker,
    /// What the adapters for SQL databases share.
    Sql,
    Adapter,
    Runtime,
    Embassy,
    Cli,
    Console,
    Conformance,
    /// Real servers for tests.
    Support,
    /// Programs and tests of ours, which nobody gets.
    Test,
    Example,
}

use Role::{
    Adapter, Broker, Cli, Conformance, Console, Contract, Core, Embassy, Example, Runtime, Sql,
    Support, Test,
};

/// A role, what it may depend on, and what its own tests may use besides.
///
/// Only the command line, examples and tests see both the runtime and adapters.
const ARROWS: &[(Role, &[Role], &[Role])] = &[
    (Core, &[], &[]),
    (Contract, &[Core], &[]),
    (Broker, &[Core, Contract], &[Adapter]),
    (Sql, &[Core, Contract], &[]),
    (Adapter, &[Core, Contract, Sql], &[Conformance, Support]),
    (Runtime, &[Core, Contract, Broker], &[Adapter, Conformance]),
    (Embassy, &[Core], &[]),
    (Console, &[Core, Contract, Runtime], &[Adapter]),
    (Cli, &[Core, Contract, Adapter, Runtime, Embassy, Console], &[Test]),
    (Conformance, &[Core, Contract, Broker], &[Adapter]),
    (Support, &[], &[]),
    (
        Test,
        &[
            Core,
            Contract,
            Broker,
            Adapter,
            Runtime,
            Embassy,
            Console,
            Cli,
            Conformance,
            Support,
            Test,
            Example,
        ],
        &[],
    ),
    (Example, &[Core, Contract, Adapter, Runtime, Embassy, Console, Example], &[]),
];

static MANIFESTS: LazyLock<Vec<Manifest>> = LazyLock::new(|| {
    FILES
        .iter()
        .filter(|(path, _)| path == "Cargo.toml" || path.ends_with("/Cargo.toml"))
        .map(|(path, text)| Manifest::parse(path, text))
        .collect()
});

fn role(folder: &str) -> Option<Role> {
    let mut parts = folder.split('/');
    match (parts.next()?, parts.next()) {
        ("core", None) => Some(Core),
        ("adapters", Some("contract")) => Some(Contract),
        ("adapters", Some("broker")) => Some(Broker),
        ("adapters", Some("sql")) => Some(Sql),
        ("adapters", Some(_)) => Some(Adapter),
        ("std-runtime", None) => Some(Runtime),
        ("std-runtime", Some("cli")) => Some(Cli),
        ("std-runtime", Some("console")) => Some(Console),
        ("embassy-runtime", None) => Some(Embassy),
        ("tests", Some("conformance")) => Some(Conformance),
        ("tests", Some("support")) => Some(Support),
        ("tests", Some(_)) => Some(Test),
        ("examples", Some(_)) => Some(Example),
        _ => None,
    }
}

fn wrong_arrows(manifests: &[Manifest]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for manifest in manifests.iter().filter(|manifest| manifest.package.is_some()) {
        let Some(role) = role(&manifest.folder) else {
            findings.push(finding(
                manifest,
                1,
                "a package in a room that nobody knows: see role()",
            ));
            continue;
        };
        let (_, always, in_tests) = ARROWS
            .iter()
            .find(|(from, ..)| *from == role)
            .expect("every role has its arrows, as a test of its own shows");
        for dependency in &manifest.dependencies {
            let ours =
                manifests.iter().find(|other| other.package.as_ref() == Some(&dependency.package));
            let Some(target) = ours.and_then(|other| self::role(&other.folder)) else { continue };
            let is_fine =
                always.contains(&target) || dependency.is_dev && in_tests.contains(&target);
            if !is_fine {
                let advice = format!(
                    "{role:?} must not see {target:?} (`{}`): see ARROWS",
                    dependency.package
                );
                findings.push(finding(manifest, dependency.line, &advice));
            }
        }
    }
    findings
}

fn missing_lints(manifest: &Manifest) -> Vec<Finding> {
    // A workspace of its own, such as firmware, cannot inherit ours.
    if manifest.is_workspace || manifest.has_shared_lints {
        return Vec::new();
    }
    vec![finding(manifest, 1, "add `[lints]` with `workspace = true`")]
}

fn finding(manifest: &Manifest, line: usize, advice: &str) -> Finding {
    let path = format!("{}/Cargo.toml", manifest.folder);
    Finding { path, line, advice: advice.to_owned() }
}

mod tests {
    use super::*;

    #[test]
    fn crates_depend_on_each_other_in_one_direction() {
        expect_none(wrong_arrows(&MANIFESTS));
    }

    #[test]
    fn every_member_obeys_the_shared_lints() {
        assert!(MANIFESTS.len() > 10, "the members of the workspace were not found");
        expect_none(MANIFESTS.iter().flat_map(missing_lints));
    }

    #[test]
    fn every_role_has_its_arrows() {
        for manifest in MANIFESTS.iter().filter(|manifest| manifest.package.is_some()) {
            let role = role(&manifest.folder);
            assert!(ARROWS.iter().any(|(from, ..)| Some(*from) == role), "{}", manifest.folder);
        }
    }

    /// The house with one more dependency in `folder`.
    fn house(folder: &str, table: &str, dependency: &str) -> Vec<Manifest> {
        let packages = [
            ("core", "mainspring-core"),
            ("adapters/contract", "mainspring-contract"),
            ("adapters/memory", "mainspring-memory"),
            ("std-runtime", "mainspring"),
            ("std-runtime/cli", "mainspring-cli"),
            ("tests/conformance", "mainspring-conformance"),
            ("tests/chaos", "mainspring-chaos"),
            ("examples/hello", "mainspring-hello"),
        ];
        packages
            .map(|(member, package)| {
                let extra = if member == folder {
                    format!("[{table}]\n{dependency}.workspace = true\n")
                } else {
                    String::new()
                };
                let text = format!("[package]\nname = \"{package}\"\n{extra}");
                Manifest::parse(&format!("{member}/Cargo.toml"), &text)
            })
            .to_vec()
    }

    #[test]
    fn wrong_arrows_are_refused() {
        let wrong = [
            ("core", "dependencies", "mainspring-contract"),
            ("core", "dev-dependencies", "mainspring-memory"),
            ("adapters/memory", "dependencies", "mainspring"),
            ("adapters/memory", "dev-dependencies", "mainspring"),
            ("adapters/memory", "dependencies", "mainspring-conformance"),
            ("std-runtime", "dependencies", "mainspring-memory"),
            ("tests/conformance", "dependencies", "mainspring"),
            ("std-runtime/cli", "dependencies", "mainspring-chaos"),
        ];
        for (folder, table, dependency) in wrong {
            let findings = wrong_arrows(&house(folder, table, dependency));
            assert_eq!(lines(&findings), [4], "{folder} [{table}] {dependency}");
        }
    }

    #[test]
    fn right_arrows_pass() {
        let right = [
            ("core", "dependencies", "heapless"),
            ("adapters/memory", "dependencies", "mainspring-contract"),
            ("adapters/memory", "dev-dependencies", "mainspring-conformance"),
            ("std-runtime", "dev-dependencies", "mainspring-memory"),
            ("std-runtime/cli", "dependencies", "mainspring-memory"),
            ("std-runtime/cli", "dev-dependencies", "mainspring-chaos"),
            ("examples/hello", "dependencies", "mainspring"),
            ("tests/chaos", "dependencies", "mainspring"),
        ];
        for (folder, table, dependency) in right {
            let findings = wrong_arrows(&house(folder, table, dependency));
            assert_eq!(findings, [], "{folder} [{table}] {dependency}");
        }
    }

    #[test]
    fn a_package_in_an_unknown_room_is_refused() {
        let attic = Manifest::parse("attic/Cargo.toml", "[package]\nname = \"a\"\n");
        assert_eq!(lines(&wrong_arrows(&[attic])), [1]);
    }

    #[test]
    fn missing_lints_are_refused() {
        let found = |text| missing_lints(&Manifest::parse("core/Cargo.toml", text)).len();
        assert_eq!(found("[package]\nname = \"a\"\n"), 1);
        assert_eq!(found("[lints]\nworkspace = false\n"), 1);
        assert_eq!(found("[package]\nname = \"a\"\n[lints]\nworkspace = true\n"), 0);
        assert_eq!(found("[package]\nname = \"a\"\n[workspace]\n"), 0);
    }
}
