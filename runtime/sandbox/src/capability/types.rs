//! `types`: conversion between the contract's values and ours.

use crate::contribution::{Alternative, Detection, Requirement};
use crate::failure::{Fault, GuestError};
use crate::generated::wattle::buildpack::types;
use crate::state::State;

impl types::Host for State {}

impl From<types::Error> for GuestError {
    fn from(error: types::Error) -> GuestError {
        let fault = match error.fault {
            types::Fault::User => Fault::User,
            types::Fault::Buildpack => Fault::Buildpack,
            types::Fault::Platform => Fault::Platform,
        };
        GuestError { code: error.code, fault, summary: error.summary, detail: error.detail, hints: error.hints }
    }
}

impl From<GuestError> for types::Error {
    fn from(error: GuestError) -> types::Error {
        let fault = match error.fault {
            Fault::User => types::Fault::User,
            Fault::Buildpack => types::Fault::Buildpack,
            Fault::Platform => types::Fault::Platform,
        };
        types::Error { code: error.code, fault, summary: error.summary, detail: error.detail, hints: error.hints }
    }
}

impl From<types::Detection> for Detection {
    fn from(detection: types::Detection) -> Detection {
        match detection {
            types::Detection::Skip(reason) => Detection::Skip(reason),
            types::Detection::Pass(alternatives) => {
                Detection::Pass(alternatives.into_iter().map(alternative).collect())
            }
        }
    }
}

fn alternative(alternative: types::Alternative) -> Alternative {
    let requires = alternative.requires.into_iter();
    Alternative {
        provides: alternative.provides,
        requires: requires.map(|need| Requirement { name: need.name, metadata: need.metadata }).collect(),
    }
}
