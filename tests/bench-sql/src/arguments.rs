//! What is to be measured, as it is said on the command line.

/// `part… name=value…`
#[derive(Clone, Debug)]
pub(crate) struct Arguments {
    pub(crate) parts: Vec<String>,
    pub(crate) jobs: u64,
    pub(crate) batch: u64,
    pub(crate) window: usize,
    pub(crate) rounds: usize,
}

impl Arguments {
    /// Reads them.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) fn read(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments =
            Self { parts: Vec::new(), jobs: 100_000, batch: 1_000, window: 2_000, rounds: 3 };
        for word in words {
            let Some((name, value)) = word.split_once('=') else {
                arguments.parts.push(word);
                continue;
            };
            let number: u64 = value.parse().map_err(|_| format!("`{value}` is not a number"))?;
            match name {
                "jobs" => arguments.jobs = number,
                "batch" => arguments.batch = number,
                "window" => arguments.window = number as usize,
                "rounds" => arguments.rounds = number as usize,
                _ => return Err(format!("there is no setting `{name}`")),
            }
        }
        Ok(arguments)
    }

    /// Whether a word was given.
    pub(crate) fn wants(&self, part: &str) -> bool {
        self.parts.iter().any(|wanted| wanted == part)
    }
}
