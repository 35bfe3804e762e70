//! The pinned toolchain: what `rust-toolchain.toml` asks for, and adding what is missing.
//!
//! rustup may be set to install nothing by itself, so the gate asks it explicitly.

use std::path::Path;

use crate::call::Call;

/// The content of `rust-toolchain.toml`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Toolchain {
    channel: String,
    components: Vec<String>,
    targets: Vec<String>,
}

impl Toolchain {
    /// # Errors
    /// If the file cannot be read or names no channel.
    pub(crate) fn pinned(root: &Path) -> Result<Self, String> {
        let path = root.join("rust-toolchain.toml");
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        Self::parse(&text).ok_or_else(|| format!("{} names no channel", path.display()))
    }

    fn parse(text: &str) -> Option<Self> {
        let channel = strings(text, "channel").into_iter().next()?;
        let (components, targets) = (strings(text, "components"), strings(text, "targets"));
        Some(Self { channel, components, targets })
    }

    /// The name by which rustup knows it.
    pub(crate) fn channel(&self) -> &str {
        &self.channel
    }

    /// Adds the components and targets that are not installed yet.
    ///
    /// # Errors
    /// If rustup is not there, or cannot add them.
    pub(crate) fn complete(&self, root: &Path) -> Result<(), String> {
        for (kind, wanted) in [("component", &self.components), ("target", &self.targets)] {
            let list = format!("{kind} list --installed --toolchain {}", self.channel);
            let list = Call::new("rustup", &list);
            let installed = list.answer(root).ok_or_else(|| {
                format!("`{list}` failed (rustup comes from https://rustup.rs; is it on PATH?)")
            })?;
            let missing = missing(wanted, &installed);
            if !missing.is_empty() {
                let missing = missing.join(" ");
                let add = format!("{kind} add --toolchain {} {missing}", self.channel);
                Call::new("rustup", &add).run(root)?;
            }
        }
        Ok(())
    }
}

/// The strings that `key` is set to in `text`, which is TOML: one alone, or an array of them.
fn strings(text: &str, key: &str) -> Vec<String> {
    let text = format!("\n{text}\n");
    let Some((_, value)) = text.split_once(&format!("\n{key} = ")) else { return Vec::new() };
    let end = value.find(if value.starts_with('[') { ']' } else { '\n' });
    let value = &value[..end.unwrap_or(value.len())];
    value.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Those of `wanted` that rustup's list lacks. A component is listed with its host appended
/// (`clippy-x86_64-unknown-linux-gnu`), a target under its own name.
fn missing<'a>(wanted: &'a [String], installed: &str) -> Vec<&'a str> {
    let there = |name: &str| {
        installed.lines().any(|line| {
            line.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        })
    };
    wanted.iter().map(String::as_str).filter(|name| !there(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn the_pin_is_read() {
        let text = "[toolchain]\nchannel = \"1.95.0\"\ncomponents = [\"rustfmt\", \"clippy\"]\n\
                    targets = [\n    \"thumbv6m-none-eabi\",\n    \"thumbv7m-none-eabi\",\n]\n";
        let expected = Toolchain {
            channel: "1.95.0".to_owned(),
            components: owned(&["rustfmt", "clippy"]),
            targets: owned(&["thumbv6m-none-eabi", "thumbv7m-none-eabi"]),
        };
        assert_eq!(Toolchain::parse(text), Some(expected));
        assert_eq!(Toolchain::parse("[toolchain]\n"), None);
    }

    #[test]
    fn what_rustup_does_not_list_is_missing() {
        let installed = "clippy-x86_64-unknown-linux-gnu\nrust-std-x86_64-unknown-linux-gnu\n";
        assert_eq!(missing(&owned(&["rustfmt", "clippy"]), installed), ["rustfmt"]);
        let installed = "thumbv7m-none-eabi\nthumbv7em-none-eabihf\n";
        let wanted = owned(&["thumbv6m-none-eabi", "thumbv7m-none-eabi", "thumbv7em-none-eabi"]);
        assert_eq!(missing(&wanted, installed), ["thumbv6m-none-eabi", "thumbv7em-none-eabi"]);
    }
}
