//! What an image says of itself that is not right.

use super::model::InspectedProblem;
use std::error::Error;
use wattle_oci::cnb::LabelError;

/// Most that are told.
const MAX_PROBLEMS: usize = 50;

/// Problems that were met so far.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<InspectedProblem>);

impl Problems {
    /// Notes that something about this is not right.
    pub(super) fn add(&mut self, about: &str, reason: impl Into<String>) {
        if self.0.len() < MAX_PROBLEMS {
            self.0.push(InspectedProblem { about: about.to_owned(), reason: reason.into() });
        }
    }

    /// What a label says that is not needed to go on; nothing if it cannot be read, which is noted.
    pub(super) fn unless<T: Default>(&mut self, read: Result<T, LabelError>) -> T {
        read.unwrap_or_else(|error| {
            self.add(error.key, format!("it cannot be read: {}", error.source));
            T::default()
        })
    }

    /// Notes an error with all of its causes.
    pub(super) fn caused(&mut self, about: &str, error: &dyn Error) {
        let mut told = vec![error.to_string()];
        let mut cause = error.source();
        while let Some(error) = cause {
            told.push(error.to_string());
            cause = error.source();
        }
        self.add(about, told.join(": "));
    }
}

impl From<Problems> for Vec<InspectedProblem> {
    fn from(problems: Problems) -> Vec<InspectedProblem> {
        problems.0
    }
}
