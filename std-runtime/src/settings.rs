//! The setters that tasks, schedules and jobs have in common.

/// Setters for the fields `settings` and `tags`. The argument says where a setting comes from that
/// is left out.
macro_rules! setters {
    ($default:literal) => {
        /// Whether and when a failed job is tried again: how often, after which wait, and how much
        /// of the wait is left to chance.
        #[doc = concat!("Default: ", $default, ".")]
        #[must_use]
        pub fn retry(mut self, retry: mainspring_core::settings::Retry) -> Self {
            self.settings.retry = Some(retry);
            self
        }

        /// How often a failed job is tried again, one second after the first failure, then two,
        /// four and so on up to ten minutes.
        #[doc = concat!("Default: ", $default, ".")]
        #[must_use]
        pub fn retries(self, max: u16) -> Self {
            self.retry(mainspring_core::settings::Retry::times(max))
        }

        /// How long one attempt may run.
        #[doc = concat!("Default: ", $default, ".")]
        #[must_use]
        pub fn timeout(mut self, timeout: core::time::Duration) -> Self {
            let span = mainspring_core::time::Span::from(timeout);
            self.settings.timeout = Some(mainspring_core::settings::Timeout::after(span));
            self
        }

        /// How urgent a job is among those of its task.
        #[doc = concat!("Default: ", $default, ".")]
        #[must_use]
        pub fn priority(mut self, priority: mainspring_core::settings::Priority) -> Self {
            self.settings.priority = Some(priority);
            self
        }

        /// How often a job may be taken over from a lost node.
        #[doc = concat!("Default: ", $default, ".")]
        #[must_use]
        pub fn max_rescues(mut self, max: u16) -> Self {
            self.settings.max_rescues = Some(max);
            self
        }

        /// All of these settings at once.
        #[must_use]
        pub fn settings(mut self, settings: mainspring_core::settings::Settings) -> Self {
            self.settings = settings;
            self
        }

        /// What a node must [offer](crate::Builder::tags) to run a job: a region, a device, a
        /// licence. All of them, and not those of the next level beside them.
        #[doc = concat!("Default: ", $default, ".")]
        #[must_use]
        pub fn tags<'t>(mut self, tags: impl IntoIterator<Item = &'t str>) -> Self {
            self.tags = mainspring_contract::Tags::new(tags).map(Some);
            self
        }
    };
}

pub(crate) use setters;
