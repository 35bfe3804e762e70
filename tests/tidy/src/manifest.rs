//! What the rules need of a `Cargo.toml`: its package, its dependencies, and where they stand.

/// One `Cargo.toml`.
#[derive(Clone, Debug)]
pub(crate) struct Manifest {
    /// Its folder from the root, `core`; empty for the root itself.
    pub(crate) folder: String,
    pub(crate) package: Option<String>,
    pub(crate) is_workspace: bool,
    /// Whether it says `[lints] workspace = true`.
    pub(crate) has_shared_lints: bool,
    pub(crate) dependencies: Vec<Dependency>,
}

/// One entry of a dependency table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) line: usize,
    /// The package, whatever it is renamed to.
    pub(crate) package: String,
    /// Whether only tests and examples of the package see it.
    pub(crate) is_dev: bool,
}

impl Manifest {
    /// Reads the part of TOML that manifests are written in: tables, and one key a line.
    pub(crate) fn parse(path: &str, text: &str) -> Self {
        let folder = path.strip_suffix("Cargo.toml").unwrap_or(path).trim_end_matches('/');
        let mut manifest = Self {
            folder: folder.to_owned(),
            package: None,
            is_workspace: false,
            has_shared_lints: false,
            dependencies: Vec::new(),
        };
        let mut table = String::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.split(']').next()) {
                table = name.trim().to_owned();
                manifest.is_workspace |= table == "workspace";
                if let Some((dependencies, package)) = table.rsplit_once('.') {
                    manifest.depend(number, dependencies, package);
                }
            } else if let Some((key, value)) = line.split_once('=') {
                manifest.set(number, &table, (key.trim(), value.trim()));
            }
        }
        manifest
    }

    fn set(&mut self, line: usize, table: &str, (key, value): (&str, &str)) {
        match (table, key) {
            ("package", "name") => self.package = quoted(value),
            ("lints", "workspace") => self.has_shared_lints |= value == "true",
            (_, "package") if self.dependencies.last().is_some() && !is_dependencies(table) => {
                // `[dependencies.alias]` with `package = "…"` below it.
                if let (Some(last), Some(package)) = (self.dependencies.last_mut(), quoted(value))
                    && table.ends_with(&format!(".{}", last.package))
                {
                    last.package = package;
                }
            }
            _ if !key.starts_with('#') => {
                let renamed = value.split_once("package = ").and_then(|(_, name)| quoted(name));
                let name = key.split('.').next().unwrap_or(key);
                self.depend(line, table, renamed.as_deref().unwrap_or(name));
            }
            _ => {}
        }
    }

    fn depend(&mut self, line: usize, table: &str, package: &str) {
        if is_dependencies(table) {
            let is_dev = table.ends_with("dev-dependencies");
            let package = package.trim_matches('"').to_owned();
            self.dependencies.push(Dependency { line, package, is_dev });
        }
    }
}

/// `dependencies`, `dev-dependencies`, `target.'cfg(unix)'.dependencies`, but not the workspace's
/// table of versions.
fn is_dependencies(table: &str) -> bool {
    let last = table.rsplit('.').next().unwrap_or(table);
    matches!(last, "dependencies" | "dev-dependencies" | "build-dependencies")
        && table != "workspace.dependencies"
}

fn quoted(value: &str) -> Option<String> {
    value.trim_start().strip_prefix('"')?.split('"').next().map(str::to_owned)
}

mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_a_dependency_is_read() {
        let text = "[package]\nname = \"mainspring-x\"\n[dependencies]\na.workspace = true\n\
                    # b = \"1\"\nc = { version = \"1\", package = \"d\" }\n\
                    [dependencies.e]\nversion = \"1\"\n[dependencies.f]\npackage = \"g\"\n\
                    [dev-dependencies]\nh = \"1\"\n[target.'cfg(unix)'.dependencies]\ni = \"1\"\n\
                    [features]\nj = []\n[lints]\nworkspace = true\n";
        let manifest = Manifest::parse("adapters/x/Cargo.toml", text);
        let seen: Vec<(&str, bool, usize)> = manifest
            .dependencies
            .iter()
            .map(|dependency| (dependency.package.as_str(), dependency.is_dev, dependency.line))
            .collect();
        let expected = [
            ("a", false, 4),
            ("d", false, 6),
            ("e", false, 7),
            ("g", false, 9),
            ("h", true, 12),
            ("i", false, 14),
        ];
        assert_eq!(seen, expected);
        assert_eq!(manifest.package.as_deref(), Some("mainspring-x"));
        assert_eq!(manifest.folder, "adapters/x");
        assert!(manifest.has_shared_lints && !manifest.is_workspace);
    }

    #[test]
    fn the_table_of_versions_is_no_dependency() {
        let text = "[workspace]\n[workspace.dependencies]\na = \"1\"\n";
        let manifest = Manifest::parse("Cargo.toml", text);
        assert!(manifest.is_workspace && manifest.dependencies.is_empty());
        assert_eq!(manifest.folder, "");
        assert!(!manifest.has_shared_lints);
    }
}
